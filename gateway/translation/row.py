"""What every row of a field table can do, whatever its kind; see table.py for rows together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Flag, auto
from typing import Any, Protocol

from gateway.translation.codec import Unreadable
from gateway.translation.path import Concrete

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
    """`payer`, `program`, `location`, `custom-field`, `definition`: from the CRM's word to the EMR's."""


class Unplaceable(Unreadable):
    """The value itself is fine, but the other document has no place for it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A vendor value that could not be read: the vendor's path of it, and what was expected."""

    path: str
    reason: str


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

    def into_fhir(self, record: Record, resource: Resource) -> Iterable[Problem]:
        """Say in the resource what the record says; a record that says nothing changes nothing."""

    def absorb(self, record: Record, base: Record | None, resource: Resource) -> Iterable[Problem]:
        """The same for news only: what differs from `base`, and what the resource does not say already."""

    def into_vendor(self, resource: Resource, record: Record, *, clear: bool) -> None:
        """Say in the record what the resource says. Raises Unreadable."""

    def settle(self, resource: Resource, record: Record, seen: Resource) -> None:
        """Drop from the record what `seen`, the record as it reads now, says and the resource does not."""

    def carried(self, resource: Resource) -> set[Concrete]:
        """The leaves of the resource that survive the way to the vendor and back."""


class Unbound(Protocol):
    """A row as tables declare it."""

    @property
    def way(self) -> Way: ...

    def bound(self, bindings: Bindings) -> Row: ...
