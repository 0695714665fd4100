"""A page link continues what one caller sees, and opens nothing for anybody else, or for the same one who sees less."""

from __future__ import annotations

import pytest

from tests.gateway.conftest import NORTH
from tests.security.world import HERSELF, LAUNCHED, STAFF, A, B, World, resource_of

PATHS = ("Observation?_count=1", "?_type=Observation,Patient&_count=1", "Observation/_history?_count=1")


async def next_of(world: World, path: str, scope: str, **caller: object) -> str:
    answer = await world.caller(scope, **caller).ask("GET", path)
    assert answer.status_code == 200, answer.text
    links = {link["relation"]: link["url"] for link in answer.json()["link"]}
    return str(links["next"]).removeprefix(NORTH).lstrip("/")


@pytest.mark.parametrize("path", PATHS)
async def test_a_page_link_is_no_proof(world: World, path: str) -> None:
    definitions = world.services.definitions
    seen = [resource_of(definitions, type, each) for type in ("Patient", "Observation") for each in (A, B)]
    await world.load(*seen, *({**seen[2], "id": f"more-{number}"} for number in range(3)))
    everything = await next_of(world, path, "system/*.rs")
    assert (await world.caller("system/*.rs").ask("GET", everything)).status_code == 200
    for scope, caller in (
        ("system/*.rs", {"client": "another"}),
        ("system/Observation.rs system/Patient.rs", {}),
        ("patient/*.rs", {**HERSELF, "patient": A}),
        ("user/*.rs", STAFF),
    ):
        refused = await world.caller(scope, **caller).ask("GET", everything)
        assert refused.status_code == 400, (scope, refused.text)


async def test_a_link_of_one_launch_is_none_of_the_next(world: World) -> None:
    definitions = world.services.definitions
    await world.load(*(resource_of(definitions, "Patient", each) for each in (A, B)))
    observation = resource_of(definitions, "Observation", A)
    await world.load(*({**observation, "id": f"o-{number}"} for number in range(3)))
    link = await next_of(world, "Observation?_count=1", "patient/*.rs", **LAUNCHED)
    assert (await world.caller("patient/*.rs", **LAUNCHED).ask("GET", link)).status_code == 200
    assert (await world.caller("patient/*.rs", **{**LAUNCHED, "patient": B}).ask("GET", link)).status_code == 400
    treating = world.caller("patient/*.rs", **LAUNCHED, purposes=frozenset({"TREAT"}))
    assert (await treating.ask("GET", link)).status_code == 400
