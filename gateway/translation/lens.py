"""A ResourceMap: the field table of one FHIR type in one vendor's document, and the lens that it makes.

Theory. The vendor's record is the source, the FHIR resource the view (Foster, Pierce et al., "Combinators for
bidirectional tree transformations"). `to_fhir` is get, `to_vendor(resource, onto=record)` is put:

    GetPut   to_vendor(to_fhir(r), onto=r) == r              what was not changed is not touched
    PutGet   to_fhir(to_vendor(v, onto=r)) == v              for every v that the table can carry
    PutPut   to_vendor(w, onto=to_vendor(v, onto=r)) == to_vendor(w, onto=r)

(records are compared up to empty values, PutPut also up to hidden fields of list items that the first put deleted)

`absorb` goes the other way over the same rows: it brings a record's news into a resource that other systems wrote to
as well, and leaves a richer local value alone while that still encodes to what the vendor says (a divorced patient
stays divorced after Ritten said "Unmarried"). With `base`, the record as last seen, only what the vendor has changed
since is news.

Everything is accounted for: `left_out` of a result names each FHIR element that a push cannot carry and each vendor
value that could not be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic, TypeVar

from gateway.translation import path, table
from gateway.translation.each import BoundEach
from gateway.translation.field import BoundField
from gateway.translation.likeness import Likeness
from gateway.translation.path import Concrete
from gateway.translation.row import Bindings, Problem, Record, Resource, Row, Unbound, Way
from gateway.translation.table import Telling
from gateway.translation.unmapped import Unmapped

T = TypeVar("T")


class Interaction(Enum):
    """What a translator can do with a type in its EMR."""

    READ = "read"
    SEARCH = "search-type"
    CREATE = "create"
    UPDATE = "update"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A fact that did not travel, where it stands, and why. Holds no value."""

    expression: str
    reason: str
    notable: bool = False
    """Somebody can mend it: the connection's log names it too, and the Task names it first."""
    unmapped: tuple[Unmapped, ...] = ()
    """It would travel if one of these words were mapped."""


@dataclass(frozen=True, slots=True)
class Carried(Generic[T]):
    """A translation, and what it had to leave out."""

    value: T
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True)
class ResourceMap:
    """The table of one FHIR type. `interactions` is the declaration that routing and CapabilityStatements use."""

    type: str
    interactions: frozenset[Interaction]
    rows: tuple[Unbound, ...]
    constants: Mapping[str, Any] = field(default_factory=dict)
    """FHIR paths that every resource of this table has, whatever the record says."""
    search: Mapping[str, str] = field(default_factory=dict)
    """FHIR search parameter → the vendor's query parameter."""
    silent: Mapping[str, str] = field(default_factory=dict)
    """FHIR paths that a push need not carry → the reason; they are not reported. A bare list is all of its elements."""

    def bound(self, bindings: Bindings) -> Lens:
        return Lens(self, tuple(row.bound(bindings) for row in self.rows))

    def ways(self) -> Way:
        way = Way(0)
        for row in self.rows:
            way |= row.way
        return way


STRUCTURAL = frozenset({"resourceType", "id", "meta", "text"})
"""Elements that carry no fact of their own to an EMR."""


