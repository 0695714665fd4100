"""What counts as the same in a document: how values may be spelled, and what tells the elements of a list apart."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.translation import path
from gateway.translation.news import Spelling, as_written

ELEMENT = "[]"
Place = tuple[str, ...]
"""Names from the root down, `[]` for an element of a list: which one, a place does not tell."""
FHIR_KEYS: Mapping[str, tuple[str, ...]] = {
    "telecom": ("system", "use", "rank"),
    "address": ("use",),
    "name": ("use",),
    "identifier": ("system",),
    "extension": ("url",),
    "coding": ("system",),
}
"""What an element keeps when its content changes."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How the documents of one kind are compared."""

    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """A list's dotted path, or its name alone wherever it stands → the members that tell its elements apart."""
    spelling: Spelling = as_written

    def spelt(self, place: Place, value: Any) -> Any:
        """The value as it counts: spelled one way, without what is empty."""
        if isinstance(value, list):
            return [self.spelt(place, item) for item in value]
        if not isinstance(value, dict):
            return None if value in path.EMPTY else value
        said = self.spelling(element(place), value)
        if not isinstance(said, dict):
            return said
        members = {name: self.spelt((*place, name), inner) for name, inner in said.items()}
        return {name: inner for name, inner in members.items() if inner not in path.EMPTY}

    def same(self, place: Place, one: Any, other: Any) -> bool:
        mine, theirs = self.spelt(place, one), self.spelt(place, other)
        return bool(mine == theirs) or (mine in path.EMPTY and theirs in path.EMPTY)

    def key(self, place: Place, item: Any) -> Hashable:
        """None where nothing tells the element from others."""
        names = self.keys.get(".".join(part for part in place if part != ELEMENT)) or self.keys.get(element(place))
        if not names or not isinstance(item, dict):
            return None
        said = self.spelling(element(place), item)
        values = tuple(said.get(name) for name in names)
        is_telling = all(isinstance(value, Hashable) for value in values) and any(v is not None for v in values)
        return values if is_telling else None


def stripped(document: Any) -> Any:
    """Without what says nothing, however deep; nulls in lists hold the places of others (R4, 2.6.2)."""
    if isinstance(document, dict):
        kept = {name: stripped(value) for name, value in document.items()}
        return {name: value for name, value in kept.items() if value not in path.EMPTY}
    if isinstance(document, list):
        return [item for item in map(stripped, document) if item is None or item not in path.EMPTY]
    return document


def element(place: Place) -> str:
    """The name of what stands there."""
    return next((part for part in reversed(place) if part != ELEMENT), "")


AS_WRITTEN = Likeness()
FHIR = Likeness(FHIR_KEYS)
