"""The runner of live requests: short time-outs, a circuit for flows and streams alike, tokens renewed once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from gateway.faults import EmrBusy, EmrNonsense, EmrUnreachable
from gateway.translation.breaker import Breakers
from gateway.translation.contract import Call, Flow, Reply, send
from gateway.translation.ledger import Spot
from gateway.translation.live import TIMEOUTS, LiveRunner
from gateway.translation.rate import LIVE, Pace
from gateway.translation.tokens import MemoryTokens
from tests.gateway.translation.vendor import NOW, Acme, account


class Emr:
    """Answers by a function, and remembers what was asked."""

    def __init__(self, answer: Callable[[httpx.Request], Any]) -> None:
        self.answer = answer
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> Any:
        if request.url.path.endswith("/token"):
            return httpx.Response(200, json={"access_token": f"t{len(self.asked)}", "expires_in": 300})
        self.asked.append(request)
        return self.answer(request)


def live(emr: Emr, vendor: Acme | None = None, pace: Pace | None = None) -> LiveRunner:
    http = httpx.AsyncClient(transport=httpx.MockTransport(emr))
    return LiveRunner(
        vendor or Acme(), account(), client=http, tokens=MemoryTokens(), clock=lambda: NOW, nonce=lambda: "n",
        pace=pace or Pace(), urgency=LIVE, breakers=Breakers(),
    )  # fmt: skip


def flow() -> Flow[Reply]:
    return (yield from send(Call("GET", "/one")))


def hang(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("slow", request=request)


async def test_a_hanging_emr_is_waited_for_once_by_flows_and_streams_together() -> None:
    emr = Emr(hang)
    runner = live(emr)
    with pytest.raises(EmrUnreachable):
        await runner.run(flow())
    with pytest.raises(EmrBusy):
        await runner.run(flow())
    with pytest.raises(EmrBusy):
        await runner.opened(Call("GET", "/one"))
    assert len(emr.asked) == 1
    assert emr.asked[0].extensions["timeout"] == TIMEOUTS.as_dict()


async def test_a_body_that_stalls_opens_the_circuit() -> None:
    class Stalling(httpx.AsyncByteStream):
        async def __aiter__(self) -> Any:
            yield b"{"
            raise httpx.ReadTimeout("slow")

    runner = live(Emr(lambda request: httpx.Response(200, stream=Stalling())))
    answer = await runner.opened(Call("GET", "/one"))
    with pytest.raises(EmrUnreachable):
        await answer.whole(100)
    with pytest.raises(EmrBusy):
        await runner.opened(Call("GET", "/one"))


async def test_a_withdrawn_token_is_renewed_once() -> None:
    emr = Emr(lambda request: httpx.Response(200))
    runner = live(emr, Acme(has_tokens=True))
    assert (await runner.opened(Call("GET", "/one"))).status == 200
    emr.answer = lambda request: httpx.Response(401 if request.headers["authorization"] == "Bearer t0" else 200)
    assert (await runner.opened(Call("GET", "/one"))).status == 200
    assert [request.headers["authorization"] for request in emr.asked] == ["Bearer t0", "Bearer t0", "Bearer t2"]
    emr.answer = lambda request: httpx.Response(401)
    assert (await runner.opened(Call("GET", "/one"))).status == 401
    assert len(emr.asked) == 5


async def test_one_call_too_many_is_told_to_the_others() -> None:
    class Told(Pace):
        pauses: tuple[float | None, ...] = ()

        async def refused(self, spot: Spot, pause: float | None) -> float:
            self.pauses += (pause,)
            return 0.0

    pace = Told()
    runner = live(Emr(lambda request: httpx.Response(429)), pace=pace)
    assert (await runner.opened(Call("GET", "/one"))).status == 429
    assert len(pace.pauses) == 1


async def test_bodies_have_a_limit() -> None:
    class Long(httpx.AsyncByteStream):
        async def __aiter__(self) -> Any:
            for _ in range(20):
                yield b"x" * 100

    runner = live(Emr(lambda request: httpx.Response(200, stream=Long())))
    answer = await runner.opened(Call("GET", "/one"))
    with pytest.raises(EmrNonsense, match="longer"):
        await answer.whole(1000)
