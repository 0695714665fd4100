"""A request's body: waited for within bounds, and what nobody has read of it taken before a refusal is sent."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.types import Message, Receive

from gateway.faults import TooSlow
from gateway.negotiation import MAX_BODY

MOST = 2 * MAX_BODY
"""Bytes of one body that are read and thrown away; who sends more is answered while it sends, and cut off."""
PATIENCE_S = 5
"""For the next part of it, and in all:"""
LONGEST_S = 60
BYTES_A_SECOND = 500
"""Each of so many bytes buys a second more: slow lines are waited for, drops are not."""
SLOW = "The body came too slowly; send it at {} bytes a second or more"


class Unread:
    """A refusal may be sent before the body was read, or when it was found to be too large half way.

    Most clients write all of their body before they read: an answer sent before then, and the connection closed with
    bytes unread, is a reset to them (RFC 9112, 9.6). So the rest is taken first, within bounds.
    """

    def __init__(self, headers: list[tuple[bytes, bytes]], receive: Receive, seconds: float | None = None) -> None:
        """`seconds` of waiting are what the client has to begin with; None: no limit."""
        self._receive = receive
        self._seconds = seconds
        found = dict(headers)
        length = found.get(b"content-length", b"0")
        declared = int(length[:20]) if length.isdigit() else 0
        self.left = declared > 0 or b"transfer-encoding" in found
        self._budget = MOST if declared <= MOST else 0

    async def receive(self) -> Message:
        """Raises TooSlow."""
        message = await (self._receive() if self._seconds is None or not self.left else self._in_time(self._seconds))
        if message["type"] != "http.request" or not message.get("more_body", False):
            self.left = False
        self._budget -= len(message.get("body", b""))
        return message

    async def _in_time(self, seconds: float) -> Message:
        clock = asyncio.get_running_loop().time
        begun = clock()
        try:
            async with asyncio.timeout(seconds):
                message = await self._receive()
        except TimeoutError:
            self._budget = 0
            raise TooSlow(SLOW.format(BYTES_A_SECOND)) from None
        earned = len(message.get("body", b"")) / BYTES_A_SECOND
        self._seconds = max(seconds - (clock() - begun), 0.0) + earned
        return message

    async def take(self) -> None:
        """Afterwards `left` tells whether there is more than was to be taken."""
        clock = asyncio.get_running_loop().time
        end = clock() + LONGEST_S
        with suppress(TimeoutError, TooSlow):
            async with asyncio.timeout(PATIENCE_S) as patience:
                while self.left and self._budget > 0:
                    await self.receive()
                    patience.reschedule(min(clock() + PATIENCE_S, end))
