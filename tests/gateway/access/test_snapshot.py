"""A snapshot finds and counts what its caller may see, in a read as in a transaction."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.access.seen import SeenSnapshot, SeenStore, SeenTransaction
from gateway.access.sight import Sight
from gateway.auth.scopes import Scopes
from gateway.auth.verification import Caller
from gateway.search.query import Query
from tests.gateway.access.test_labels import PART_2, chart, unlabelled
from tests.security.world import A, B, World

WHO = {"user_email": "a@b.example", "user_role": "viewer"}
CASES: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "everything": ("system/*.cruds", {"purposes": frozenset({"TREAT"})}, [A, B]),
    "without a purpose": ("system/*.cruds", {}, [B]),
    "one patient's": ("patient/*.cruds", {**WHO, "patient": B}, [B]),
    "one patient's, closed": ("patient/*.cruds", {**WHO, "patient": A}, []),
    "of another type": ("system/Patient.cruds", {}, []),
}


@pytest.fixture
async def labelled(world: World) -> World:
    await world.load(*chart(A, PART_2), *map(unlabelled, chart(B)))
    return world


@pytest.mark.parametrize("case", CASES)
async def test_what_a_snapshot_shows(labelled: World, case: str) -> None:
    scope, caller, patients = CASES[case]
    services = labelled.services
    sight = Sight(services.definitions, Caller(1, "north", "app", Scopes.parse(scope), **caller), "", services.clock())

    def look(snapshot: SeenSnapshot) -> tuple[list[str], int | None, dict[str, int], int]:
        page = snapshot.search(Query("Condition"))
        tally = snapshot.tally(Query("Condition"), "subject")
        return sorted(match.id for match in page.matches), page.total, dict(tally.numbers), tally.without

    expected = ([f"c-{id}" for id in patients], len(patients), dict.fromkeys(patients, 1), 0)
    assert await SeenStore(services.store, 1, sight).look(look) == expected
    written = await services.store.write(1, lambda within: look(SeenTransaction(within, sight).connected))
    assert written == expected
