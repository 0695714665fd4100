"""The leak test on PostgreSQL, for the types that most is asked of."""

from __future__ import annotations

import pytest

from tests.security.test_leaks import chart, herself, of_all_types, questions, with_and_without
from tests.security.world import A, World


@pytest.mark.parametrize("type", ["Patient", "Observation", "Appointment", "Provenance"])
async def test_searches(world: World, type: str) -> None:
    await world.load(*chart(A, ""))
    await with_and_without(world, herself(world), list(dict.fromkeys(questions(type))))


async def test_what_goes_through_all_types(world: World) -> None:
    await world.load(*chart(A, ""))
    await with_and_without(world, herself(world), list(of_all_types()))
