"""A KIPU instance and someone who drives flows against it, call by call, as the runner would but with nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx
import msgspec

from gateway.translation.contract import Account, Call, Chart, Flow, Linked, Moment, PullPage, Pushed, Reply
from gateway.translation.sandbox import Sandbox, SandboxSetup
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


@dataclass
class Desk:
    """One sandbox, its clock, the calls made so far; `cut` loses the answer of the call with that number."""

    account: Account = field(default_factory=account)
    now: datetime = NOW
    options: dict[str, str] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    cut: int | None = None
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
        answer: tuple[Reply, ...] | None = None
        while True:
            try:
                wanted = flow.send(answer) if answer is not None else next(flow)
            except StopIteration as done:
                value: T = done.value
                return value
            replies = tuple([await self._one(call) for call in wanted])
            bad = next(
                (r for c, r in zip(wanted, replies, strict=True) if r.status >= 300 and r.status not in c.accepts), None
            )
            if bad is not None:
                flow.throw(translator.fault(bad))
            answer = replies

    async def _one(self, call: Call) -> Reply:
        if call.guard is not None and (found := await self.run(call.guard())) is not None:
            return found
        return await self.send(call)

    async def send(self, call: Call, **headers: str) -> Reply:
        body = b"" if call.json is None else msgspec.json.encode(call.json)
        request = self.client.build_request(call.method, call.path, params=call.query or None, content=body or None)
        target = request.url.raw_path.decode()
        request.headers.update(translator.authorize(self.account, call, target, body, None, self.moment))
        request.headers.update(headers)
        response = await self.client.send(request)
        self.calls.append((call.method, call.path))
        self.bodies.append(call.json)
        if self.cut is not None and len(self.calls) == self.cut:
            raise Lost
        return Reply(response.status_code, dict(response.headers), response.content)

    async def staff(self, command: str, **arguments: Any) -> dict[str, Any]:
        self.now += timedelta(minutes=1)
        response = await self.client.post(f"/_sandbox/{command}", json=arguments)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def push(self, chart: Chart, link: Linked) -> Pushed:
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
