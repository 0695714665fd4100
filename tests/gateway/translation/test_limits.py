"""The laws of limits: whoever uses their permits, and when, the EMR never sees more calls than it allows."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from math import floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.faults import EmrBusy
from gateway.translation.ledger import MemoryLedger, Page, Spot
from gateway.translation.limits import JITTER, LIFE, Bucket, Minute, Rate, Window, chosen
from gateway.translation.rate import DURABLE, LIVE, Pace, Urgency

PATIENT = Urgency(1e9)
BUSY = st.lists(
    st.tuples(
        st.integers(0, 2), st.integers(1, 15), st.sampled_from([0.0, 0.01, 0.2, 0.49, 0.51, 1.0, 7.0, 29.0, 61.0])
    ),
    min_size=1,
    max_size=15,
)
"""Process, calls and the pause before them."""
tried = settings(max_examples=40, deadline=None)


@dataclass
class World:
    """Three processes over one ledger, and the time, which passes when somebody sleeps."""

    rule: Rate
    now: float = 1_000_000.0
    slept: float = 0.0
    departures: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ledger = MemoryLedger(lambda: self.now)
        self.processes = [Pace(self.ledger, self.sleep, lambda: self.now) for _ in range(3)]
        self.spot = Spot("key", self.rule, "acme", "Acme", 4, ("demo", "main"))

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += seconds

    async def call(self, process: int, urgency: Urgency = PATIENT) -> None:
        async with self.processes[process].admitted(self.spot, urgency):
            self.departures.append(self.now)

    def busy(self, work: list[tuple[int, int, float]]) -> list[float]:
        async def calls() -> None:
            for process, number, pause in work:
                self.now += pause
                for _ in range(number):
                    await self.call(process)

        asyncio.run(calls())
        return self.departures


@tried
@given(size=st.integers(2, 40), per_second=st.floats(0.2, 50), work=BUSY, data=st.data())
def test_a_bucket_never_overflows(
    size: int, per_second: float, work: list[tuple[int, int, float]], data: st.DataObject
) -> None:
    rule = Bucket(size, per_second)
    late = st.floats(0, rule.slack * JITTER / (LIFE + JITTER))
    arrivals = sorted(time + data.draw(late) for time in World(rule).busy(work)[:60])
    level, before = float(size), arrivals[0]
    for time in arrivals:
        level, before = min(size, level + (time - before) * per_second) - 1, time
        assert level > -1e-3


@tried
@given(calls=st.integers(1, 30), work=BUSY, start=st.floats(0, 60), offset=st.floats(-1.99, 1.99))
def test_a_minute_of_any_clock_within_the_guard_is_never_overdrawn(
    calls: int, work: list[tuple[int, int, float]], start: float, offset: float
) -> None:
    departures = World(Minute(calls), now=1_000_000.0 + start).busy(work)
    assert max(Counter(floor((time + offset) / 60) for time in departures).values()) <= calls


@tried
@given(calls=st.integers(1, 30), seconds=st.floats(0.5, 60), work=BUSY)
def test_no_span_ever_holds_more_than_the_window(
    calls: int, seconds: float, work: list[tuple[int, int, float]]
) -> None:
    departures = World(Window(calls, seconds)).busy(work)
    assert departures == sorted(departures)
    assert all(late - early >= seconds - 1e-6 for early, late in zip(departures, departures[calls:], strict=False))


@pytest.mark.parametrize(
    ("rule", "number", "longest"), [(Bucket(100, 50.0), 500, 9.5), (Minute(250), 675, 130), (Window(40, 1.0), 200, 7)]
)
def test_what_is_allowed_is_used(rule: Rate, number: int, longest: float) -> None:
    world = World(rule, now=60_000_002.0)
    world.busy([(0, number, 0.0)])
    assert world.slept < longest


@pytest.mark.parametrize("rule", [Bucket(100, 50.0), Minute(250), Window(100, 60.0)])
def test_a_reserve_is_left_to_those_who_hurry(rule: Rate) -> None:
    world = World(rule, now=60_000_010.0)

    async def drain(urgency: Urgency) -> int:
        start = len(world.departures)
        with suppress(EmrBusy):
            while True:
                await world.call(0, urgency)
        return len(world.departures) - start

    async def both() -> tuple[int, int]:
        return await drain(Urgency(0.0)), await drain(Urgency(0.0, hurried=True))

    assert asyncio.run(both())[1] >= rule.reserve > 0


async def test_a_live_call_is_told_when_to_come_back_and_a_workflow_waits() -> None:
    world = World(Minute(10), now=60_000_010.0)
    for _ in range(10):
        await world.call(0, LIVE)
    with pytest.raises(EmrBusy, match="10 calls a minute, is used up") as caught:
        await world.call(1, LIVE)
    assert (caught.value.after, caught.value.unsent, world.slept) == (52.0, True, 0.0)
    await world.call(1, DURABLE)
    assert world.slept == 52.0


def closing(pauses: list[float | None], gap: Callable[[Page, float], float]) -> list[float]:
    """For how long each of these refusals closes; the next comes `gap` after it."""
    page, now, told = Page(), 1000.0, []
    for pause in pauses:
        page = page.shut(now, pause)
        told.append(page.closed - now)
        now = gap(page, now)
    return told


def test_pauses_that_an_emr_does_not_name_grow_and_are_forgotten() -> None:
    assert closing([None] * 8, lambda page, _: page.closed) == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert closing([None] * 3, lambda page, _: page.closed + 61) == [0.5, 0.5, 0.5]
    assert closing([7.0, None, 50.0], lambda page, _: page.closed) == [7.0, 1.0, 50.0]


def test_answers_that_were_under_way_together_are_one_refusal() -> None:
    assert closing([None] * 4, lambda _, now: now + 0.1) == pytest.approx([0.5, 0.4, 0.3, 0.2])


async def test_a_refusal_closes_the_emr_to_all_within_half_a_second() -> None:
    world = World(Bucket(100, 50.0))
    for process in (0, 1):
        for _ in range(8):
            await world.call(process)
    await world.processes[0].refused(world.spot, 20.0)
    with pytest.raises(EmrBusy, match="asked too often"):
        await world.call(0, LIVE)
    world.now += 0.51
    with pytest.raises(EmrBusy, match="asked too often") as caught:
        await world.call(1, LIVE)
    assert caught.value.after == pytest.approx(19.49)


async def test_an_emr_without_a_limit_may_still_close() -> None:
    world = World(Bucket(2, 1.0))
    world.spot = Spot("free", None, "acme", "Acme", 4, ("demo", "main"))
    await world.call(0, LIVE)
    await world.processes[1].refused(world.spot, 9.0)
    world.now += 1.0
    with pytest.raises(EmrBusy):
        await world.call(0, LIVE)
    await world.call(0)
    assert world.slept == pytest.approx(8.0)


@pytest.mark.parametrize(("rule", "calls", "most"), [(Minute(250), 200, 24), (Bucket(100, 50.0), 300, 60)])
def test_who_is_busy_asks_seldom(rule: Rate, calls: int, most: int) -> None:
    world, asked = World(rule, now=60_000_010.0), 0
    grant = world.ledger.grant

    async def counted(*given: object, **named: object) -> object:
        nonlocal asked
        asked += 1
        return await grant(*given, **named)  # type: ignore[arg-type]

    world.ledger.grant = counted  # type: ignore[assignment,method-assign]
    world.busy([(0, calls, 0.0)])
    assert asked <= most


def test_times_are_ordered_in_a_ledger_whose_nodes_clocks_differ() -> None:
    bucket, state = Bucket(10, 1.0), {}  # type: ignore[var-annotated]
    for now in (100.0, 90.0, 95.0, 101.0):
        state = bucket.grant(state, now, 1, 0).state
    assert [early <= late for early, late in pairwise([100.0, state["filled"]])] == [True]


def test_settings_and_secrets_are_chosen_by_name() -> None:
    assert chosen(("b", "a", "c"), {"a": "1"}, {"b": "2"}) == [["b", "2"], ["a", "1"], ["c", ""]]
