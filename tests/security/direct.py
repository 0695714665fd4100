"""FHIR clients that call the application itself: of a request that takes it tenths of a millisecond, an HTTP client's
own work would be most."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Scope

from tests.gateway.conftest import FHIR_JSON, Answer, Fhir
from tests.security.world import World

FIXED = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "root_path": "", "client": ("127.0.0.1", 1)}


@dataclass
class Direct(Fhir):
    """The same as Fhir, whose addresses and headers here are plain ASCII."""

    app: ASGIApp

    async def ask(
        self, method: str, path: str = "", body: Any = None, /, headers: dict[str, str] | None = None, **more: Any
    ) -> Answer:
        sent = {"Host": "gateway.example", "Authorization": f"Bearer {self.token}"}
        content = b""
        if body is not None:
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            sent |= {"Content-Type": FHIR_JSON, "Content-Length": str(len(content))}
        url = urlsplit(f"{self.base}/{path}" if path else self.base)
        scope: Scope = {
            **FIXED, "method": method, "scheme": url.scheme, "server": (url.hostname, 443),
            "path": url.path, "raw_path": url.path.encode(), "query_string": url.query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in {**sent, **(headers or {})}.items()],
        }  # fmt: skip
        return await answer(self.app, scope, content)


async def answer(app: ASGIApp, scope: Scope, content: bytes) -> Answer:
    told: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": content}

    async def send(message: Message) -> None:
        told.append(message)

    await app(scope, receive, send)
    start, *parts = told
    return Answer(start["status"], headers=start["headers"], content=b"".join(part["body"] for part in parts))


@dataclass
class DirectWorld(World):
    """A world whose callers are such clients."""

    app: ASGIApp | None = None

    def client(self, base: str, token: str) -> Fhir:
        assert self.app is not None
        return Direct(self.http, base, token, self.app)
