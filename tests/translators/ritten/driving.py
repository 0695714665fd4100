"""Drives flows against a sandbox's ASGI app: a small runner without retries, cut wherever a test wants it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx

from gateway.translation.contract import Account, Call, Chart, Flow, Linked, Moment, Reply
from gateway.translation.rows import Resource
from gateway.translation.sandbox import Sandbox, SandboxSetup
from translators.ritten import translator
from translators.ritten.sandbox import create

T = TypeVar("T")
ORIGIN = "http://ritten.test"
MOMENT = Moment(datetime(2025, 3, 1, 12, tzinfo=UTC), "nonce")


class Cut(Exception):
    """The process ended here."""


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = MOMENT.now

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **span: float) -> None:
        self.now += timedelta(**span)


def account(**changes: Any) -> Account:
    facts: dict[str, Any] = {
        "org": "demo",
        "name": "clinic",
        "base_url": f"{ORIGIN}/v1",
        "public_url": "http://gateway.test",
        "settings": {"tenant": "ritclinic", "audience": "", "token_url": "", "poll_minutes": "60"},
        "secrets": {"client_id": "sandbox-client", "client_secret": "sandbox-secret"},
        "mappings": {},
        "assertion": lambda claims: "",
    }
    return Account(**{**facts, **changes})


@dataclass
class Clinic:
    """A sandbox, and an account on it."""

    clock: Clock = field(default_factory=Clock)
    options: Mapping[str, str] = field(default_factory=dict)
    account: Account = field(default_factory=account)
    sent: list[Call] = field(default_factory=list)
    cut_after: int | None = None
    token: str | None = None

    def __post_init__(self) -> None:
        self.sandbox: Sandbox = create(SandboxSetup(clock=self.clock, options=self.options))
        self.app = self.sandbox.app()

    async def __call__(self, flow: Flow[T]) -> T:
        try:
            calls = next(flow)
            while True:
                try:
                    replies = tuple([await self.attempt(call) for call in calls])
                except Cut:
                    raise
                except Exception as fault:
                    calls = flow.throw(fault)
                else:
                    calls = flow.send(replies)
        except StopIteration as stop:
            result: T = stop.value
            return result

    async def attempt(self, call: Call) -> Reply:
        if call.guard is not None:
            found = await self(call.guard())
            if found is not None:
                return found
        reply = await self.send(call)
        if not 200 <= reply.status < 300 and reply.status not in call.accepts:
            raise translator.fault(reply)
        return reply

    async def send(self, call: Call) -> Reply:
        if call.token is not None and self.token is None:
            minted = translator.token(self.account, call.token, MOMENT)
            assert minted is not None
            self.token = (await self(minted)).value
        if call.token is not None:
            if self.cut_after is not None and len(self.sent) >= self.cut_after:
                raise Cut
            self.sent.append(call)
        return await self.request(call)

    async def request(self, call: Call) -> Reply:
        token = self.token if call.token is not None else None
        url = call.path if call.path.startswith("http") else self.account.base_url + call.path
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=ORIGIN) as client:
            request = client.build_request(call.method, url, params=call.query or None, json=call.json)
            target = request.url.raw_path.decode()
            signed = translator.authorize(self.account, call, target, request.content, token, MOMENT)
            request.headers.update(signed)
            reply = await client.send(request)
        return Reply(reply.status_code, dict(reply.headers), reply.content)

    async def command(self, name: str, **arguments: Any) -> dict[str, Any]:
        return await self.sandbox.commands[name](arguments)

    def patients(self, last: str) -> list[dict[str, Any]]:
        return [patient for patient in self.sandbox.state["patients"] if patient["name"].get("last") == last]

    def payer(self, code: str) -> str:
        ids = {payer["payerIdentifier"]: payer["id"] for payer in self.sandbox.state["payers"]}
        return str(ids[code])


Driver = Callable[..., Clinic]


def chart(patient: Resource, *others: Resource, referenced: tuple[Resource, ...] = ()) -> Chart:
    resources: dict[str, tuple[Resource, ...]] = {}
    for other in others:
        resources[other["resourceType"]] = (*resources.get(other["resourceType"], ()), other)
    return Chart(patient, resources, {f"{item['resourceType']}/{item['id']}": item for item in referenced})


def patient(**changes: Any) -> Resource:
    """A patient as a CRM writes one, without `use` on the name."""
    return {
        "resourceType": "Patient",
        "id": "pat-1",
        "active": True,
        "deceasedBoolean": False,
        "name": [{"text": "Robin", "family": "Winter", "given": ["Robin"]}],
        "gender": "male",
        "birthDate": "2001-05-27",
        "telecom": [
            {"system": "phone", "value": "785-555-0142", "use": "home"},
            {"system": "email", "value": "robin@mail.example"},
        ],
        "address": [
            {
                "use": "home",
                "line": ["22 Home Street", "Unit 4"],
                "city": "Lawrence",
                "state": "Kansas",
                "postalCode": "66044",
            }
        ],
        "maritalStatus": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "code": "M"}],
            "text": "Married",
        },
        **changes,
    }


def payer(code: str = "60054", id: str = "org-1") -> Resource:
    return {
        "resourceType": "Organization",
        "id": id,
        "identifier": [{"system": "urn:crm:payers", "value": code}],
        "name": "Prairie",
    }


def coverage(**changes: Any) -> Resource:
    return {
        "resourceType": "Coverage",
        "id": "cov-1",
        "status": "active",
        "beneficiary": {"reference": "Patient/pat-1"},
        "subscriberId": "M42",
        "order": 1,
        "payor": [{"reference": "Organization/org-1"}],
        "relationship": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/subscriber-relationship", "code": "self"}]
        },
        **changes,
    }


LINK = Linked("pat-1")
