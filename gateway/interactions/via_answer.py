"""The bytes of an EMR as an answer of ours: begun when their beginning is known to be good, and closed at any end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing

import structlog
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from gateway.faults import Fault, NotAcceptable
from gateway.translation.streamed import Streamed

STALLED_S = 60.0
"""How long a client may leave a piece lying; the EMR's connection is not held for longer."""
RENDERED = 16 * 1024 * 1024
"""Bytes of an answer that may be rendered in another form, which takes all of it at once."""
log = structlog.get_logger()


class BrokenOff(Exception):
    """An answer that had begun cannot be ended. It never gets to the client but as a broken connection."""


class Passage(StreamingResponse):
    """An answer whose length nobody knows."""

    def __init__(
        self, upstream: Streamed, first: bytes, rest: AsyncIterator[bytes], headers: Mapping[str, str], type: str
    ) -> None:
        super().__init__(_joined(first, rest), 200, headers, type)
        self._upstream = upstream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "HEAD":
            self.body_iterator = _nothing()
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._upstream.close()

    async def stream_response(self, send: Send) -> None:
        async def patiently(message: Message) -> None:
            async with asyncio.timeout(STALLED_S):
                await send(message)

        try:
            await super().stream_response(patiently)
        except (Fault, TimeoutError) as error:
            log.warning("answer broken off", kind=type(error).__name__)
            raise BrokenOff("the EMR's answer could not be passed on to its end") from None


async def begun(body: AsyncIterator[bytes]) -> bytes:
    """The first piece; what is wrong until there raises as a fault that can still be answered."""
    return await anext(body, b"")


async def collected(first: bytes, rest: AsyncIterator[bytes]) -> bytes:
    """All of it, for those who want it rendered."""
    whole = bytearray(first)
    async for piece in rest:
        whole += piece
        if len(whole) > RENDERED:
            raise NotAcceptable("This answer is too long for XML or _pretty; ask for JSON as it comes", "_format")
    return bytes(whole)


async def _joined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async with aclosing(rest) as pieces:  # type: ignore[type-var]
        async for piece in pieces:
            yield piece


async def _nothing() -> AsyncIterator[bytes]:
    """Of the answer to HEAD."""
    yield b""
