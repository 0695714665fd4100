"""Tokens of eCW: one for each set of scopes, asked for once however many want it, renewed a minute before its end."""

from __future__ import annotations

import asyncio

from gateway.translation.contract import Call, send
from tests.translators.ecw.world import World
from translators.ecw import scopes
from translators.ecw.sandbox_auth import SECONDS, TOKEN_PATH


def minted(world: World) -> int:
    return sum(1 for method, path in world.calls if method == "POST" and path.endswith(TOKEN_PATH))


async def called(world: World, scope: str) -> None:
    query = (("_id", "x"),)
    await world.run(send(Call("GET", "/Patient", query, headers={"Accept": "application/fhir+json"}, token=scope)))


async def many(world: World) -> None:
    sets = [scopes.reading(world.account), scopes.writing(world.account)]
    assert sets[0] != sets[1]
    await asyncio.gather(*(called(world, scope) for scope in sets * 10))


async def test_one_flight_for_each_set_of_scopes_and_a_new_token_a_minute_ahead() -> None:
    world = World()
    await many(world)
    assert minted(world) == 2
    world.pass_time(SECONDS - 61)
    await many(world)
    assert minted(world) == 2
    world.pass_time(2)
    await many(world)
    assert minted(world) == 4


async def test_a_token_that_ecw_has_forgotten_is_replaced_once() -> None:
    world = World()
    await many(world)
    world.sandbox.state["tokens"].clear()
    await many(world)
    assert minted(world) == 4


async def test_no_set_but_that_of_groups_holds_the_scope_of_groups() -> None:
    world = World()
    registered = {**world.account.settings, "scope": f"{scopes.DEFAULT} system/Group.read"}
    assert "Group" not in scopes.reading(world.account) + scopes.writing(world.account)
    world.account = type(world.account)(
        "demo", "emr", world.account.base_url, world.account.public_url, registered, world.account.secrets, {},
        world.account.assertion,
    )  # fmt: skip
    assert "Group" not in scopes.reading(world.account) + scopes.writing(world.account)
    await many(world)
    assert "system/Group.read" in scopes.bulk(world.account, ("Patient",)).split()
