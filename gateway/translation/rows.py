"""The rows of a field table. Each row is one fact in both directions; see lens.py for what a table of rows does.

Every kind of row can read its fact out of a vendor record into a resource and back. `into_vendor` with `clear` drops
the vendor's value when the resource has none (PUT); without it the value stays (PATCH). A vendor value that already
decodes to what the resource says is left as it is, so a lossy table never rewrites it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from enum import Flag, auto
from typing import Any, Protocol

from gateway.translation import path
from gateway.translation.codec import TEXT, Codec, Unreadable
from gateway.translation.path import Concrete, Step

Record = dict[str, Any]
Resource = dict[str, Any]


class Way(Flag):
    """READ: vendor → FHIR; WRITE: FHIR → vendor."""

    READ = auto()
    WRITE = auto()
    BOTH = READ | WRITE


@dataclass(frozen=True, slots=True)
class Bindings:
    """What a connection puts into a map: its identifier systems (`$id`, `$mr`) and its mapping tables."""

    constants: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """`payer`, `program`, `location`, `custom-field`: from the CRM's word to the EMR's."""


class Row(Protocol):
    """One fact, both directions, already bound to a connection."""

    @property
    def way(self) -> Way: ...

    @property
    def owned(self) -> bool:
        """The EMR assigns this fact (its own identifiers): a push that does not carry it loses nothing."""

    def vendor_paths(self) -> tuple[str, ...]:
        """The vendor leaves that this row accounts for."""

    def vendor_value(self, record: Record) -> Any:
        """What the record says of this fact, comparable; None when nothing."""

    def into_fhir(self, record: Record, resource: Resource) -> None:
        """Make the resource say what the record says, also when that is nothing. Raises Unreadable."""

    def into_vendor(self, resource: Resource, record: Record, *, clear: bool) -> None:
        """Make the record say what the resource says. Raises Unreadable."""

    def carried(self, resource: Resource) -> set[Concrete]:
        """The leaves of the resource that survive the way to the vendor and back."""


class Unbound(Protocol):
    """A row as tables declare it."""

    @property
    def way(self) -> Way: ...

    def bound(self, bindings: Bindings) -> Row: ...


@dataclass(frozen=True, slots=True)
class Field:
    """One vendor path and one FHIR path. `having` are constants set beside the value, in the element that holds it."""

    vendor: str
    fhir: str
    codec: Codec | Callable[[Bindings], Codec] = TEXT
    way: Way = Way.BOTH
    having: Mapping[str, Any] = field(default_factory=dict)

    def bound(self, bindings: Bindings) -> Row:
        codec = self.codec if isinstance(self.codec, Codec) else self.codec(bindings)
        steps = path.bind(path.parse(self.fhir), bindings.constants)
        owned = "$" in self.fhir and Way.WRITE not in self.way
        return BoundField(self.vendor, path.parse(self.vendor), steps, codec, self.way, self.having, owned)


@dataclass(frozen=True, slots=True)
class BoundField:
    """A Field with its paths parsed and the connection's constants in place."""

    name: str
    vendor: tuple[Step, ...]
    fhir: tuple[Step, ...]
    codec: Codec
    way: Way
    having: Mapping[str, Any]
    owned: bool

    def vendor_paths(self) -> tuple[str, ...]:
        return (self.name,)

    def vendor_value(self, record: Record) -> Any:
        return path.get(record, self.vendor)

    def into_fhir(self, record: Record, resource: Resource) -> None:
        value = self.vendor_value(record)
        if value is None:
            path.remove(resource, self.fhir, self.having)
            return
        element = path.place(resource, self.fhir, self.codec.decode(value))
        for key, constant in self.having.items():
            path.plant(element, tuple(key.split(".")), constant)

    def into_vendor(self, resource: Resource, record: Record, *, clear: bool) -> None:
        value, current = path.get(resource, self.fhir), self.vendor_value(record)
        if value is None:
            if clear and current is not None:
                path.remove(record, self.vendor)
        elif not self._says(current, value):
            path.place(record, self.vendor, self.codec.encode(value))

    def _says(self, current: Any, value: Any) -> bool:
        if current is None:
            return False
        try:
            return bool(self.codec.decode(current) == value)
        except Unreadable:
            return False

    def carried(self, resource: Resource) -> set[Concrete]:
        concrete = path.locate(resource, self.fhir)
        value = path.get(resource, self.fhir)
        if concrete is None or value is None:
            return set()
        try:
            returned = self.codec.decode(self.codec.encode(value))
        except Unreadable:
            return set()
        start = self.fhir[-1].selector.start if isinstance(self.fhir[-1].selector, slice) else 0
        same = dict(path.leaves(returned))
        leaves = {(*concrete, *_shifted(below, start)) for below, leaf in path.leaves(value) if same.get(below) == leaf}
        return leaves | _constants(resource, concrete, self.fhir, self.having) if leaves else set()


