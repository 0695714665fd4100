"""What the rest of the gateway asks of the definitions. `load()` in definitions/__init__ builds the one implementation.

Definitions are read once at start-up from `profiles/` and are immutable afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

from gateway.faults import Issue
from gateway.search.entries import Entry

Resource = dict[str, Any]
Demanded = Mapping[str, Sequence[str]]
"""Resource type → the profiles that each resource of it has to satisfy, whatever it claims."""
NONE: Demanded = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Component:
    """One part of a composite search parameter; the expression starts at what the composite's selects."""

    kind: str
    expression: str


@dataclass(frozen=True, slots=True)
class SearchParameter:
    """One search parameter of one resource type."""

    code: str
    kind: str
    """number | date | string | token | reference | composite | quantity | uri | special"""
    url: str
    expression: str
    targets: tuple[str, ...] = ()
    components: tuple[Component, ...] = ()
    """Of a composite parameter."""
    folded: bool = False
    """Of a token whose values are compared without regard to case: the index holds them folded."""


class Definitions(Protocol):
    """The R4 definitions and our own profiles, compiled."""

    served: frozenset[str]
    """The resource types this server serves (profiles/served-types.json)."""

    all_types: frozenset[str]
    """Every R4 resource type."""

    patient_compartment: Mapping[str, tuple[str, ...]]
    """Resource type → the search parameters that put a resource of it into a Patient's compartment."""

    def __hash__(self) -> int:
        """Definitions do not change: what follows from them may be kept by them."""

    def search_parameters(self, type: str) -> Mapping[str, SearchParameter]:
        """By code, those of Resource and DomainResource included (`_id`, `_lastUpdated`, `_tag` …)."""

    def validate(self, resource: Resource, demanded: Demanded = NONE) -> tuple[Issue, ...]:
        """Everything wrong with the resource, each issue with its FHIRPath-like expression (`Patient.name[0].use`).

        The profiles that it claims and those that are demanded of its type are looked at once the type is satisfied.
        """

    def examine(self, resource: Resource, demanded: Demanded = NONE) -> tuple[Issue, ...]:
        """The same, with what is advised and what could not be checked as warnings."""

    def profiles_on(self, type: str) -> tuple[str, ...]:
        """The canonical URLs of the profiles on a type that are known here."""

    def index(self, resource: Resource) -> list[Entry]:
        """The search index entries of a resource, without `_id` and `_lastUpdated`, which the store knows itself.

        Relative references (`Patient/1`) become type and id; `urn:` and absolute ones keep their url.
        """

    def subset(self, resource: Resource, summary: str, elements: Sequence[str]) -> Resource:
        """What `_summary` (true, text, data) or, where that is "", `_elements` leaves of a resource."""

    def value_set(self, url: str) -> Mapping[str, Sequence[str]] | None:
        """System → codes of a value set that a required binding names and that can be listed."""
