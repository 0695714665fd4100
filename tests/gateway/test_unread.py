"""How much of a body that nobody reads is taken, and for how long."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest
from starlette.types import Message

from gateway import unread
from gateway.faults import TooSlow
from gateway.unread import BYTES_A_SECOND, MOST, Unread

CHUNKED = [(b"transfer-encoding", b"chunked")]


def declared(length: int) -> list[tuple[bytes, bytes]]:
    return [(b"content-length", str(length).encode())]


class Body:
    """A client that sends these parts and then, unless it ends, nothing more."""

    def __init__(self, parts: Iterable[bytes], *, ends: bool = True) -> None:
        self.parts, self.ends, self.taken = iter(parts), ends, 0

    async def receive(self) -> Message:
        part = next(self.parts, None)
        if part is None:
            if not self.ends:
                await asyncio.get_running_loop().create_future()
            return {"type": "http.request", "body": b"", "more_body": False}
        self.taken += 1
        return {"type": "http.request", "body": part, "more_body": True}


@pytest.mark.parametrize("headers", [CHUNKED, declared(3)])
async def test_all_of_a_body_is_taken(headers: list[tuple[bytes, bytes]]) -> None:
    body = Body([b"a", b"b", b"c"])
    left = Unread(headers, body.receive)
    assert left.left
    await left.take()
    assert (left.left, body.taken) == (False, 3)


@pytest.mark.parametrize("headers", [[], declared(0), [(b"content-length", b"much")]])
async def test_no_body_is_waited_for_where_none_is_said_to_come(headers: list[tuple[bytes, bytes]]) -> None:
    left = Unread(headers, Body([], ends=False).receive)
    await left.take()
    assert not left.left


async def test_an_endless_body_is_cut_off() -> None:
    megabyte = bytes(1024 * 1024)
    body = Body(megabyte for _ in iter(int, 1))
    left = Unread(CHUNKED, body.receive)
    await left.take()
    assert (left.left, body.taken * len(megabyte)) == (True, MOST)


async def test_what_says_that_it_is_too_large_to_take_is_not_begun() -> None:
    body = Body([b"a"])
    left = Unread(declared(MOST + 1), body.receive)
    await left.take()
    assert (left.left, body.taken) == (True, 0)


async def test_a_client_that_stops_sending_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unread, "PATIENCE_S", 0.05)
    left = Unread(CHUNKED, Body([b"a"], ends=False).receive)
    await left.take()
    assert left.left


async def test_a_client_that_sends_for_ever_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unread, "LONGEST_S", 0.05)

    async def dripping() -> Message:
        await asyncio.sleep(0.005)
        return {"type": "http.request", "body": b"", "more_body": True}

    left = Unread(CHUNKED, dripping)
    await left.take()
    assert left.left


async def test_drops_use_up_the_time_that_a_client_has() -> None:
    body = Body([b"a", b"b"], ends=False)
    slow = Unread(CHUNKED, body.receive, 0.02)
    assert [(await slow.receive())["body"] for _ in range(2)] == [b"a", b"b"]
    with pytest.raises(TooSlow):
        await slow.receive()
    await slow.take()
    assert (slow.left, body.taken) == (True, 2), "no more of it is waited for"


async def test_what_comes_buys_time() -> None:
    class Pausing(Body):
        async def receive(self) -> Message:
            await asyncio.sleep(0.01)
            return await super().receive()

    part = bytes(BYTES_A_SECOND)
    steady = Unread(CHUNKED, Pausing([part] * 5).receive, 0.9)
    for _ in range(6):
        await steady.receive()
    assert not steady.left


async def test_no_time_is_no_limit() -> None:
    unlimited = Unread(CHUNKED, Body([b"a"]).receive, None)
    assert (await unlimited.receive())["body"] == b"a"
