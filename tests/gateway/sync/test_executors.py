"""Who is alive, who is dead, and how that is known."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from gateway.sync.executors import BEAT_S, DEAD_AFTER_S, Executors, machine, new_id
from gateway.sync.tables import Executor
from tests.gateway.sync.clinic import Clinic


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def process(clinic: Clinic, clock: Clock, id: str | None = None) -> Executors:
    made = Executors(clinic.services.store.engine, clock)
    made.id = id or made.id
    return made


def ended_process() -> int:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


async def test_one_that_stops_beating_is_dead(clinic: Clinic, clock: Clock) -> None:
    one, other = process(clinic, clock), process(clinic, clock)
    one.beat(serves=True)
    other.beat(serves=True)
    clock.now += DEAD_AFTER_S
    assert other.dead() == []
    clock.now += 1
    other.beat(serves=True)
    assert other.dead() == [one.id]
    one.beat(serves=True)
    assert other.dead() == []


async def test_one_of_this_machine_that_is_gone_is_dead_at_once(clinic: Clinic, clock: Clock) -> None:
    gone = process(clinic, clock, f"node-{machine()}-{ended_process()}-0123456789abcdef")
    gone.beat(serves=True)
    me = process(clinic, clock)
    me.beat(serves=False)
    assert me.dead() == [gone.id]
    assert await clinic.services.store.session_read(me.is_served) is False


@pytest.mark.parametrize("where", ["000000000000", "unknown", ""])
async def test_nothing_is_concluded_of_processes_elsewhere(clinic: Clinic, clock: Clock, where: str) -> None:
    elsewhere = process(clinic, clock, f"node-{where}-{ended_process()}-0123456789abcdef")
    elsewhere.beat(serves=True)
    assert process(clinic, clock).dead() == []


@pytest.mark.parametrize("id", ["local", "node", "node-", f"node-{machine()}-x-y", f"node-{machine()}-{10**30}-y"])
async def test_odd_names_are_those_of_the_living(clinic: Clinic, clock: Clock, id: str) -> None:
    process(clinic, clock, id).beat(serves=True)
    assert process(clinic, clock).dead() == []


async def test_whoever_leaves_work_behind_is_dead_at_once(clinic: Clinic, clock: Clock) -> None:
    one, other = process(clinic, clock), process(clinic, clock)
    one.beat(serves=True)
    one.leave()
    assert other.dead() == [one.id]
    other.forget(one.id)
    assert other.dead() == []
    assert await clinic.session(lambda session: session.get(Executor, one.id)) is None


async def test_served_is_who_works_on_the_queues_and_still_beats(clinic: Clinic, clock: Clock) -> None:
    one, read = process(clinic, clock), clinic.services.store.session_read
    assert await read(one.is_served) is False
    one.beat(serves=False)
    assert await read(one.is_served) is False
    one.beat(serves=True)
    assert await read(one.is_served) is True
    clock.now += 3 * BEAT_S + 1
    assert await read(one.is_served) is False


def test_a_process_has_a_name_of_its_own() -> None:
    one, other = new_id(), new_id()
    assert one != other
    assert len(one) <= 64
    assert one.split("-")[1:3] == [machine() or "unknown", str(os.getpid())]
