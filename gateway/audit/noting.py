"""What of an event only its handler knows: who it turned out to be, and what was asked for in a body."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, TypedDict

NOTED = "audit"


class Noted(TypedDict, total=False):
    """The fields of access.Access that handlers may tell."""

    org: str
    kind: str
    client: str | None
    user: str | None
    query: str
    told: str


def note(scope: MutableMapping[str, Any], noted: Noted) -> None:
    """Say something of the request of this ASGI scope; what is said later wins."""
    scope.setdefault(NOTED, {}).update(noted)
