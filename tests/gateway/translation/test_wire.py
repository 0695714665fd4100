"""What can go wrong between the runner and an EMR, on a real socket."""

from __future__ import annotations

import gzip

import httpx
import pytest

from gateway.faults import EmrFault, EmrNonsense, EmrUnreachable, Misconfigured
from gateway.translation import wire
from gateway.translation.contract import Call, Reply, send
from tests.gateway.translation.vendor import account, raw_server, runner

OK = b"HTTP/1.1 200 OK\r\n"


async def answered(answer: bytes, call: Call | None = None) -> Reply:
    async with raw_server(answer) as server, httpx.AsyncClient(timeout=5) as client:
        return await runner(to=account(server.url), client=client).run(send(call or Call("GET", "/x")))


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (b"", EmrUnreachable),
        (b"SMTP hello\r\n\r\n", EmrUnreachable),
        (OK + b"Content-Length: 10\r\n\r\nshort", EmrUnreachable),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", EmrUnreachable),
        (OK + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nJane", EmrNonsense),
        (OK + b"Content-Encoding: br\r\nContent-Length: 4\r\n\r\nJane", EmrNonsense),
    ],
)
async def test_broken_answers(answer: bytes, fault: type[EmrFault]) -> None:
    with pytest.raises(fault) as caught:
        await answered(answer)
    assert "Jane" not in str(caught.value)


async def test_packed_bodies_are_unpacked_and_header_names_are_lower_case() -> None:
    packed = gzip.compress(b'{"a": 1.00}')
    head = f"Content-Encoding: gzip\r\nX-Total: 7\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    reply = await answered(OK + head + packed)
    assert (reply.body, reply.headers["x-total"]) == (b'{"a": 1.00}', "7")


async def test_a_body_over_the_limit_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "LIMIT", 1000)
    packed = gzip.compress(b" " * 1_000_000)
    head = f"Content-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    with pytest.raises(EmrNonsense, match="longer than"):
        await answered(OK + head + packed)


async def test_nobody_there() -> None:
    async with raw_server(b"") as server:
        url = server.url
    async with httpx.AsyncClient() as client:
        with pytest.raises(EmrUnreachable, match="ConnectError"):
            await runner(to=account(url), client=client).run(send(Call("GET", "/x")))


async def test_no_answer_in_time() -> None:
    def never(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("Jane Doe", request=request)

    with pytest.raises(EmrUnreachable, match=r"in time \(ReadTimeout\)"):
        await runner(never).run(send(Call("GET", "/x")))


@pytest.mark.parametrize("value", ["tok\r\nX-Evil: 1", "tök"])
async def test_credentials_with_odd_characters_are_the_operators_to_mend(value: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        await answered(OK + b"Content-Length: 0\r\n\r\n", Call("GET", "/x", headers={"X-Key": value}))
    assert "tok" not in str(caught.value)
    assert caught.value.__cause__ is None
