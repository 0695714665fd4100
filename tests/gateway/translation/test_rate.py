"""Concurrency of an account; its rates are test_limits.py's."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from gateway.faults import EmrBusy
from gateway.translation.gate import Gate
from gateway.translation.ledger import Spot, whose_limit
from gateway.translation.limits import Bucket, Minute
from gateway.translation.rate import Pace, Urgency
from tests.gateway.translation.vendor import account

SPOT = Spot("key", None, "acme", "Acme", 6, ("demo", "main"))


def test_a_pace_serves_several_event_loops() -> None:
    pace = Pace()

    async def crowd() -> int:
        async def one() -> None:
            async with pace.admitted(replace(SPOT, concurrency=1)):
                await asyncio.sleep(0)

        await asyncio.gather(*(one() for _ in range(3)))
        return 3

    assert [asyncio.run(crowd()) for _ in range(2)] == [3, 3]


async def most_at_once(pace: Pace, calls: int) -> int:
    """How many of so many calls were under way together."""
    under_way, most = 0, 0

    async def call() -> None:
        nonlocal under_way, most
        async with pace.admitted(SPOT):
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0)
            under_way -= 1

    await asyncio.gather(*(call() for _ in range(calls)))
    return most


async def test_fewer_at_once_after_overload_and_slowly_more_again() -> None:
    pace = Pace()
    assert await most_at_once(pace, 20) == 6
    pace.told(SPOT, is_overloaded=True)
    assert await most_at_once(pace, 20) == 3
    for _ in range(5):
        pace.told(SPOT, is_overloaded=True)
    assert await most_at_once(pace, 20) == 1
    pace.told(SPOT, is_overloaded=False)
    assert await most_at_once(pace, 20) == 2
    for _ in range(40):
        pace.told(SPOT, is_overloaded=False)
    assert await most_at_once(pace, 20) == 6


async def test_who_gives_up_waiting_takes_no_place() -> None:
    gate = Gate(1)

    async def one() -> None:
        await gate.enter()
        gate.leave()

    await gate.enter()
    impatient, patient = asyncio.create_task(one()), asyncio.create_task(one())
    await asyncio.sleep(0)
    gate.leave()
    impatient.cancel()  # its turn has come already
    await asyncio.wait_for(patient, 5)
    await asyncio.wait_for(one(), 5)


async def test_who_hurries_stands_in_front() -> None:
    gate, order = Gate(1), list[str]()

    async def one(name: str, *, first: bool) -> None:
        await gate.enter(first=first)
        order.append(name)
        gate.leave()

    await gate.enter()
    waiting = [asyncio.create_task(one(name, first=name == "client")) for name in ("pull", "push", "client")]
    await asyncio.sleep(0)
    gate.leave()
    await asyncio.gather(*waiting)
    assert order == ["client", "pull", "push"]


async def test_who_hurries_is_not_left_hanging_behind_calls_that_hang() -> None:
    pace, one = Pace(), replace(SPOT, concurrency=1)
    async with pace.admitted(one):
        with pytest.raises(EmrBusy, match="under way") as caught:
            async with pace.admitted(one, Urgency(0.01, hurried=True)):
                pass
    assert caught.value.unsent
    async with pace.admitted(one, Urgency(0.01, hurried=True)):
        pass


def test_a_limit_is_of_an_address_and_of_whom_the_vendor_says() -> None:
    here = replace(account(), secrets={"client": "c"})
    there = replace(here, org="other", name="second", base_url=here.base_url.upper())
    stranger = replace(there, secrets={"client": "d"})
    shared = Bucket(10, 1.0, shared_by=("client",))
    assert whose_limit(here, shared) == whose_limit(there, shared) != whose_limit(stranger, shared)
    assert whose_limit(there, Minute(5)) == whose_limit(stranger, Minute(5))
    assert whose_limit(here, None) != whose_limit(there, None)
