"""A gateway whose deliveries the test performs itself, and the receiver at the other end."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
import pytest

from gateway.services import Services
from gateway.subscriptions.sending import Sender
from gateway.sync.patience import Patience
from tests.gateway.conftest import Fhir, Wakes
from tests.gateway.subscriptions.wishes import SECRET_TEXT, with_secret

Json = dict[str, Any]
NOW_S = 1_800_000_000.0


@dataclass
class Receiver:
    """Takes notifications as a CRM would, once its signature holds; `status` is what it answers."""

    status: int = 200
    got: list[httpx.Request] = field(default_factory=list)
    failure: Exception | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.failure is not None:
            raise self.failure
        self.got.append(request)
        return httpx.Response(self.status, text="thank you")

    @property
    def bundles(self) -> list[Json]:
        return [json.loads(request.content) for request in self.got]

    def told(self, type: str) -> list[Json]:
        """The notifications of a type."""
        return [bundle for bundle in self.bundles if parameter(bundle, "type")["valueCode"] == type]


def parameter(bundle: Json, name: str) -> Json:
    found = [each for each in bundle["entry"][0]["resource"]["parameter"] if each["name"] == name]
    return found[0] if found else {}


def events(bundle: Json) -> list[Json]:
    """Of a notification: part name → part, for each event."""
    parameters = bundle["entry"][0]["resource"]["parameter"]
    return [
        {part["name"]: part for part in each["part"]} for each in parameters if each["name"] == "notification-event"
    ]


def numbers(bundles: list[Json]) -> list[int]:
    return [int(event["event-number"]["valueString"]) for bundle in bundles for event in events(bundle)]


def verified(header: str, body: bytes, secret: str) -> int:
    """The instant that was signed; written from the description of the header alone."""
    fields = dict(part.split("=", 1) for part in header.split(","))
    expected = hmac.new(secret.encode(), fields["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(expected, fields["v1"])
    return int(fields["t"])


@dataclass
class Line:
    """The gateway's deliveries, one wake at a time."""

    services: Services
    client: Fhir
    wakes: Wakes
    receiver: Receiver
    seconds: float = NOW_S
    waiting: list[tuple[float, Any]] = field(default_factory=list)
    """Wakes whose time has not come: (delay, wake)."""

    async def deliver(self) -> None:
        """Everything that is due now."""
        while self.wakes.made:
            wake, delay = self.wakes.made.pop(0), self.wakes.delays.pop(0)
            if delay:
                self.waiting.append((delay, wake))
            else:
                await self.perform(wake)

    async def perform(self, wake: Any) -> None:
        while await self.services.subscriptions.delivery.perform(wake):
            wake = type(wake)(wake.org, wake.id, "events")

    async def later(self) -> float:
        """The next wake that waits for its time, and all that follows at once; answers how long it had to wait."""
        delay, wake = self.waiting.pop(0)
        await self.perform(wake)
        await self.deliver()
        return delay

    async def subscribe(self, wished: Json) -> str:
        made = await self.client.create(with_secret(wished))
        await self.deliver()
        return cast(str, made["id"])

    async def read(self, id: str) -> Json:
        return cast(Json, (await self.client.ask("GET", f"Subscription/{id}")).json())


@pytest.fixture
async def line(services: Services, client: Fhir, wakes: Wakes) -> AsyncIterator[Line]:
    receiver = Receiver()
    async with httpx.AsyncClient(transport=httpx.MockTransport(receiver)) as http:
        made = Line(services, client, wakes, receiver)
        delivery = services.subscriptions.delivery
        delivery.sender = Sender(http, lambda: made.seconds)
        delivery.patience = Patience(pauses=(), delays=(5, 30, 120))
        yield made


Signed = Callable[[httpx.Request], int]


@pytest.fixture
def signed() -> Signed:
    def check(request: httpx.Request) -> int:
        return verified(request.headers["x-crosswalk-signature"], request.content, SECRET_TEXT)

    return check
