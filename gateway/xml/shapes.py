"""What the XML form of a type needs to know about its elements: their order, whether they repeat, what they hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cache

from gateway.definitions.tables import ElementType, Tables


class Kind(Enum):
    """What an element holds."""

    PRIMITIVE = auto()
    XHTML = auto()
    RESOURCE = auto()
    COMPLEX = auto()


@dataclass(frozen=True, slots=True)
class Slot:
    """One JSON key of a type; a choice element has one per type."""

    kind: Kind
    type: str
    many: bool
    position: int


@dataclass(frozen=True, slots=True)
class Shape:
    """One type, or the content of one path (`Patient.contact`)."""

    slots: Mapping[str, Slot] = field(default_factory=dict)
    attributes: tuple[str, ...] = ("id",)
    """The elements that XML writes as attributes."""
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The keys that each choice element can have: `value` → `valueString`, `valueQuantity`, …"""


UNKNOWN = Shape()
IN_RESOURCE: tuple[str, ...] = ()


@cache
def tables() -> Tables:
    return Tables()


def is_resource_type(name: str) -> bool:
    return name in tables().resource_types


@cache
def shape_of(name: str) -> Shape:
    """The shape of a type or path of the definitions; `name` never comes from a client unchecked."""
    slots: dict[str, Slot] = {}
    choices: dict[str, tuple[str, ...]] = {}
    for element in tables().elements(name):
        keys = list(element.names())
        for key, type in keys:
            slots[key] = Slot(kind_of(type), type.code, element.many, len(slots))
        if element.is_choice:
            choices[element.name] = tuple(key for key, _ in keys)
    return Shape(slots, _attributes(name), choices)


def resource_shape(name: str) -> Shape:
    """UNKNOWN but for its attributes where there is no such resource type."""
    return shape_of(name) if is_resource_type(name) else Shape(attributes=IN_RESOURCE)


def kind_of(type: ElementType) -> Kind:
    if type.code == "xhtml":
        return Kind.XHTML
    if type.code in tables().primitives:
        return Kind.PRIMITIVE
    return Kind.RESOURCE if type.code == "Resource" else Kind.COMPLEX


def _attributes(name: str) -> tuple[str, ...]:
    if is_resource_type(name):
        return IN_RESOURCE
    return ("id", "url") if name == "Extension" else ("id",)
