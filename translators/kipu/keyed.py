"""Rows that KIPU needs beside `Field`: KIPU's keys of parties, and custom fields."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gateway.canonical import extension_url
from gateway.translation import path
from gateway.translation.codec import Unreadable
from gateway.translation.path import Concrete
from gateway.translation.row import Problem
from gateway.translation.rows import Bindings, Pair, Record, Resource, Row, Way
from translators.kipu.terms import KEY

CUSTOM_FIELD = extension_url("custom-field")


def key_of(vendor: str, fhir: str) -> Pair:
    """KIPU's key of a person or place ↔ the connection's own identifier in a Reference; foreign identifiers stay."""
    steps = path.parse(fhir)

    def decode(record: Record, resource: Resource, bindings: Bindings) -> None:
        key = record.get(vendor)
        if key not in path.EMPTY:
            path.place(resource, steps, {"system": bindings.constants["id"], "value": KEY.decode(key)})

    def encode(resource: Resource, record: Record, bindings: Bindings) -> None:
        identifier = path.get(resource, steps)
        if identifier is None:
            return
        if identifier.get("system") != bindings.constants["id"]:
            raise Unreadable("expected an identifier that this connection owns")
        record[vendor] = KEY.encode(identifier.get("value"))

    return Pair((vendor,), (fhir,), decode, encode)


@dataclass(frozen=True, slots=True)
class CustomField:
    """A KIPU field without a FHIR home: a `custom-field` extension under the CRM's name for it.

    `crosswalk mapping set … custom-field FROM TO` says which name that is; without one it is KIPU's own.
    """

    vendor: str
    way: Way = Way.BOTH

    def bound(self, bindings: Bindings) -> Row:
        table = bindings.tables.get("custom-field", {})
        name = next((name for name, target in table.items() if target == self.vendor), self.vendor)
        return BoundCustomField(self.vendor, name, self.way)


@dataclass(frozen=True, slots=True)
class BoundCustomField:
    """A CustomField under its name in one connection."""

    vendor: str
    name: str
    way: Way
    owned: bool = False

    def vendor_paths(self) -> tuple[str, ...]:
        return (self.vendor,)

    def vendor_value(self, record: Record) -> Any:
        return record.get(self.vendor) or None

    def into_fhir(self, record: Record, resource: Resource) -> Iterable[Problem]:
        said = self.vendor_value(record)
        if said is None:
            return ()
        if not isinstance(said, str):
            return (Problem(self.vendor, "expected text"),)
        self._put(resource, [self._extension(said)])
        return ()

    def absorb(self, record: Record, base: Record | None, resource: Resource) -> Iterable[Problem]:
        said = self.vendor_value(record)
        if said == (None if base is None else self.vendor_value(base)) or said == self._value(resource):
            return ()
        if said is None:
            self._put(resource, [])
        return self.into_fhir(record, resource)

    def into_vendor(self, resource: Resource, record: Record, *, clear: bool) -> None:
        value = self._value(resource)
        if value is not None:
            record[self.vendor] = value

    def settle(self, resource: Resource, record: Record, seen: Resource) -> None:
        if self._value(resource) is None and isinstance(self.vendor_value(record), str):
            del record[self.vendor]

    def carried(self, resource: Resource) -> set[Concrete]:
        index, value = self._index(resource), self._value(resource)
        if index is None or value is None:
            return set()
        same = dict(path.leaves(self._extension(value)))
        element = resource["extension"][index]
        return {("extension", index, *at) for at, leaf in path.leaves(element) if same.get(at) == leaf}

    def _put(self, resource: Resource, made: list[Resource]) -> None:
        items, index = resource.get("extension", []), self._index(resource)
        kept = [*items, *made] if index is None else [*items[:index], *made, *items[index + 1 :]]
        resource["extension"] = kept
        if not kept:
            del resource["extension"]

    def _extension(self, value: str) -> Resource:
        parts = [{"url": "name", "valueString": self.name}, {"url": "value", "valueString": value}]
        return {"url": CUSTOM_FIELD, "extension": parts}

    def _index(self, resource: Resource) -> int | None:
        for index, item in enumerate(resource.get("extension", ())):
            if item.get("url") == CUSTOM_FIELD and custom_name(item) == self.name:
                return index
        return None

    def _value(self, resource: Resource) -> Any:
        index = self._index(resource)
        parts = () if index is None else resource["extension"][index].get("extension", ())
        return next((part.get("valueString") for part in parts if part.get("url") == "value"), None)


def custom_name(extension: Resource) -> str | None:
    """The name of a `custom-field` extension."""
    return next((p.get("valueString") for p in extension.get("extension", ()) if p.get("url") == "name"), None)
