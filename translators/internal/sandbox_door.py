"""The door of the sandbox: Crosswalk's own face on a database of its own, behind one fixed token.

Behind the door everybody comes with an access token of the gateway's own token endpoint. The fixed token is the
sandbox's: the door has a client of its own, gets such a token for it, and puts it in the place of the fixed one.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.faults import Misconfigured
from gateway.translation.sandbox import Own, SandboxSetup
from translators.internal.sandbox_start import starting_bundle

TOKEN, ORG = "sandbox-token", "demo"
SCOPE = "system/*.cruds"
ANYWHERE = "https://practice.example"
EARLY = timedelta(minutes=1)
REQUEST = frozenset(
    ("type", "asgi", "http_version", "method", "scheme", "path", "raw_path", "query_string", "client", "server")
)
"""What of a scope is the request's; the rest is what our own routes have made of it."""


class RefusedByApi(ValueError):
    """What the API refuses, it refuses the practice's staff too."""


@dataclass(slots=True)
class Door:
    """An ASGI application."""

    setup: SandboxSetup
    before: Callable[[Scope], Any] | None = None
    """What happens just before a request is served; a coroutine function."""
    _own: Own | None = None
    _http: httpx.AsyncClient | None = None
    _token: str = field(default="", repr=False)
    _until: datetime | None = None

    @property
    def org(self) -> str:
        return self.setup.options.get("org_id", ORG)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """The database lies beside the state file, so that it survives; else it goes with the process."""
        if self.setup.gateway is None:
            raise Misconfigured("this sandbox needs the gateway itself: run it with `crosswalk sandbox`")
        file = self.setup.state_file
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(TemporaryDirectory())) if file is None else file.with_suffix("")
            self._own = await stack.enter_async_context(self.setup.gateway(folder, self.org))
            transport = httpx.ASGITransport(self._own.app)
            self._http = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url=ANYWHERE))
            await self._stock()
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.before is not None:
            await self.before(scope)
        headers = [(name, await self._admitted(name, value)) for name, value in scope["headers"]]
        own = {name: scope[name] for name in REQUEST if name in scope}
        await self._app({**own, "headers": headers}, receive, send)

    async def ask(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        """An operation of the API, as its staff's own programs call it; `path` is below the organisation."""
        return await self._asked(method, f"/api/v1/{self.org}{path}", body, query)

    @property
    def _app(self) -> ASGIApp:
        if self._own is None:
            raise RuntimeError("the sandbox is not open")
        return self._own.app

    async def _admitted(self, name: bytes, value: bytes) -> bytes:
        scheme, _, token = value.partition(b" ")
        fixed = self.setup.options.get("token", TOKEN).encode()
        if name != b"authorization" or scheme.lower() != b"bearer" or not hmac.compare_digest(token.strip(), fixed):
            return value
        return f"Bearer {await self._real_token()}".encode()

    async def _real_token(self) -> str:
        now = self.setup.clock()
        if self._until is None or now >= self._until:
            own, http = self._own, self._http
            if own is None or http is None:
                raise RuntimeError("the sandbox is not open")
            form = {"grant_type": "client_credentials", "scope": SCOPE}
            answer = await http.post(f"/oauth/{self.org}/token", data=form, auth=(own.client_id, own.client_secret))
            made = answer.raise_for_status().json()
            self._token, self._until = made["access_token"], now + timedelta(seconds=made["expires_in"]) - EARLY
        return self._token

    async def _stock(self) -> None:
        """What a new practice starts with."""
        found = await self._asked("GET", f"/fhir/r4/{self.org}/Patient", None, {"_summary": "count"})
        if not found["total"]:
            await self._asked("POST", f"/fhir/r4/{self.org}", starting_bundle(), {})

    async def _asked(self, method: str, path: str, body: Any, query: dict[str, str]) -> Any:
        if self._http is None:
            raise RuntimeError("the sandbox is not open")
        type = "application/fhir+json" if path.startswith("/fhir") else "application/json"
        headers = {"Authorization": f"Bearer {await self._real_token()}", "Content-Type": type}
        content = None if body is None else json.dumps(body)
        answer = await self._http.request(method, path, params=query, content=content, headers=headers)
        if not answer.is_success:
            raise RefusedByApi(f"{answer.status_code} {answer.text}")
        return answer.json() if answer.content else None
