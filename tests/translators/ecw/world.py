"""A connection to the sandbox, the sandbox itself and a clock, without a network."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, TypeVar

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.translation.contract import Account, Chart, Flow, Linked, Moment, Pulled, Pushed, Replies, Reply
from gateway.translation.rate import Pace
from gateway.translation.runner import DIRECT, Delivery, Nothing, Runner, Step
from gateway.translation.sandbox import Sandbox, SandboxSetup
from gateway.translation.tokens import MemoryTokens
from translators.ecw import translator
from translators.ecw.sandbox import BASE, create
from translators.ecw.sandbox_data import MAIN

T = TypeVar("T")
KEY = RSAKey.generate_key(2048, {"kid": "gateway-1", "use": "sig"}, private=True)
HOST = "http://emr.test"
PUBLIC = "http://gateway.test"
SYSTEM = f"{PUBLIC}/fhir/r4/demo/NamingSystem/emr-id"
ASSIGNER = "urn:oid:2.16.840.1.113883.4.391.326070"
SETTINGS = {"token_url": "", "audience": "", "scope": "", "assigner_oid": "326070", "default_facility": MAIN}
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "local-1",
    "name": [{"family": "Tester", "given": ["Rowan", "Lee"], "text": "Rowan"}],
    "telecom": [{"system": "phone", "value": "9135550142", "use": "home"}],
    "gender": "female",
    "birthDate": "1990-04-17",
}


def assertion(claims: Mapping[str, Any], alg: str = "RS384", key: RSAKey = KEY, kid: str = "gateway-1") -> str:
    return jwt.encode({"alg": alg, "typ": "JWT", "kid": kid}, dict(claims), key, algorithms=[alg])


def account(settings: Mapping[str, str] | None = None, **mappings: Mapping[str, str]) -> Account:
    return Account(
        "demo", "emr", HOST + BASE, PUBLIC, {**SETTINGS, **(settings or {})}, {"client_id": "sandbox-client"}, mappings,
        assertion,
    )  # fmt: skip


async def _jwks(request: Request) -> Response:
    return JSONResponse(KeySet([KEY]).as_dict(private=False))


def jwks_transport() -> httpx.ASGITransport:
    return httpx.ASGITransport(Starlette(routes=[Route("/.well-known/jwks.json", _jwks)]))


@dataclass
class World:
    """Counts what reaches the EMR; `now` can be moved."""

    account: Account = field(default_factory=account)
    faults: Sequence[str] = ()
    now: datetime = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
    calls: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        setup = SandboxSetup(
            faults=self.faults, clock=lambda: self.now, options={"jwks_url": f"{PUBLIC}/.well-known/jwks.json"}
        )
        self.sandbox: Sandbox = create(setup, transport=jwks_transport())
        self._numbers: Iterator[int] = count()
        transport = httpx.ASGITransport(self.sandbox.app())
        self.http = httpx.AsyncClient(transport=transport, base_url=HOST, event_hooks={"request": [self._count]})
        self.tokens = MemoryTokens(lambda: self.now.timestamp())
        self.delivery = Once(lambda: self.now)

    async def _count(self, request: httpx.Request) -> None:
        self.calls.append((request.method, request.url.raw_path.decode().removeprefix(BASE)))

    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def nonce(self) -> str:
        return f"nonce-{next(self._numbers)}"

    def moment(self) -> Moment:
        return Moment(self.now, self.nonce())

    async def run(self, flow: Flow[T], step: Step = DIRECT, delivery: Delivery | None = None) -> T:
        runner = Runner(
            translator, self.account, client=self.http, tokens=self.tokens, clock=lambda: self.now, nonce=self.nonce,
            pace=Pace(),
        )  # fmt: skip
        return await runner.run(flow, step, delivery)

    async def push(self, patient: dict[str, Any], link: Linked, step: Step = DIRECT, **resources: Any) -> Pushed:
        chart = Chart(patient, {type: tuple(found) for type, found in resources.items()})
        return await self.run(translator.push(self.account, chart, link, self.moment()), step, self.delivery)

    async def pull(self, known: Sequence[Linked], types: frozenset[str] = frozenset()) -> list[Pulled]:
        charts: list[Pulled] = []
        cursor: str | None = None
        while True:
            page = await self.run(translator.pull(self.account, cursor, known, self.moment(), types))
            charts += page.charts
            cursor = page.cursor
            if not page.more:
                return charts

    async def staff(self, command: str, **arguments: Any) -> dict[str, Any]:
        reply = await self.http.post(f"/_sandbox/{command}", json=arguments)
        assert reply.status_code == 200, reply.text
        answer: dict[str, Any] = reply.json()
        return answer

    @property
    def patients(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self.sandbox.state["documents"]["Patient"]
        return found

    def writes(self) -> int:
        return sum(1 for method, path in self.calls if method == "POST" and path in ("", "/"))


class Once(Nothing):
    """What is written down of one patient's create."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.sent: datetime | None = None

    async def claim(self, settles: float | None = None) -> bool:
        if self.sent is not None and (settles is None or self.clock() < self.sent + timedelta(seconds=settles)):
            return False
        self.sent = self.clock()
        return True

    async def withdraw(self) -> None:
        self.sent = None


def cut_after(number: int) -> Step:
    """Steps that take place, the last of which is followed by a crash."""
    taken = count(1)

    async def step(name: str, attempt: Callable[[], Awaitable[Replies]], repeatable: bool) -> Replies:
        replies = await attempt()
        if next(taken) == number:
            raise Crashed
        return replies

    return step


class Crashed(Exception):
    """The process died after a step."""


def reply(body: Any, status: int = 200, **headers: str) -> Reply:
    return Reply(status, headers, body if isinstance(body, bytes) else json.dumps(body).encode())
