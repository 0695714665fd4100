"""Passing through: what a translator says whose EMR speaks FHIR itself, so that requests go there as they are.

The declaration decides before a call is made: types, interactions, search parameters and operations that it does not
name for a connection are refused here. The EMR's own CapabilityStatement is shown to clients as far as the declaration
goes; it decides nothing, so that what is refused depends neither on its being reachable nor on who asked for it first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from gateway.faults import MethodNotAllowed, NotFound, NotSupported
from gateway.translation.contract import Account, Call
from gateway.translation.lens import Interaction

Query = tuple[tuple[str, str], ...]
INCLUDE, REVINCLUDE = "_include", "_revinclude"


@dataclass(frozen=True, slots=True)
class Passable:
    """What passes of one type."""

    interactions: frozenset[Interaction]
    search: Mapping[str, str] = field(default_factory=dict)
    """Parameter → its FHIR search type. A modifier or a chain is another parameter."""
    includes: frozenset[str] = frozenset()
    revincludes: frozenset[str] = frozenset()
    operations: frozenset[str] = frozenset()
    """On instances, by GET, without parameters; each answers a Bundle."""

    def parameters(self) -> tuple[str, ...]:
        """The names that a search may have."""
        more = [(INCLUDE, self.includes), (REVINCLUDE, self.revincludes)]
        return (*sorted(self.search), *(name for name, values in more if values))

    def takes(self, name: str, value: str) -> bool:
        if name in (INCLUDE, REVINCLUDE):
            return value in (self.includes if name == INCLUDE else self.revincludes)
        return name in self.search


@runtime_checkable
class Passing(Protocol):
    """A translator that lets requests pass. It gives calls and makes none."""

    title: str

    def passable(self, account: Account) -> Mapping[str, Passable]:
        """By type: what the EMR declares for reading, less what the connection's scopes do not reach."""

    def passing(self, account: Account, type: str, path: str, query: Query, accept: str) -> Call:
        """The call for a request that passes; `path` is below the base, with its leading slash."""

    def statement(self, account: Account) -> Call:
        """How the EMR's CapabilityStatement is asked for."""

    def not_passed(self, operation: str) -> str:
        """Why an operation that clients may look for does not pass, and what to use instead."""


def passable(passing: Passing, account: Account, type: str) -> Passable:
    """Raises NotFound."""
    found = passing.passable(account).get(type)
    if found is None:
        raise NotFound(f"{passing.title} has no such type for this connection; GET metadata lists what it has")
    return found


def check_interaction(passing: Passing, found: Passable, type: str, interaction: Interaction) -> None:
    """Raises MethodNotAllowed."""
    if interaction not in found.interactions:
        raise MethodNotAllowed(f"{passing.title} has no {interaction.value} of {type}; GET metadata tells what it has")


def check_search(passing: Passing, found: Passable, type: str, params: Sequence[tuple[str, str]]) -> None:
    """Raises NotSupported, which names every parameter that the EMR would refuse or, worse, not look at."""
    unknown = sorted({name for name, value in params if not found.takes(name, value)})
    if unknown:
        declared = ", ".join(found.parameters()) or "no parameter"
        raise NotSupported(
            f"{passing.title} does not support searching {type} by {', '.join(_shown(name) for name in unknown)}; "
            f"it declares {declared}",
            *(_shown(name) for name in unknown),
        )


def check_operation(passing: Passing, found: Passable, type: str, operation: str) -> None:
    """Raises NotSupported."""
    if operation not in found.operations:
        why = passing.not_passed(operation)
        raise NotSupported(
            f"${_shown(operation)} of {type} does not pass through to {passing.title}. {why}", "operation"
        )


def _shown(name: str) -> str:
    """Of a name that a client made up."""
    return name[:64] if name.isprintable() else "(unprintable)"