def _shifted(below: Concrete, start: int) -> Concrete:
    return (below[0] + start, *below[1:]) if start and isinstance(below[0], int) else below


def _constants(
    resource: Resource, concrete: Concrete, steps: tuple[Step, ...], having: Mapping[str, Any]
) -> set[Concrete]:
    """The selector constants (`use: official`) on the way to a carried value count as carried."""
    carried, depth = set(), 0
    for step in steps:
        depth += 1 if step.selector is None or isinstance(step.selector, slice) else 2
        if not isinstance(step.selector, path.Match):
            continue
        element = path.at(resource, concrete[:depth])
        known = [(key, values) for key, values in step.selector.alternatives]
        known += [(tuple(key.split(".")), (value,)) for key, value in having.items()]
        for below, leaf in path.leaves(element):
            names = tuple(part for part in below if isinstance(part, str))
            if any(names == key and leaf in values for key, values in known):
                carried.add((*concrete[:depth], *below))
    return carried


@dataclass(frozen=True, slots=True)
class Each:
    """A vendor list and a FHIR list, element by element in order; the fields' paths start at the element."""

    vendor: str
    fhir: str
    fields: tuple[Field, ...]
    way: Way = Way.BOTH
    constants: Mapping[str, Any] = field(default_factory=dict)
    """Set in every FHIR element; only elements that hold them belong to this list."""

    def bound(self, bindings: Bindings) -> Row:
        rows = tuple(f.bound(bindings) for f in self.fields)
        fhir = path.bind(path.parse(self.fhir), bindings.constants)
        return BoundEach(self.vendor, path.parse(self.vendor), fhir, rows, self.way, self.constants)


@dataclass(frozen=True, slots=True)
class BoundEach:
    """An Each with its rows bound."""

    name: str
    vendor: tuple[Step, ...]
    fhir: tuple[Step, ...]
    rows: tuple[Row, ...]
    way: Way
    constants: Mapping[str, Any]
    owned: bool = False

    def vendor_paths(self) -> tuple[str, ...]:
        return tuple(f"{self.name}[].{name}" for row in self.rows for name in row.vendor_paths())

    def vendor_value(self, record: Record) -> Any:
        items = path.get(record, self.vendor)
        if not isinstance(items, list):
            return None
        said = [[row.vendor_value(item) for row in self.rows] for item in items]
        return said if any(value is not None for item in said for value in item) else None

    def _mine(self, resource: Resource) -> list[tuple[int, Resource]]:
        items = path.get(resource, self.fhir) or []
        keys = [(tuple(key.split(".")), value) for key, value in self.constants.items()]
        return [(i, item) for i, item in enumerate(items) if all(path.holds(item, key, v) for key, v in keys)]

    def into_fhir(self, record: Record, resource: Resource) -> None:
        old = [item for _, item in self._mine(resource)]
        made = []
        for index, item in enumerate(path.get(record, self.vendor) or []):
            element = deepcopy(old[index]) if index < len(old) else {}
            for row in self.rows:
                row.into_fhir(item, element)
            for key, value in self.constants.items():
                path.plant(element, tuple(key.split(".")), value)
            made.append(element)
        mine = {index for index, _ in self._mine(resource)}
        others = [item for i, item in enumerate(path.get(resource, self.fhir) or []) if i not in mine]
        path.remove(resource, self.fhir)
        if made or others:
            path.place(resource, self.fhir, others + made)

    def into_vendor(self, resource: Resource, record: Record, *, clear: bool) -> None:
        elements = [item for _, item in self._mine(resource)]
        if not elements and not clear:
            return
        old = path.get(record, self.vendor) or []
        made = []
        for index, element in enumerate(elements):
            item = deepcopy(old[index]) if index < len(old) else {}
            for row in self.rows:
                row.into_vendor(element, item, clear=clear)
            made.append(item)
        if made:
            path.place(record, self.vendor, made)
        elif old:
            path.remove(record, self.vendor)

    def carried(self, resource: Resource) -> set[Concrete]:
        concrete = path.locate(resource, self.fhir)
        if concrete is None:
            return set()
        found: set[Concrete] = set()
        for index, item in self._mine(resource):
            here = {(*concrete, index, *below) for row in self.rows for below in row.carried(item)}
            fixed = {
                (*concrete, index, *below)
                for below, leaf in path.leaves(item)
                if any(
                    tuple(p for p in below if isinstance(p, str)) == tuple(key.split(".")) and leaf == value
                    for key, value in self.constants.items()
                )
            }
            found |= here | fixed if here else set()
        return found


