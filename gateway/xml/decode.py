"""FHIR XML to the same resource as JSON says it (xml.html, json.html).

What the definitions do not know is kept under its own name, so that validation can tell where it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from gateway.digits import decimal
from gateway.faults import Malformed
from gateway.xml.names import NAME
from gateway.xml.parser import Node, parse
from gateway.xml.shapes import UNKNOWN, Kind, Shape, Slot, resource_shape, shape_of

Object = dict[str, Any]
Found = tuple[Any, Object | None]
"""A value, and what JSON writes beside a primitive."""

INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,399})", re.ASCII)
DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,6})?", re.ASCII)
INTEGERS = frozenset({"integer", "positiveInt", "unsignedInt"})
BOOLEANS = {"true": True, "false": False}


def resource_from_xml(document: bytes) -> Object:
    """Raises Malformed."""
    return resource(parse(document), "")


def resource(node: Node, place: str) -> Object:
    if node.xhtml is not None or not NAME.fullmatch(node.name):
        raise Malformed("The element here is named after no resource type", place or "resourceType")
    return {"resourceType": node.name, **content(node, resource_shape(node.name), place or node.name)}


def content(node: Node, shape: Shape, place: str) -> Object:
    check_attributes(node, shape.attributes, place)
    found: Object = dict(node.attributes)
    several: dict[str, list[Found]] = {}
    for child in node.children:
        several.setdefault(child.name, []).append(element(child, shape.slots.get(child.name), f"{place}.{child.name}"))
    for name, items in several.items():
        found.update(members(name, items, shape.slots.get(name)))
    return found


def members(name: str, items: list[Found], slot: Slot | None) -> Iterator[tuple[str, Any]]:
    """The key of an element, and its twin with an underscore (json.html#primitive)."""
    values, twins = [value for value, _ in items], [twin for _, twin in items]
    many = len(items) > 1 or (slot is not None and slot.many)
    if any(value is not None for value in values):
        yield name, values if many else values[0]
    if any(twin is not None for twin in twins):
        yield f"_{name}", twins if many else twins[0]


def element(node: Node, slot: Slot | None, place: str) -> Found:
    if node.xhtml is not None:
        return node.xhtml, None
    if slot is None:
        return primitive(node, "string", place) if "value" in node.attributes else (content(node, UNKNOWN, place), None)
    if slot.kind is Kind.RESOURCE:
        return within(node, place), None
    if slot.kind is Kind.COMPLEX:
        return content(node, shape_of(slot.type), place), None
    return primitive(node, slot.type, place)


def within(node: Node, place: str) -> Object:
    """A resource inside another one has an element around it."""
    check_attributes(node, (), place)
    if len(node.children) != 1:
        raise Malformed("Write one resource in this element", place)
    return resource(node.children[0], place)


def primitive(node: Node, type: str, place: str) -> Found:
    check_attributes(node, ("id", "value"), place)
    if any(child.name != "extension" for child in node.children):
        raise Malformed("A value has no other elements than extensions", place)
    value = node.attributes.get("value")
    beside: Object = {"id": node.attributes["id"]} if "id" in node.attributes else {}
    if node.children:
        extension = shape_of("Extension")
        beside["extension"] = [content(child, extension, f"{place}.extension") for child in node.children]
    twin = beside if beside or value is None else None
    return None if value is None else typed(value, type), twin


def typed(text: str, type: str) -> Any:
    """As JSON would have it; text that is no value of the type stays text, which validation refuses at its place."""
    if type == "boolean":
        return BOOLEANS.get(text, text)
    if type in INTEGERS and INTEGER.fullmatch(text):
        return int(text)
    if type == "decimal" and DECIMAL.fullmatch(text):
        return int(text) if INTEGER.fullmatch(text) else decimal(text)
    return text


def check_attributes(node: Node, allowed: tuple[str, ...], place: str) -> None:
    if not node.attributes.keys() <= set(allowed):
        named = f"; it has {' and '.join(allowed)} only" if allowed else ""
        raise Malformed(f"Remove the attributes that this element does not have{named}", place)
