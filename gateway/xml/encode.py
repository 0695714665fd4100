"""A resource as FHIR XML: elements in the order of the definitions, values to the letter (xml.html)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest
from typing import Any

import msgspec

from gateway.xml.names import FHIR, NAME, escaped
from gateway.xml.narrative import embedded
from gateway.xml.shapes import UNKNOWN, Kind, Shape, Slot, resource_shape, shape_of

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
NOWHERE = 1_000_000
"""The position of what the definitions do not know: behind everything else."""

# Numbers go from text to text, so that 1.00 and 1E5 stay what they are.
_decoder = msgspec.json.Decoder(float_hook=str)


def xml_from_json(body: bytes, *, pretty: bool = False) -> bytes:
    """The bytes of a resource in JSON as the bytes of the same resource in XML."""
    writer = _Writer(pretty)
    writer.resource(_decoder.decode(body), 0, f' xmlns="{FHIR}"')
    return (DECLARATION + "".join(writer.parts)).encode()


class _Writer:
    """Collects the document."""

    def __init__(self, pretty: bool) -> None:
        self.parts: list[str] = []
        self.pretty = pretty

    def resource(self, resource: Any, depth: int, namespace: str = "") -> None:
        if isinstance(resource, dict) and NAME.fullmatch(name := str(resource.get("resourceType"))):
            rest = {key: value for key, value in resource.items() if key != "resourceType"}
            self.complex(name, rest, resource_shape(name), depth, namespace)

    def complex(self, name: str, value: Any, shape: Shape, depth: int, namespace: str = "") -> None:
        if not isinstance(value, dict):
            return
        own = {key: value[key] for key in shape.attributes if isinstance(value.get(key), str)}
        members = ordered({key: part for key, part in value.items() if key not in own}, shape)
        self.line(depth, f"<{name}{namespace}{attributes(own)}{'>' if members else '/>'}")
        for key in members:
            slot = shape.slots.get(key) or guessed(value.get(key))
            for item, twin in pairs(value.get(key), value.get(f"_{key}")):
                self.element(key, item, twin, slot, depth + 1)
        if members:
            self.line(depth, f"</{name}>")

    def element(self, name: str, value: Any, twin: Any, slot: Slot, depth: int) -> None:
        if slot.kind is Kind.COMPLEX:
            self.complex(name, value, shape_of(slot.type) if slot.type else UNKNOWN, depth)
        elif slot.kind is Kind.RESOURCE:
            self.line(depth, f"<{name}>")
            self.resource(value, depth + 1)
            self.line(depth, f"</{name}>")
        elif slot.kind is Kind.XHTML and isinstance(value, str):
            self.line(depth, embedded(value))
        else:
            self.primitive(name, value, twin, depth)

    def primitive(self, name: str, value: Any, twin: Any, depth: int) -> None:
        beside: Mapping[str, Any] = twin if isinstance(twin, dict) else {}
        own = {"id": beside["id"]} if isinstance(beside.get("id"), str) else {}
        if value is not None:
            own["value"] = written(value)
        extensions = [extension for extension, _ in pairs(beside.get("extension"), None)]
        self.line(depth, f"<{name}{attributes(own)}{'>' if extensions else '/>'}")
        for extension in extensions:
            self.complex("extension", extension, shape_of("Extension"), depth + 1)
        if extensions:
            self.line(depth, f"</{name}>")

    def line(self, depth: int, text: str) -> None:
        if self.pretty:
            self.parts.append("\n" + "  " * depth)
        self.parts.append(text)


def ordered(value: Mapping[str, Any], shape: Shape) -> list[str]:
    """The names of the elements that are there, alone or with an underscore, in the order of the definitions."""
    names = {key.removeprefix("_"): None for key in value}
    written = [name for name in names if NAME.fullmatch(name)]
    return sorted(written, key=lambda name: shape.slots[name].position if name in shape.slots else NOWHERE)


def pairs(value: Any, twin: Any) -> list[tuple[Any, Any]]:
    """The repetitions of an element, each with what stands beside it."""
    if isinstance(value, list) or isinstance(twin, list):
        return list(zip_longest(listed(value), listed(twin)))
    return [] if value is None and twin is None else [(value, twin)]


def listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def guessed(value: Any) -> Slot:
    """What the definitions do not know is written by its looks."""
    first = value[0] if isinstance(value, list) and value else value
    kind = Kind.COMPLEX if isinstance(first, dict) else Kind.PRIMITIVE
    return Slot(kind, "", isinstance(value, list), NOWHERE)


def attributes(values: Mapping[str, str]) -> str:
    return "".join(f' {name}="{escaped(value)}"' for name, value in values.items())


def written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)
