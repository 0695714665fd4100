"""Rates and concurrency of an account."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from gateway.translation.rate import Pace, Windows


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
