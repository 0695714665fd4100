"""The runner among others: what one call too many leads to, for a client who waits and for a workflow."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from gateway.faults import EmrBusy, EmrRefused, EmrUnreachable, Fault
from gateway.telemetry import EMR_CALLS
from gateway.translation.contract import Call, Flow, Minting, Reply, send
from gateway.translation.ledger import MemoryLedger
from gateway.translation.limits import Minute, Rate
from gateway.translation.rate import DURABLE, LIVE, Pace, Urgency
from gateway.translation.runner import Runner
from gateway.translation.tokens import MemoryTokens
from tests.gateway.translation.vendor import Acme, runner


class Throttling(Acme):
    """Asks for three seconds when it is asked too often."""

    def fault(self, reply: Reply) -> Fault:
        return EmrBusy("Acme is asked too often", after=3.0) if reply.status == 429 else EmrRefused("no")


class World:
    """An EMR that answers 429 so many times, and time that passes when somebody sleeps."""

    def __init__(self, refusals: int, path: str = "/api/x", rate: Rate | None = None, **vendor: object) -> None:
        self.refusals = refusals
        self.path = path
        self.now = 1_000_000.0
        self.calls: list[tuple[str, float]] = []
        self.vendor = Throttling(rate=rate, **vendor)  # type: ignore[arg-type]
        self.pace = Pace(MemoryLedger(self.clock), self.sleep, self.clock)
        self.tokens = MemoryTokens(self.clock)

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.calls.append((request.url.path, self.now - 1_000_000))
        if request.url.path == self.path and self.refusals:
            self.refusals -= 1
            return httpx.Response(429)
        return httpx.Response(200, json={"access_token": "t", "expires_in": 300})

    def runner(self, urgency: Urgency = DURABLE) -> Runner:
        made = runner(self.answer, vendor=self.vendor, pace=self.pace, tokens=self.tokens)
        made.urgency = urgency
        return made


def one(call: Call) -> Flow[int]:
    return (yield from send(call)).status


async def test_a_workflow_waits_as_long_as_it_is_asked_to_and_repeats_the_read() -> None:
    world = World(2)
    assert await world.runner().run(one(Call("GET", "/x"))) == 200
    assert [at for _, at in world.calls] == [0.0, 3.0, 6.0]


async def test_what_is_guarded_or_creates_is_not_repeated_here() -> None:
    def nothing() -> Flow[None]:
        yield ()

    for call in (Call("POST", "/x"), Call("PUT", "/x", guard=nothing)):
        world = World(2)
        with pytest.raises(EmrBusy, match="too often"):
            await world.runner().run(one(call))
        assert len(world.calls) == 1


async def test_a_client_is_told_and_so_is_the_next_one_without_a_call() -> None:
    world = World(2)
    with pytest.raises(EmrBusy) as first:
        await world.runner(replace(LIVE, patience=2.0)).run(one(Call("GET", "/x")))
    with pytest.raises(EmrBusy, match="asked too often") as second:
        await world.runner(replace(LIVE, patience=2.0)).run(one(Call("GET", "/y")))
    assert (len(world.calls), first.value.unsent, second.value.unsent, second.value.after) == (1, False, True, 3.0)


TWO_AN_HOUR = Minting(("a",), ((2, 3600.0),), ("a",))


@pytest.mark.parametrize(("minting", "closes"), [(None, True), (TWO_AN_HOUR, False)])
async def test_a_refused_token_request_closes_the_emr_where_it_counts_as_a_call(
    minting: Minting | None, closes: bool
) -> None:
    world = World(1, path="/api/token", has_tokens=True, minting=minting)
    with pytest.raises(EmrBusy):
        await world.runner().run(one(Call("GET", "/x")))
    assert (await world.pace._ledger.closed(world.runner()._spot) > world.now) is closes


async def test_token_requests_count_and_wait_is_passed_on_to_who_needs_the_token() -> None:
    world = World(0, rate=Minute(2), has_tokens=True)
    world.now = 1_000_030.0
    for _ in range(2):
        assert await world.runner().run(one(Call("GET", "/x", token="a"))) == 200
    assert [path for path, _ in world.calls] == ["/api/token", "/api/x", "/api/x"]
    assert world.calls[2][1] - world.calls[1][1] == 52.0
    assert await world.runner(LIVE).run(one(Call("GET", "/x", token="a"))) == 200
    with pytest.raises(EmrBusy, match="2 calls a minute, is used up") as caught:
        await world.runner(LIVE).run(one(Call("GET", "/x", token="a")))
    assert (caught.value.unsent, len(world.calls)) == (True, 4)


async def test_a_create_that_was_held_back_may_go_out_later() -> None:
    class Ledger:
        claims = 0

        async def claim(self, *_: object) -> bool:
            self.claims += 1
            return True

        async def withdraw(self) -> None:
            self.claims -= 1

    world, ledger = World(0, rate=Minute(1)), Ledger()
    await world.runner().run(one(Call("GET", "/x")))
    with pytest.raises(EmrBusy):
        await world.runner(LIVE).run(one(Call("POST", "/x", once=True)), delivery=ledger)  # type: ignore[arg-type]
    assert (ledger.claims, len(world.calls)) == (0, 1)


async def test_calls_are_counted_by_the_class_of_their_answer() -> None:
    def count(outcome: str) -> float:
        return float(EMR_CALLS.labels("counted", outcome)._value.get())

    world = World(1, name="counted")
    await world.runner().run(one(Call("GET", "/x")))
    assert (count("4xx"), count("2xx"), count("none")) == (1, 1, 0)

    def hang(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("too long", request=request)

    with pytest.raises(EmrUnreachable):
        await runner(hang, vendor=world.vendor).run(one(Call("GET", "/x")))
    assert count("none") == 1