@dataclass(frozen=True, slots=True)
class Lens:
    """A ResourceMap bound to one connection."""

    map: ResourceMap
    rows: tuple[Row, ...]
    tellings: tuple[Telling, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tellings", table.tellings(self.rows))

    @property
    def type(self) -> str:
        return self.map.type

    @property
    def likeness(self) -> Likeness:
        return Likeness({row.name: row.key for row in self.rows if isinstance(row, BoundEach) and row.key})

    def to_fhir(self, record: Record) -> Carried[Resource]:
        """A fresh resource of all that the record says, without id."""
        resource: Resource = {"resourceType": self.type}
        problems = table.read(self.rows, record, resource)
        self._fix_constants(resource)
        return Carried(resource, _left_out(problems))

    def absorb(self, record: Record, onto: Resource, base: Record | None = None) -> Carried[Resource]:
        """`onto` with the record's news: what differs from `base`, where `onto` does not already say it."""
        resource: Resource = path.copied(onto)
        problems = table.absorb(self.rows, record, base, resource)
        self._fix_constants(resource)
        return Carried(resource, _left_out(problems))

    def to_vendor(self, resource: Resource, onto: Record | None = None) -> Carried[Record]:
        """PUT: `onto` with every writable fact as the resource has it; what the resource lacks is cleared."""
        return self._written(resource, onto or {}, clear=True)

    def merge(self, resource: Resource, onto: Record | None = None) -> Carried[Record]:
        """PATCH: `onto` with the facts that the resource has; what it lacks is kept."""
        return self._written(resource, onto or {}, clear=False)

    def told(self, resource: Resource) -> Record:
        """As `to_vendor` into nothing, without accounting and so several times faster; with the vendor's own facts."""
        return table.told(self.tellings, resource)

    def mirrored(self, resource: Resource, onto: Record) -> Record:
        """As `to_vendor`, and with what no push carries: facts that only the EMR writes, values it has no word for."""
        record, seen = self.to_vendor(resource, onto).value, self.to_fhir(onto).value
        for row in self.rows:
            if isinstance(row, BoundField) and Way.READ in row.way and not row.owned:
                if path.get(resource, row.fhir) == path.get(seen, row.fhir):
                    row.copy(onto, record)  # silence that a constant of the table speaks for stays silence
                else:
                    row.mirror(resource, record)
        return record

    def unmapped(self, resource: Resource) -> tuple[LeftOut, ...]:
        """The elements of the resource that no writable row carries, each named at its highest wholly lost node."""
        return self._lost(resource, self.rows)

    def _lost(self, resource: Resource, rows: Iterable[Row]) -> tuple[LeftOut, ...]:
        carried = table.carried(tuple(rows), resource)
        facts = [leaf for leaf, _ in path.leaves(resource) if leaf[0] not in STRUCTURAL]
        lost = [leaf for leaf in facts if leaf not in carried and not self._may_stay(leaf, resource)]
        kept = {leaf[:depth] for leaf in {*facts}.difference(lost) for depth in range(len(leaf) + 1)}
        highest = dict.fromkeys(_whole_extension(_highest(leaf, kept)) for leaf in lost)
        refused = [place for row in self.rows if (place := _refused(row, resource)) is not None]
        return tuple(LeftOut(path.expression(place, self.type), _why(place, kept, refused)) for place in highest)

    def vendor_paths(self) -> tuple[str, ...]:
        return tuple(name for row in self.rows for name in row.vendor_paths())

    def _written(self, resource: Resource, onto: Record, *, clear: bool) -> Carried[Record]:
        record: Record = path.copied(onto)
        homeless = table.write(self.rows, resource, record, clear=clear)
        return Carried(record, self._lost(resource, (row for row in self.rows if row not in homeless)))

    def _fix_constants(self, resource: Resource) -> None:
        for place, value in self.map.constants.items():
            steps = path.parse(place)
            if path.get(resource, steps) is None:
                path.place(resource, steps, path.copied(value))

    def _may_stay(self, leaf: Concrete, resource: Resource) -> bool:
        return self._is_silent(leaf, resource) or self._is_constant(leaf, resource)

    def _is_silent(self, leaf: Concrete, resource: Resource) -> bool:
        return any(path.covers(resource, path.parse(place), leaf) for place in self.map.silent)

    def _is_constant(self, leaf: Concrete, resource: Resource) -> bool:
        for place, value in self.map.constants.items():
            concrete = path.locate(resource, path.parse(place))
            if concrete is not None and leaf[: len(concrete)] == concrete:
                return bool(path.at(resource, concrete) == value)
        return False


def _left_out(problems: Iterable[Problem]) -> tuple[LeftOut, ...]:
    return tuple(LeftOut(problem.path, f"not taken from the EMR: {problem.reason}") for problem in problems)


def _whole_extension(place: Concrete) -> Concrete:
    """A fact inside an extension is named as that extension: its url and value mean nothing by themselves."""
    within = [depth for depth, part in enumerate(place) if part == "extension" and depth + 1 < len(place)]
    return place[: within[-1] + 2] if within else place


def _refused(row: Row, resource: Resource) -> Concrete | None:
    """Where a value stands that the row is for, but that its vocabulary or format does not take."""
    if not isinstance(row, BoundField) or Way.WRITE not in row.way or path.get(resource, row.fhir) is None:
        return None
    return None if row.carried(resource) else path.locate(resource, row.fhir)


def _why(place: Concrete, kept: set[Concrete], refused: Iterable[Concrete]) -> str:
    if any(place == other[: len(place)] or other == place[: len(other)] for other in refused):
        return "the EMR does not take this value"
    return "the EMR carries it in part" if place in kept else "no field of the EMR carries it"


def _highest(leaf: Concrete, kept: set[Concrete]) -> Concrete:
    """The shortest prefix of a lost leaf under which nothing was carried."""
    return next((leaf[:depth] for depth in range(1, len(leaf) + 1) if leaf[:depth] not in kept), leaf)
