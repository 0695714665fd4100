"""A list of plain values of Ritten's (telephone numbers, e-mail addresses, genders) against elements of a FHIR list.

It is an `Each` whose items are seen as `{"value": ...}`; a value that cannot be said keeps no other one back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.translation import path
from gateway.translation.codec import TEXT, Codec
from gateway.translation.path import Concrete, Step
from gateway.translation.row import Bindings, Problem, Record, Resource, Row, Way
from gateway.translation.rows import Each, Field


@dataclass(frozen=True, slots=True)
class Plain:
    """The row as a table declares it: each value ↔ `value` in a FHIR element that holds the constants."""

    vendor: str
    fhir: str
    value: str = "value"
    codec: Codec = TEXT
    constants: Mapping[str, Any] = field(default_factory=dict)
    way: Way = Way.BOTH

    def bound(self, bindings: Bindings) -> Row:
        each = Each("items", self.fhir, (Field("value", self.value, self.codec),), self.way, self.constants)
        return BoundPlain(self.vendor, path.parse(self.vendor), each.bound(bindings), self.way)


@dataclass(frozen=True, slots=True)
class BoundPlain:
    """A Plain bound to a connection."""

    name: str
    vendor: tuple[Step, ...]
    each: Row
    way: Way
    owned: bool = False

    def vendor_paths(self) -> tuple[str, ...]:
        return (f"{self.name}[]",)

    def vendor_value(self, record: Record) -> Any:
        return self.each.vendor_value(self._items(record))

    def into_fhir(self, record: Record, resource: Resource) -> Iterable[Problem]:
        if not isinstance(path.get(record, self.vendor), list | None):
            return (Problem(self.name, "expected a list"),)
        return self._named(self.each.into_fhir(self._items(record), resource))

    def absorb(self, record: Record, base: Record | None, resource: Resource) -> Iterable[Problem]:
        before = None if base is None else self._items(base)
        return self._named(self.each.absorb(self._items(record), before, resource))

    def into_vendor(self, resource: Resource, record: Record, *, clear: bool) -> None:
        items = self._items(record)
        self.each.into_vendor(resource, items, clear=clear)
        values = [item["value"] for item in items.get("items", ())]
        if values:
            path.place(record, self.vendor, values)
        elif isinstance(path.get(record, self.vendor), list):
            path.remove(record, self.vendor)

    def settle(self, resource: Resource, record: Record, seen: Resource) -> None:
        """Nothing is left: the list was written as a whole."""

    def carried(self, resource: Resource) -> set[Concrete]:
        return self.each.carried(resource)

    def _items(self, record: Record) -> Record:
        values = path.get(record, self.vendor)
        return {"items": [{"value": value} for value in values]} if isinstance(values, list) else {}

    def _named(self, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        return tuple(Problem(f"{self.name}[]", problem.reason) for problem in problems)
