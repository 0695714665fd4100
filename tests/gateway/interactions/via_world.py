"""A gateway with eClinicalWorks' sandbox on its live road, or with whatever a test lets the EMR answer there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio
import structlog

from gateway.auth.scopes import Scopes
from gateway.auth.verification import Caller
from gateway.commands.connection import add_connection
from gateway.definitions.contract import Definitions
from gateway.sync.connections import Changed
from tests.gateway.conftest import NORTH, Fhir
from tests.gateway.sync.clinic import Clinic
from tests.gateway.sync.conftest import Prepared, opened, sandboxes
from tests.security.world import remember
from translators.ecw.sandbox import BASE

THEIRS = f"https://ecw.example{BASE}"
VIA = f"{NORTH}/via/ecw"
FHIR = "application/fhir+json"


class Pieces(httpx.AsyncByteStream):
    """A body that comes in pieces; one that is an exception is raised."""

    def __init__(self, pieces: Sequence[bytes | Exception]) -> None:
        self.pieces = pieces
        self.is_closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    async def aclose(self) -> None:
        self.is_closed = True


@dataclass
class Stub:
    """Answers FHIR requests itself and leaves the rest to the sandbox."""

    behind: httpx.AsyncBaseTransport
    body: Sequence[bytes | Exception]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": FHIR})
    asked: list[httpx.Request] = field(default_factory=list)
    streams: list[Pieces] = field(default_factory=list)
    hangs: bool = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not f"{request.url.path}/".startswith(f"{BASE}/") or request.url.path.endswith("smart-configuration"):
            return await self.behind.handle_async_request(request)
        self.asked.append(request)
        if self.hangs:
            raise httpx.ReadTimeout("no answer", request=request)
        self.streams.append(Pieces(self.body))
        return httpx.Response(self.status, headers=dict(self.headers), stream=self.streams[-1], request=request)


@dataclass
class Face:
    """What a client of the live face does."""

    clinic: Clinic
    callers: dict[str, Fhir] = field(default_factory=dict)

    async def connect_apart(self, name: str) -> str:
        """The same sandbox at another address, whose limits and tokens are its own; the base of its live face."""
        emr = self.clinic.emrs["ecw"]
        cast("dict[str, Any]", self.clinic.network.sandboxes)[name] = httpx.ASGITransport(emr.app())
        changed = Changed(dict(emr.demo.settings), dict(emr.demo.secrets))
        await add_connection(self.clinic.services, "north", name, "ecw", f"https://{name}.example{BASE}", changed)
        return f"{NORTH}/via/{name}"

    @property
    def calls(self) -> list[tuple[str, str]]:
        """FHIR requests that reached the EMR."""
        return [(method, path.removeprefix(BASE)) for _, method, path in self.clinic.network.calls if BASE in path]

    def client(self, scope: str = "system/*.rs", **more: Any) -> Fhir:
        """With a token that need not be issued."""
        name = repr((scope, sorted(more.items(), key=repr)))
        if name not in self.callers:
            caller = Caller(1, "north", "app", Scopes.parse(scope), **more)
            token = f"known.via{len(self.callers)}"
            remember(self.clinic.services.auth.verifier, token, caller)
            self.callers[name] = Fhir(self.clinic.fhir.http, VIA, token)
        return self.callers[name]

    async def get(self, path: str, scope: str = "system/*.rs", **more: Any) -> httpx.Response:
        return await self.client(scope).ask("GET", path, **more)

    async def theirs(self, path: str) -> bytes:
        """What the sandbox itself answers."""
        emr = self.clinic.emrs["ecw"]
        emr.state["tokens"]["direct"] = {"scope": "system/*.r", "expires": 1e12}
        transport = httpx.ASGITransport(emr.app())
        async with httpx.AsyncClient(transport=transport, headers={"Authorization": "Bearer direct"}) as http:
            return (await http.get(f"{THEIRS}/{path}")).content

    @contextmanager
    def fault(self, *names: str) -> Iterator[None]:
        emr = self.clinic.emrs["ecw"]
        emr.switch(names)
        try:
            yield
        finally:
            emr.switch(())

    @contextmanager
    def answering(self, *body: bytes | Exception, at: str = "ecw", **more: Any) -> Iterator[Stub]:
        transports = cast("dict[str, Any]", self.clinic.network.sandboxes)
        behind = transports[at]
        transports[at] = stub = Stub(behind, body, **more)
        try:
            yield stub
        finally:
            transports[at] = behind

    def closed(self) -> None:
        """Forget that the EMR hung."""
        for breaker in self.clinic.services.sync.runners.breakers._breakers.values():
            breaker.answered()


def links(bundle: Mapping[str, Any]) -> dict[str, str]:
    return {link["relation"]: link["url"] for link in bundle.get("link", ())}


def path_of(url: str) -> str:
    """Behind the base of the live face."""
    assert url.startswith(VIA), url
    parts = urlsplit(url.removeprefix(VIA))
    return parts.geturl().lstrip("/")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def face(
    prepared: Prepared, definitions: Definitions, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Face]:
    with structlog.testing.capture_logs(), prepared.original.copy(tmp_path_factory.mktemp("via")) as url:
        async with opened(url, definitions, sandboxes(), prepared) as clinic:
            await clinic.connect("ecw")
            yield Face(clinic)
