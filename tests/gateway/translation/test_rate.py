"""Rates and concurrency of an account."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from gateway.translation.rate import Gate, Pace, Windows


class Clock:
    """Time that passes when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@given(count=st.integers(1, 4), span=st.floats(0.5, 60), pauses=st.lists(st.floats(0, 30), max_size=30))
def test_no_span_ever_holds_more_than_the_rate(count: int, span: float, pauses: list[float]) -> None:
    async def departures() -> list[float]:
        clock = Clock()
        windows = Windows(clock)
        times = []
        for pause in pauses:
            clock.now += pause
            times.append(clock.now + await windows.reserve("a", (count, span)))
        return times

    times = asyncio.run(departures())
    assert times == sorted(times)
    assert all(late - early >= span - 1e-6 for early, late in zip(times, times[count:], strict=False))


async def test_a_free_window_costs_no_time_and_accounts_do_not_share() -> None:
    windows = Windows(Clock())
    assert [await windows.reserve(key, (2, 10.0)) for key in "aabbab"] == [0, 0, 0, 0, 10, 10]


async def test_a_call_waits_for_its_departure() -> None:
    clock = Clock()
    pace = Pace(Windows(clock), clock.sleep)
    for _ in range(3):
        async with pace.admitted("a", 1, (1, 2.0)):
            pass
    assert clock.slept == [2.0, 2.0]


def test_a_pace_serves_several_event_loops() -> None:
    pace = Pace()

    async def crowd() -> int:
        async def one() -> None:
            async with pace.admitted("a", 1, None):
                await asyncio.sleep(0)

        await asyncio.gather(*(one() for _ in range(3)))
        return 3

    assert [asyncio.run(crowd()) for _ in range(2)] == [3, 3]


async def most_at_once(pace: Pace, calls: int) -> int:
    """How many of so many calls were under way together."""
    under_way, most = 0, 0

    async def call() -> None:
        nonlocal under_way, most
        async with pace.admitted("k", 6, None):
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0)
            under_way -= 1

    await asyncio.gather(*(call() for _ in range(calls)))
    return most


async def test_fewer_at_once_after_overload_and_slowly_more_again() -> None:
    pace = Pace()
    assert await most_at_once(pace, 20) == 6
    pace.told("k", 6, is_overloaded=True)
    assert await most_at_once(pace, 20) == 3
    for _ in range(5):
        pace.told("k", 6, is_overloaded=True)
    assert await most_at_once(pace, 20) == 1
    pace.told("k", 6, is_overloaded=False)
    assert await most_at_once(pace, 20) == 2
    for _ in range(40):
        pace.told("k", 6, is_overloaded=False)
    assert await most_at_once(pace, 20) == 6


async def test_who_gives_up_waiting_takes_no_place() -> None:
    gate = Gate(1)

    async def one() -> None:
        async with gate:
            await asyncio.sleep(0)

    await gate.__aenter__()
    impatient, patient = asyncio.create_task(one()), asyncio.create_task(one())
    await asyncio.sleep(0)
    await gate.__aexit__(None, None, None)
    impatient.cancel()  # its turn has come already
    await asyncio.wait_for(patient, 5)
    await asyncio.wait_for(one(), 5)
