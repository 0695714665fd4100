"""Our own definitions: the resources under profiles/crosswalk/, which every organisation is given (docs/decisions/)."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import msgspec

from gateway.definitions.contract import Resource

if TYPE_CHECKING:
    from gateway.store.contract import Transaction


@cache
def own_definitions() -> tuple[Resource, ...]:
    """In the order of their names, each with the id that its url ends in."""
    folder = files("profiles") / "crosswalk"
    paths = sorted((file for file in folder.iterdir() if file.name.endswith(".json")), key=lambda file: file.name)
    return tuple(msgspec.json.decode(path.read_bytes(), type=dict) for path in paths)


def put_definitions(transaction: Transaction) -> None:
    """Write them into the organisation of the transaction; those that have not changed make no new version."""
    for definition in own_definitions():
        transaction.put(definition)
