"""What of an event only its handler knows: who it turned out to be, what was asked for in a body, and parts of it."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any, TypedDict

from gateway.store.contract import Stored

NOTED = "audit"
PARTS = "audit_parts"


class Noted(TypedDict, total=False):
    """The fields of access.Access that handlers may tell."""

    org: str
    kind: str
    client: str | None
    user: str | None
    query: str
    told: str


@dataclass(frozen=True, slots=True)
class Part:
    """Something that was done or refused within a request: an entry of a Bundle. It is an event of its own."""

    kind: str
    status: int
    what: str
    query: str = ""
    touched: tuple[Stored, ...] = ()
    told: str = ""


def note(scope: MutableMapping[str, Any], noted: Noted) -> None:
    """Say something of the request of this ASGI scope; what is said later wins."""
    scope.setdefault(NOTED, {}).update(noted)


def note_parts(scope: MutableMapping[str, Any], parts: Iterable[Part]) -> None:
    """What was touched is told of by its parts then, no more by the request's own event."""
    scope.setdefault(PARTS, []).extend(parts)
