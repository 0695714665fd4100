"""What lost its wake is found again, and nothing else."""

from __future__ import annotations

from gateway.subscriptions.delivery import LOST_WAKE_S
from tests.gateway.subscriptions.conftest import Line, numbers
from tests.gateway.subscriptions.wishes import coverage, wish


async def sweep(line: Line, seconds: float) -> list[str]:
    """Look as if that many seconds had passed; answers what was woken."""
    now = line.services.clock() + int(seconds * 1_000_000)
    line.services.store._clock = lambda: now
    line.services.subscriptions.sweeping.clock = lambda: now / 1_000_000
    await line.services.subscriptions.sweeping.sweep()
    return [wake.purpose for wake in line.wakes.made]


async def test_what_waits_for_its_turn_is_left_alone(line: Line) -> None:
    await line.subscribe(wish("Coverage"))
    await line.client.create(coverage())
    line.wakes.made.clear()
    assert await sweep(line, LOST_WAKE_S / 2) == []


async def test_events_whose_wake_is_lost(line: Line) -> None:
    await line.subscribe(wish("Coverage"))
    await line.client.create(coverage())
    line.wakes.made.clear()
    line.wakes.delays.clear()
    assert await sweep(line, LOST_WAKE_S + 1) == ["events"]
    await line.deliver()
    assert numbers(line.receiver.told("event-notification")) == [1]
    assert await sweep(line, LOST_WAKE_S + 2) == []


async def test_an_attempt_whose_wake_is_lost(line: Line) -> None:
    await line.subscribe(wish("Coverage"))
    line.receiver.status = 500
    await line.client.create(coverage())
    await line.deliver()
    line.waiting.clear()
    line.receiver.status = 200
    assert await sweep(line, LOST_WAKE_S + 60) == ["events"]
    await line.deliver()
    assert numbers(line.receiver.told("event-notification")) == [1, 1]


async def test_a_handshake_whose_wake_is_lost(line: Line) -> None:
    made = await line.client.create(wish())
    line.wakes.made.clear()
    line.wakes.delays.clear()
    assert await sweep(line, LOST_WAKE_S + 1) == ["handshake"]
    await line.deliver()
    assert (await line.read(made["id"]))["status"] == "active"


async def test_an_end_that_has_passed(line: Line) -> None:
    id = await line.subscribe({**wish(), "end": "2090-01-01T00:00:00Z"})
    assert await sweep(line, 100 * 365 * 86_400) == ["end"]
    await line.deliver()
    assert (await line.read(id))["status"] == "off"
