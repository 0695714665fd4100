"""An EMR's answer whose body is read piece by piece, unpacked, as it comes."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass

import anyio
import httpx

from gateway.faults import EmrNonsense, EmrUnreachable
from gateway.translation.contract import Reply
from gateway.translation.wire import headers_of, network_faults

PIECE = 64 * 1024
"""Bytes at most that one piece is unpacked to."""
PACKED = frozenset({"gzip", "x-gzip"})
GZIP = zlib.MAX_WBITS | 16
TRUNCATED = "The EMR's answer ends before it is whole"


@dataclass(frozen=True, slots=True)
class Streamed:
    """Open until it is closed."""

    response: httpx.Response
    hung: Callable[[], None]
    """Told when the body stops coming."""

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        return headers_of(self.response)

    async def close(self) -> None:
        with anyio.CancelScope(shield=True):
            await self.response.aclose()

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body; no piece is long, however well it was packed. Raises EmrFault where it does not go on."""
        unpack = _unpacking(self.response.headers.get("content-encoding", ""))
        raw = self.response.aiter_raw()
        while True:
            try:
                with network_faults(self.response.url):
                    packed = await anext(raw, None)
            except EmrUnreachable as fault:
                if fault.hung:
                    self.hung()
                raise
            if packed is None:
                break
            for piece in unpack.pieces(packed):
                yield piece
        unpack.end()

    async def whole(self, limit: int) -> Reply:
        """The body in one piece; raises EmrNonsense when it is longer."""
        body = bytearray()
        async for piece in self.pieces():
            body += piece
            if len(body) > limit:
                raise EmrNonsense(f"The EMR's answer is longer than {limit // 1024} KiB, which is the limit here")
        return Reply(self.status, self.headers, bytes(body))


class _Plain:
    """What was not packed."""

    def pieces(self, packed: bytes) -> Iterator[bytes]:
        yield packed

    def end(self) -> None:
        """Nothing tells where it should end."""


class _Gzip(_Plain):
    """One member of gzip (RFC 1952)."""

    def __init__(self) -> None:
        self._unpacker = zlib.decompressobj(GZIP)

    def pieces(self, packed: bytes) -> Iterator[bytes]:
        while packed and not self._unpacker.eof:
            try:
                piece = self._unpacker.decompress(packed, PIECE)
            except zlib.error:
                raise EmrNonsense("The EMR's answer cannot be unpacked: its Content-Encoding is wrong") from None
            packed = self._unpacker.unconsumed_tail
            if piece:
                yield piece

    def end(self) -> None:
        if not self._unpacker.eof:
            raise EmrNonsense(TRUNCATED)


def _unpacking(encoding: str) -> _Plain:
    name = encoding.strip().lower()
    if name in PACKED:
        return _Gzip()
    if name not in ("", "identity"):
        raise EmrNonsense("The EMR's answer has a Content-Encoding that was not asked for")
    return _Plain()
