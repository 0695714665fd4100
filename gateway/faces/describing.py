"""A face's description below its root: openapi.json and the docs page, open to all, as they hold nothing of anybody."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import Any

import anyio
import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from gateway.console.pages import HEADERS
from gateway.faces.docs import STATIC, Static, page
from gateway.faces.openapi import JSON, document
from gateway.translation.face import Face

CACHE = "public, max-age=300"


class Description:
    """Made when it is first asked for."""

    def __init__(self, face: Face) -> None:
        self.face = face

    @cached_property
    def document(self) -> dict[str, Any]:
        return document(self.face)

    @cached_property
    def json(self) -> tuple[bytes, str]:
        """With its entity tag."""
        body = msgspec.json.encode(self.document)
        return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'

    @cached_property
    def page(self) -> str:
        return page(self.face, self.document)

    async def openapi(self, request: Request) -> Response:
        body, etag = await anyio.to_thread.run_sync(lambda: self.json)
        headers = {"ETag": etag, "Cache-Control": CACHE}
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers, media_type=JSON)

    async def docs(self, request: Request) -> Response:
        return HTMLResponse(await anyio.to_thread.run_sync(lambda: self.page), headers=HEADERS)


def description_routes(face: Face) -> list[BaseRoute]:
    """Before those of the operations: an organisation of one of these names keeps all its addresses but these."""
    description = Description(face)
    return [
        Route(f"{face.root}/openapi.json", description.openapi),
        Route(f"{face.root}/docs", description.docs),
        Mount(f"{face.root}{STATIC}", Static(packages=[("gateway.faces", "static")])),
    ]
