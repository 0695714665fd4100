"""What the scopes of a caller come to: all that the FHIR face ever asks of them (test_meaning.py)."""

from __future__ import annotations

from collections.abc import Hashable

import msgspec

from gateway.access.sight import Sight
from gateway.auth.scopes import Scopes
from gateway.auth.verification import Caller
from gateway.store.contract import Stored
from tests.gateway.conftest import NORTH
from tests.gateway.definitions.strategies import DEFINITIONS
from tests.security.world import Resource, Spelling

NOW = 1_800_000_000_000_000


def sight_of(spelling: Spelling, type: str, also: tuple[str, ...] = ()) -> Sight:
    caller = Caller(1, "north", "app", Scopes.parse(spelling.of(type, also)), **spelling.caller)
    return Sight(DEFINITIONS, caller, NORTH, NOW)


def meaning(sight: Sight, *types: str) -> Hashable:
    """On a type, and on those on the way to it."""
    limits = [(sight.limit(type, action), sight.reach(type, action)) for type in types for action in "cruds"]
    held_to = [sight._held_to(type, action) for type in types for action in "cruds"]
    return (*limits, *held_to, sight.is_held_to_patient, sight.labels, sight.own_patient)


def stored(resource: Resource) -> Stored:
    """As its first version."""
    body = msgspec.json.encode(resource)
    return Stored(1, resource["resourceType"], resource["id"], 1, NOW, deleted=False, body=body)
