"""Creates that go out once: what is written down before, what takes it back, and what an unknown outcome becomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest

from gateway.faults import EmrFault, EmrNonsense, EmrRefused, EmrUnreachable, EmrUnsettled, Fault, Misconfigured
from gateway.translation.contract import Call, File, Flow, FormPart, Halfway, Reply, send
from gateway.translation.runner import Runner
from tests.gateway.translation.vendor import Acme, account, runner

CREATE = Call("POST", "/patients", json={}, once=True)


class Ledger:
    """A delivery that remembers in memory."""

    def __init__(self) -> None:
        self.sent = False
        self.settles: float | None = None
        self.files = {"Binary/b-1": b"\xff\xd8\xff"}

    async def bytes_of(self, file: File) -> bytes:
        return self.files[file.source]

    async def claim(self, settles: float | None = None) -> bool:
        went_out, self.sent, self.settles = self.sent, True, settles
        return not went_out

    async def withdraw(self) -> None:
        self.sent = False

    async def halfway(self, halfway: Halfway) -> None:
        raise NotImplementedError

    async def adopt(self, key: str) -> None:
        if key == "another's":
            raise EmrRefused("it is another patient's")


def answering(status: int) -> tuple[Runner, list[httpx.Request]]:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(status, json={})

    return runner(answer), seen


def failing(error: Callable[[httpx.Request], Exception]) -> Runner:
    def answer(request: httpx.Request) -> httpx.Response:
        raise error(request)

    return runner(answer)


async def test_it_is_written_down_before_it_goes_out_and_stays() -> None:
    ledger = Ledger()

    def answer(request: httpx.Request) -> httpx.Response:
        assert ledger.sent
        return httpx.Response(201)

    assert (await runner(answer).run(send(CREATE), delivery=ledger)).status == 201
    assert ledger.sent


async def test_what_went_out_before_does_not_go_out_again() -> None:
    ledger, (run, seen) = Ledger(), answering(201)
    await run.run(send(CREATE), delivery=ledger)
    with pytest.raises(EmrUnsettled, match="does not show it"):
        await run.run(send(CREATE), delivery=ledger)
    assert len(seen) == 1


def saying(undone: bool) -> Callable[[Reply], bool]:
    return lambda reply: undone


async def test_an_answer_of_success_that_says_that_nothing_was_done_takes_it_back() -> None:
    for undone in (True, False):
        ledger, (run, _) = Ledger(), answering(200)
        await run.run(send(replace(CREATE, undone=saying(undone))), delivery=ledger)
        assert ledger.sent is not undone


async def test_the_time_within_which_it_may_be_hidden_is_the_calls() -> None:
    ledger, (run, _) = Ledger(), answering(200)
    await run.run(send(replace(CREATE, settles=60.0)), delivery=ledger)
    assert ledger.settles == 60.0


async def test_a_record_of_another_patient_is_not_touched() -> None:
    run, seen = answering(200)
    with pytest.raises(EmrRefused, match="another patient"):
        await run.run(send(Call("GET", "/patients/1", adopts="another's")), delivery=Ledger())
    assert seen == []
    assert (await run.run(send(Call("GET", "/patients/1", adopts="1")), delivery=Ledger())).status == 200


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 410, 422, 429, 503])
async def test_a_refusal_takes_it_back(status: int) -> None:
    ledger, (run, _) = Ledger(), answering(status)
    with pytest.raises(EmrFault):
        await run.run(send(CREATE), delivery=ledger)
    assert not ledger.sent


@pytest.mark.parametrize("status", [500, 501, 502, 504])
async def test_a_failure_may_hide_a_create(status: int) -> None:
    ledger, (run, _) = Ledger(), answering(status)
    with pytest.raises(EmrUnsettled, match="not known"):  # Acme's fault of these is one that nothing retries
        await run.run(send(CREATE), delivery=ledger)
    assert ledger.sent


async def test_a_lost_answer_may_hide_a_create() -> None:
    ledger = Ledger()
    with pytest.raises(EmrUnreachable):
        await failing(lambda r: httpx.ReadTimeout("", request=r)).run(send(CREATE), delivery=ledger)
    assert ledger.sent


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
async def test_a_call_that_never_left_may_go_again(error: type[httpx.RequestError]) -> None:
    ledger = Ledger()
    with pytest.raises(EmrUnreachable):
        await failing(lambda r: error("", request=r)).run(send(CREATE), delivery=ledger)
    assert not ledger.sent


async def test_a_call_that_cannot_be_sent_may_go_again() -> None:
    ledger = Ledger()
    with pytest.raises(Misconfigured):
        await failing(lambda r: httpx.LocalProtocolError("", request=r)).run(send(CREATE), delivery=ledger)
    assert not ledger.sent


async def test_what_the_guard_finds_needs_no_claim() -> None:
    def guard() -> Flow[Reply | None]:
        yield from ()
        return Reply(200, {}, b"{}")

    ledger, (run, seen) = Ledger(), answering(201)
    reply = await run.run(send(Call("POST", "/x", guard=guard, once=True)), delivery=ledger)
    assert (reply.status, ledger.sent, seen) == (200, False, [])


async def test_without_a_delivery_it_is_a_call_like_any_other() -> None:
    run, seen = answering(201)
    await run.run(send(CREATE))
    await run.run(send(CREATE))
    assert len(seen) == 2


async def test_the_bytes_of_a_file_are_read_when_it_is_sent_and_signed_as_they_go() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200)

    vendor, picture = Acme(), File("Binary/b-1", "image/jpeg", 3, "d" * 64)
    call = Call("PATCH", "/x", parts=(FormPart("f", file=picture, filename="a.jpg"),), boundary="b-1")
    await runner(answer, vendor=vendor).run(send(call), delivery=Ledger())
    body = seen[0].read()
    assert b"\xff\xd8\xff" in body
    assert seen[0].headers["content-type"] == "multipart/form-data; boundary=b-1"
    assert vendor.signed == [("/api/x", body)]


async def test_a_reply_knows_when_its_request_went_out() -> None:
    run, _ = answering(200)
    reply = await run.run(send(Call("GET", "/x")))
    assert reply.sent == run.moment().now


def test_kinds_of_faults() -> None:
    assert not EmrUnsettled("x").retryable
    assert isinstance(EmrUnsettled("x"), Fault)
    assert not EmrUnreachable("x").unsent
    assert not isinstance(EmrUnsettled("x"), EmrNonsense | EmrRefused)
    assert account().name
