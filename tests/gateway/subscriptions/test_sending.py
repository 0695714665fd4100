"""One POST, to endpoints that are slow, endless, elsewhere than they say or not there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress

import httpx
import pytest

from gateway.subscriptions.secrecy import Kept
from gateway.subscriptions.sending import Letter, Sender
from gateway.upstream import GuardedTransport
from tests.gateway.subscriptions.conftest import verified

SECRET = "a secret of some length"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def letter(endpoint: str, timeout: int = 5) -> Letter:
    return Letter(endpoint, Kept(SECRET, (("X-Tenant", "t"),)), b'{"a":1.00}', "application/fhir+json", timeout, "r-1")


async def send(transport: httpx.AsyncBaseTransport, sent: Letter) -> str | None:
    async with httpx.AsyncClient(transport=transport) as http:
        return await Sender(http, lambda: 1_800_000_000.5).send(sent)


@asynccontextmanager
async def serving(answer: Serve) -> AsyncIterator[str]:
    busy: set[asyncio.Task[None]] = set()

    async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        busy.add(asyncio.create_task(closing(reader, writer)))

    server = await asyncio.start_server(accepted, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
        await asyncio.gather(*busy, return_exceptions=True)


async def test_what_is_on_the_wire() -> None:
    seen: list[httpx.Request] = []

    def take(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(202)

    assert await send(httpx.MockTransport(take), letter("https://crm.example/hook?tenant=t")) is None
    (request,) = seen
    assert request.content == b'{"a":1.00}'
    assert verified(request.headers["x-crosswalk-signature"], request.content, SECRET) == 1_800_000_000
    assert (request.headers["x-request-id"], request.headers["x-tenant"]) == ("r-1", "t")
    assert request.headers["content-type"] == "application/fhir+json;charset=utf-8"


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.7", "169.254.169.254", "::1", "64:ff9b::7f00:1"])
async def test_a_name_that_leads_to_a_private_address_is_not_called(address: str) -> None:
    async def resolver(host: str, port: int) -> Sequence[str]:
        return [address]

    transport = GuardedTransport(allow_private=False, resolver=resolver)
    reason = await send(transport, letter("https://crm.example/hook"))
    assert reason is not None
    assert reason.startswith("The endpoint may not be called")


async def test_an_answer_that_never_ends_is_not_read() -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"400\r\n" + b"x" * 1024 + b"\r\n")
            await writer.drain()
            await asyncio.sleep(0)

    async with serving(endless) as url:
        assert await asyncio.wait_for(send(GuardedTransport(allow_private=True), letter(url)), 5) is None


async def test_one_that_says_nothing_is_given_its_time() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(silent) as url:
        reason = await send(GuardedTransport(allow_private=True), letter(url, timeout=1))
    assert reason == "The endpoint did not answer within 1 s"


async def test_one_that_is_not_there(log_lines: list[object]) -> None:
    async with serving(lambda reader, writer: asyncio.sleep(0)) as url:
        """It goes away again."""
    assert await send(GuardedTransport(allow_private=True), letter(url)) == "The endpoint cannot be reached"
    assert "hook" not in str(log_lines)


async def test_one_that_talks_no_http() -> None:
    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")

    async with serving(nonsense) as url:
        assert await send(GuardedTransport(allow_private=True), letter(url)) == "The endpoint cannot be reached"
