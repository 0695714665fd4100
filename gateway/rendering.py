"""How answers go out: interactions answer resources as JSON bytes, and here they take the form the client asked for.

XML and `_pretty` (formats.py), gzip (RFC 9110, 8.4), and no body to HEAD (9.3.2). Answers that are no resources pass
through as they are. An answer that does not say how long it is comes piece by piece, and goes out so.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import MutableMapping
from typing import Any

import anyio
import msgspec
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.faces.refusals import JSON, face_of
from gateway.faults import ClientFault
from gateway.formats import FHIR_JSON, PLAIN, Format, Wanted, wanted
from gateway.xml.encode import xml_from_json

WORTH_PACKING = 1024
"""Less than this grows nearly as often as it shrinks."""
ASIDE = 64 * 1024
"""Answers beyond this many bytes are rendered in a thread, so that other requests need not wait."""
LEVEL = 4
NOTHING = re.compile(r"q=0(\.0*)?", re.ASCII)


class Rendering:
    """ASGI middleware around the routes, inside the envelope."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            send = _Answer(scope, send).take
        await self.app(scope, receive, send)


class _Answer:
    """One answer on its way out; a resource is held back until it is whole."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.scope = scope
        self.send = send
        self.start: Message | None = None
        self.parts: list[bytes] = []
        self.packer: zlib._Compress | None = None

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start" and self._is_streamed(message):
            await self._begin_packed(message)
        elif message["type"] == "http.response.start" and self._is_held(message):
            self.start = message
        elif self.packer is not None and message["type"] == "http.response.body":
            await self.send(packed_part(message, self.packer))
        elif self.start is None:
            await self.send(without_body(message) if self.scope["method"] == "HEAD" else message)
        elif message["type"] == "http.response.body":
            self.parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                await self._send_rendered(self.start, b"".join(self.parts))

    @property
    def _rendered_type(self) -> str:
        return FHIR_JSON if face_of(self.scope) is None else JSON

    def _is_streamed(self, start: Message) -> bool:
        """Rendered otherwise than in JSON it would have to be held."""
        is_open = "content-length" not in Headers(raw=start["headers"])
        return is_open and self._is_held(start) and self._wanted() is PLAIN

    async def _begin_packed(self, start: Message) -> None:
        headers = MutableHeaders(raw=list(start["headers"]))
        headers.add_vary_header("Accept, Accept-Encoding")
        headers["Content-Encoding"] = "gzip"
        if self.scope["method"] != "HEAD":
            self.packer = zlib.compressobj(LEVEL, zlib.DEFLATED, zlib.MAX_WBITS | 16)
        await self.send({**start, "headers": headers.raw})

    def _is_held(self, start: Message) -> bool:
        if not Headers(raw=start["headers"]).get("content-type", "").startswith(self._rendered_type):
            return False
        return self._wanted() is not PLAIN or accepts_gzip(self.scope)

    def _wanted(self) -> Wanted:
        """What it was that could not be had is told in JSON. The other faces' APIs have one form only."""
        if face_of(self.scope) is not None:
            return PLAIN
        try:
            return wanted(Request(self.scope))
        except ClientFault:
            return PLAIN

    async def _send_rendered(self, start: Message, json: bytes) -> None:
        wanted, packed = self._wanted(), accepts_gzip(self.scope)
        if len(json) > ASIDE:
            body, packed = await anyio.to_thread.run_sync(render, json, wanted, packed)
        else:
            body, packed = render(json, wanted, packed)
        headers = MutableHeaders(raw=list(start["headers"]))
        headers["Content-Length"] = str(len(body))
        if wanted is not PLAIN:
            headers["Content-Type"] = wanted.format.content_type
        headers.add_vary_header("Accept, Accept-Encoding")
        if packed:
            headers["Content-Encoding"] = "gzip"
        await self.send({**start, "headers": headers.raw})
        await self.send({"type": "http.response.body", "body": b"" if self.scope["method"] == "HEAD" else body})


def render(json: bytes, wanted: Wanted, packed: bool) -> tuple[bytes, bool]:
    """The body as it goes out, and whether it is packed."""
    body = json
    if json and wanted.format is Format.XML:
        body = xml_from_json(json, pretty=wanted.pretty)
    elif json and wanted.pretty:
        body = msgspec.json.format(json, indent=2)
    packed = packed and len(body) >= WORTH_PACKING
    return (gzip.compress(body, LEVEL, mtime=0) if packed else body), packed


def accepts_gzip(scope: Scope) -> bool:
    """gzip, or anything, of a weight above 0 (RFC 9110, 12.5.3)."""
    for coding in ",".join(Headers(scope=scope).getlist("accept-encoding")).lower().split(","):
        name, _, parameters = coding.strip().partition(";")
        if name.strip() in ("gzip", "x-gzip", "*"):
            return NOTHING.fullmatch(parameters.replace(" ", "")) is None
    return False


def packed_part(message: Message, packer: zlib._Compress) -> Message:
    """Flushed, so that the client has now what there is now."""
    is_last = not message.get("more_body", False)
    body = packer.compress(message.get("body", b"")) + packer.flush(zlib.Z_FINISH if is_last else zlib.Z_SYNC_FLUSH)
    return {**message, "body": body}


def without_body(message: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {**message, "body": b""} if message["type"] == "http.response.body" else message
