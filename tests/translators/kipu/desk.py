"""A KIPU instance and someone who drives flows against it, call by call, as the runner would but with nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import httpx

from gateway.faults import EmrUnsettled, Fault
from gateway.translation.contract import Account, Call, Chart, Flow, Linked, Moment, PullPage, Pushed, Reply
from gateway.translation.runner import may_have_acted
from gateway.translation.sandbox import Sandbox, SandboxSetup
from gateway.translation.wire import body_of
from translators.kipu import translator
from translators.kipu.sandbox import create

T = TypeVar("T")
NOW = datetime(2026, 4, 16, 15, 30, tzinfo=UTC)
SETTINGS = {"app_id": "sandbox-app", "api_version": "3", "poll_minutes": "60", "location_id": "2", "time_zone": ""}
SECRETS = {"access_id": "sandbox-access", "secret_key": "sandbox-secret"}


def account(mappings: Mapping[str, Mapping[str, str]] | None = None, **settings: str) -> Account:
    return Account(
        "demo",
        "kipu",
        "http://kipu.test",
        "https://gw.example",
        {**SETTINGS, **settings},
        SECRETS,
        mappings or {},
        lambda claims: "",
    )


class Lost(Exception):
    """The line went dead."""


def _said(call: Call) -> Iterator[tuple[str, str]]:
    return ((part.name, part.file.source if part.file else part.text) for part in call.parts)


@dataclass
class Desk:
    """One sandbox, its clock, the calls made so far; `cut` loses the answer of the call with that number."""

    account: Account = field(default_factory=account)
    now: datetime = NOW
    options: dict[str, str] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    cut: int | None = None
    claimed: set[str] = field(default_factory=set)
    """Patients whose create went out, and whether it was carried out is not known to be no."""
    patient: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    """What the store has, by source."""
    sandbox: Sandbox = field(init=False)
    client: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self.sandbox = create(SandboxSetup(clock=lambda: self.now, options=self.options))
        transport = httpx.ASGITransport(app=self.sandbox.app())
        self.client = httpx.AsyncClient(transport=transport, base_url="http://kipu.test")

    @property
    def moment(self) -> Moment:
        return Moment(self.now, "nonce")

    async def run(self, flow: Flow[T]) -> T:
        """Drive the flow to its end, with guards before their calls and faults thrown into it."""
        advance: Callable[[], tuple[Call, ...]] = partial(next, flow)
        while True:
            try:
                wanted = advance()
            except StopIteration as done:
                value: T = done.value
                return value
            try:
                advance = partial(flow.send, tuple([await self._one(call) for call in wanted]))
            except Fault as fault:
                advance = partial(flow.throw, fault)

    async def _one(self, call: Call) -> Reply:
        if call.guard is not None and (found := await self.run(call.guard())) is not None:
            return found
        if call.once and self.patient in self.claimed:
            raise EmrUnsettled("sent before")
        if call.once:
            self.claimed.add(self.patient)
        reply = await self.send(call)
        if call.once and not may_have_acted(reply.status):
            self.claimed.discard(self.patient)
        if reply.status >= 300 and reply.status not in call.accepts:
            raise translator.fault(reply)
        return reply

    async def send(self, call: Call, **headers: str) -> Reply:
        body = body_of(call, [self.files[part.file.source] for part in call.parts if part.file])
        request = self.client.build_request(call.method, call.path, params=call.query or None, content=body or None)
        target = request.url.raw_path.decode()
        request.headers.update(translator.authorize(self.account, call, target, body, None, self.moment))
        request.headers.update(headers)
        response = await self.client.send(request)
        self.calls.append((call.method, call.path))
        self.bodies.append(call.json if call.json is not None else dict(_said(call)))
        if self.cut is not None and len(self.calls) == self.cut:
            raise Lost
        return Reply(response.status_code, dict(response.headers), response.content, self.now)

    async def staff(self, command: str, **arguments: Any) -> dict[str, Any]:
        self.now += timedelta(minutes=1)
        response = await self.client.post(f"/_sandbox/{command}", json=arguments)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def push(self, chart: Chart, link: Linked) -> Pushed:
        self.patient = link.local_id
        return await self.run(translator.push(self.account, chart, link, self.moment))

    async def pull(
        self, cursor: str | None = None, known: tuple[Linked, ...] = (), types: frozenset[str] = frozenset()
    ) -> tuple[list[PullPage], str | None]:
        """All pages of one pull, and the cursor that is stored after it."""
        pages = []
        while True:
            page = await self.run(translator.pull(self.account, cursor, known, self.moment, types))
            pages.append(page)
            cursor = page.cursor
            if not page.more:
                return pages, cursor

    @property
    def charts(self) -> dict[str, Any]:
        found: dict[str, Any] = self.sandbox.state["patients"]
        return found

    def of(self, last_name: str) -> list[dict[str, Any]]:
        return [chart for chart in self.charts.values() if chart["last_name"] == last_name]
