"""The token cache: one flight per key, renewal ahead of the end."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from gateway.faults import EmrDenied
from gateway.translation.contract import Token
from gateway.translation.tokens import MemoryTokens, TokenKey
from tests.gateway.translation.vendor import account

KEY = TokenKey.of(account(), "read")


class Source:
    """Gives numbered tokens."""

    def __init__(self, expires_in: float = 3600) -> None:
        self.given = 0
        self.expires_in = expires_in

    async def __call__(self) -> Token:
        await asyncio.sleep(0)
        self.given += 1
        return Token(f"t{self.given}", self.expires_in)


async def test_many_at_once_make_one_flight() -> None:
    tokens, source = MemoryTokens(), Source()
    held = await asyncio.gather(*(tokens.get(KEY, source) for _ in range(20)))
    assert {one.value for one in held} == {"t1"}
    assert [one.is_new for one in held].count(True) == source.given == 1


@pytest.mark.parametrize(("expires_in", "good_for"), [(3600, 3540), (121, 61), (120, 60), (30, 15), (0, 0)])
async def test_a_token_is_renewed_ahead_of_its_end(expires_in: float, good_for: float) -> None:
    now = 0.0
    tokens, source = MemoryTokens(lambda: now), Source(expires_in)
    await tokens.get(KEY, source)
    now = max(good_for - 0.1, 0)
    assert (await tokens.get(KEY, source)).value == ("t1" if good_for else "t2")
    now = good_for
    assert (await tokens.get(KEY, source)).value != "t1"


async def test_a_failed_flight_leaves_nothing_behind() -> None:
    async def denied() -> Token:
        raise EmrDenied("no")

    tokens = MemoryTokens()
    with pytest.raises(EmrDenied):
        await tokens.get(KEY, denied)
    assert (await tokens.get(KEY, Source())).value == "t1"


async def test_dropping_leaves_a_newer_token_alone() -> None:
    tokens, source = MemoryTokens(), Source()
    await tokens.get(KEY, source)
    await tokens.drop(KEY, "t1")
    await tokens.get(KEY, source)
    await tokens.drop(KEY, "t1")
    await tokens.drop(TokenKey.of(account(), "other"), "t2")
    assert (await tokens.get(KEY, source)).value == "t2"


def test_a_token_is_bound_to_address_and_credentials() -> None:
    here = account()
    others = [
        TokenKey.of(here, "write"),
        TokenKey.of(replace(here, org="other"), "read"),
        TokenKey.of(replace(here, base_url="https://new.example"), "read"),
        TokenKey.of(replace(here, secrets={"client_secret": "new"}), "read"),
        TokenKey.of(replace(here, settings={"audience": "new"}), "read"),
    ]
    assert TokenKey.of(account(), "read") == KEY
    assert KEY not in others
    assert KEY.origin not in repr(KEY)


def test_a_cache_serves_several_event_loops() -> None:
    tokens, source = MemoryTokens(), Source(expires_in=0)

    async def crowd() -> int:
        return len(await asyncio.gather(*(tokens.get(KEY, source) for _ in range(3))))

    assert [asyncio.run(crowd()) for _ in range(2)] == [3, 3]
