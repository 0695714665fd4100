"""Drives flows against the sandbox, without the runner: what a test needs of it in a few lines."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

import httpx

from gateway.translation.contract import Account, Call, Chart, Flow, Linked, Moment, Pushed, Reply
from gateway.translation.sandbox import Sandbox
from gateway.translation.wire import ENCODER
from translators.internal import translator

T = TypeVar("T")
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Cut(Exception):
    """The process dies after so many answers."""


def account(mappings: Mapping[str, Mapping[str, str]] | None = None, **settings: str) -> Account:
    return Account(
        org="demo",
        name="practice",
        base_url="https://practice.example",
        public_url="https://gateway.example",
        settings={"org_id": "demo", "poll_minutes": "15", **settings},
        secrets={"token": "sandbox-token"},
        mappings=mappings or {},
        assertion=lambda claims: "",
    )


class World:
    """A sandbox and a client for it, with the calls that were made."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        transport = httpx.ASGITransport(sandbox.app())
        self.client = httpx.AsyncClient(transport=transport, base_url="https://practice.example")
        self.account = account()
        self.calls: list[Call] = []
        self.answers = 10_000

    async def patients(self) -> dict[str, dict[str, Any]]:
        """By their keys; those in the archive too."""
        found: dict[str, dict[str, Any]] = (await self.client.get("/_sandbox")).raise_for_status().json()["patients"]
        return found

    async def patient(self, key: str | None) -> dict[str, Any]:
        return (await self.patients())[key or ""]

    def moment(self) -> Moment:
        return Moment(datetime.now(UTC), "nonce")

    async def run(self, flow: Flow[T]) -> T:
        replies: tuple[Reply, ...] | None = None
        fault: Exception | None = None
        while True:
            try:
                calls = flow.throw(fault) if fault else next(flow) if replies is None else flow.send(replies)
            except StopIteration as end:
                value: T = end.value
                return value
            made = [await self.make(call) for call in calls]
            bad = [
                r for r, c in zip(made, calls, strict=True) if not 200 <= r.status < 300 and r.status not in c.accepts
            ]
            fault, replies = (translator.fault(bad[0]) if bad else None), tuple(made)

    async def make(self, call: Call) -> Reply:
        if call.guard is not None and (found := await self.run(call.guard())) is not None:
            return found
        self.answers -= 1
        self.calls.append(call)
        target = call.path + (f"?{urlencode(call.query)}" if call.query else "")
        body = b"" if call.json is None else ENCODER.encode(call.json)
        headers = dict(call.headers) | dict(translator.authorize(self.account, call, target, body, None, self.moment()))
        if body:
            headers["Content-Type"] = "application/json"
        answer = await self.client.request(call.method, target, content=body, headers=headers)
        if self.answers < 0:
            raise Cut
        names = {name.lower(): value for name, value in answer.headers.items()}
        return Reply(answer.status_code, names, answer.content)

    async def push(self, chart: Chart, link: Linked) -> Pushed:
        return await self.run(translator.push(self.account, chart, link, self.moment()))

    async def staff(self, command: str, **arguments: Any) -> dict[str, Any]:
        answer = await self.client.post(f"/_sandbox/{command}", json=arguments)
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    async def api(self, method: str, path: str, body: Any = None) -> Any:
        """An operation, as the staff's own program calls it."""
        headers = {"Authorization": "Bearer sandbox-token"}
        answer = await self.client.request(method, f"/api/v1/demo{path}", json=body, headers=headers)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def fault(self, *names: str) -> None:
        answer = await self.client.put("/_sandbox/faults", json=list(names))
        assert answer.status_code == 200
