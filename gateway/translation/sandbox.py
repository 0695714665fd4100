"""What the stand-ins for the vendors share: state in one JSON file, switchable faults, and commands of their staff.

A vendor's sandbox is written from the vendor's documentation, not from our adapter. Its entry point (group
`gateway.sandboxes`) is a function `(SandboxSetup) -> Sandbox`. Besides the vendor's own routes every sandbox serves
`GET /_sandbox` (its state, for people and tests), `POST /_sandbox/{command}` with a JSON object of arguments, and
`PUT /_sandbox/faults` with a JSON list of fault names.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

State = dict[str, Any]
Command = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]

SHARED_FAULTS: Mapping[str, str] = {
    "down": "every call is answered 503",
    "bad-gateway": "every call is answered 502",
    "nonsense": "every call is answered 200 with a web page",
    "slow": "every call takes three seconds longer",
    "drop-after-commit": "writes take place, but the answer is 504",
}


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Own:
    """A gateway that runs on a database of its own, with one organisation and a client that may do everything."""

    app: ASGIApp
    client_id: str
    client_secret: str = field(repr=False)


OwnGateway = Callable[[Path, str], AbstractAsyncContextManager[Own]]
"""Runs one, for the stand-in of an API that the gateway serves itself: the folder of its database, the organisation."""


@dataclass(slots=True)
class SandboxSetup:
    """How a sandbox is started. `gateway_url` is where the gateway publishes keys and takes webhooks."""

    state_file: Path | None = None
    faults: Sequence[str] = ()
    clock: Callable[[], datetime] = utc_now
    options: Mapping[str, str] = field(default_factory=dict)
    """Vendor-specific: credentials to accept, the gateway's JWKS URL, webhook addresses."""
    gateway: OwnGateway | None = None
    """For those who need one."""


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """How a gateway on the same machine connects to a sandbox that was started without options."""

    base_path: str = ""
    """Below the sandbox's own address."""
    settings: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    mappings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """kind → what the demo's CRM says → what this EMR says."""


@dataclass(slots=True)
class Sandbox:
    """A vendor's stand-in: routes over a state that survives restarts when it has a file."""

    name: str
    setup: SandboxSetup
    state: State
    """Plain JSON. Starts as given here, or as the state file has it."""
    routes: list[BaseRoute] = field(default_factory=list)
    commands: dict[str, Command] = field(default_factory=dict)
    vendor_faults: Mapping[str, str] = field(default_factory=dict)
    demo: DemoAccount = DemoAccount()
    faults: set[str] = field(default_factory=set)
    shown: Callable[[], Awaitable[State]] | None = None
    """What it holds, where that is not its state."""
    opened: Callable[[], AbstractAsyncContextManager[None]] | None = None
    """What has to be open while it is served."""

    def __post_init__(self) -> None:
        self.switch(self.setup.faults)
        if self.setup.state_file and self.setup.state_file.exists():
            self.state.update(json.loads(self.setup.state_file.read_text("utf-8")))

    def switch(self, names: Sequence[str]) -> None:
        known = {*SHARED_FAULTS, *self.vendor_faults}
        if unknown := sorted(set(names) - known):
            raise ValueError(f"unknown faults {unknown}; this sandbox has {sorted(known)}")
        self.faults = set(names)

    def save(self) -> None:
        if self.setup.state_file:
            beside = self.setup.state_file.with_suffix(".new")
            beside.write_text(json.dumps(self.state, indent=1), "utf-8")
            os.replace(beside, self.setup.state_file)

    def app(self) -> Starlette:
        control = [
            Route("/_sandbox", self._show),
            Route("/_sandbox/faults", self._switch, methods=["PUT"]),
            Route("/_sandbox/{command}", self._command, methods=["POST"]),
        ]
        app = Starlette(routes=[*control, *self.routes], lifespan=self._lifespan)
        app.add_middleware(_Faults, sandbox=self)
        return app

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        async with nullcontext() if self.opened is None else self.opened():
            yield

    async def _show(self, request: Request) -> Response:
        return JSONResponse(self.state if self.shown is None else await self.shown())

    async def _switch(self, request: Request) -> Response:
        try:
            self.switch(await request.json())
        except ValueError as error:
            return PlainTextResponse(str(error), 400)
        return JSONResponse(sorted(self.faults))

    async def _command(self, request: Request) -> Response:
        command = self.commands.get(request.path_params["command"])
        if command is None:
            return PlainTextResponse(f"commands of this sandbox: {sorted(self.commands)}", 404)
        arguments = await request.body()
        try:
            return JSONResponse(await command(json.loads(arguments) if arguments else {}))
        except (ValueError, KeyError) as error:
            return PlainTextResponse(f"{request.path_params['command']}: {error}", 400)


class _Faults:
    """Puts the shared faults in front of the vendor's routes, and saves the state after each request."""

    def __init__(self, app: ASGIApp, sandbox: Sandbox) -> None:
        self.app = app
        self.sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        faults = set() if scope["path"].startswith("/_sandbox") else self.sandbox.faults
        instead = await self._instead(faults)
        if instead is not None:
            await instead(scope, receive, send)
            return
        is_write = scope["method"] not in {"GET", "HEAD"} and not scope["path"].endswith("/token")
        hidden = "drop-after-commit" in faults and is_write
        await self.app(scope, receive, _swallow if hidden else send)
        self.sandbox.save()
        if hidden:
            await PlainTextResponse("Gateway Timeout", 504)(scope, receive, send)

    async def _instead(self, faults: set[str]) -> Response | None:
        if "slow" in faults:
            await asyncio.sleep(3)
        if "down" in faults:
            return PlainTextResponse("Service Unavailable", 503)
        if "bad-gateway" in faults:
            return PlainTextResponse("Bad Gateway", 502)
        if "nonsense" in faults:
            return HTMLResponse("<html><body>Scheduled maintenance</body></html>")
        return None


async def _swallow(message: Message) -> None:
    """Takes an answer and tells nobody."""