@dataclass(frozen=True, slots=True)
class Pair:
    """The escape hatch: one function pair for what rows cannot say, such as one vendor string for several elements.

    `decode(record, resource, bindings)` makes the resource say what the record's `vendor` paths say, `encode` is the
    way back; `fhir` lists the paths that belong to the pair. Both raise Unreadable. The laws hold as for every row.
    """

    vendor: tuple[str, ...]
    fhir: tuple[str, ...]
    decode: Callable[[Record, Resource, Bindings], None]
    encode: Callable[[Resource, Record, Bindings], None]
    way: Way = Way.BOTH

    def bound(self, bindings: Bindings) -> Row:
        fhir = tuple(path.bind(path.parse(p), bindings.constants) for p in self.fhir)
        return BoundPair(self, tuple(path.parse(p) for p in self.vendor), fhir, bindings, self.way)


@dataclass(frozen=True, slots=True)
class BoundPair:
    """A Pair with its paths parsed."""

    pair: Pair
    vendor: tuple[tuple[Step, ...], ...]
    fhir: tuple[tuple[Step, ...], ...]
    bindings: Bindings
    way: Way
    owned: bool = False

    def vendor_paths(self) -> tuple[str, ...]:
        return self.pair.vendor

    def vendor_value(self, record: Record) -> Any:
        values = [path.get(record, steps) for steps in self.vendor]
        return values if any(value is not None for value in values) else None

    def into_fhir(self, record: Record, resource: Resource) -> None:
        scratch: Resource = {}
        self.pair.decode(record, scratch, self.bindings)
        for steps in self.fhir:
            path.remove(resource, steps)
            value = path.get(scratch, steps)
            if value is not None:
                path.place(resource, steps, value)

    def into_vendor(self, resource: Resource, record: Record, *, clear: bool) -> None:
        if self._said(record) == self._mine(resource):
            return
        scratch: Record = {}
        self.pair.encode(resource, scratch, self.bindings)
        for steps in self.vendor:
            value = path.get(scratch, steps)
            if value is not None:
                path.place(record, steps, value)
            elif clear and path.get(record, steps) is not None:
                path.remove(record, steps)

    def _mine(self, resource: Resource) -> list[Any]:
        return [path.get(resource, steps) for steps in self.fhir]

    def _said(self, record: Record) -> list[Any] | None:
        scratch: Resource = {}
        try:
            self.pair.decode(record, scratch, self.bindings)
        except Unreadable:
            return None
        return self._mine(scratch)

    def carried(self, resource: Resource) -> set[Concrete]:
        record: Record = {}
        back: Resource = {}
        try:
            self.pair.encode(resource, record, self.bindings)
            self.pair.decode(record, back, self.bindings)
        except Unreadable:
            return set()
        found: set[Concrete] = set()
        for steps in self.fhir:
            here, there = path.locate(resource, steps), path.get(back, steps)
            if here is not None and there is not None:
                same = dict(path.leaves(there))
                value = path.get(resource, steps)
                found |= {(*here, *below) for below, leaf in path.leaves(value) if same.get(below) == leaf}
        return found
