"""The whole application in process: a migrated store with two organisations, and tokens of the real token endpoint."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import structlog
from sqlmodel import Session
from starlette.applications import Starlette

from gateway.app import create_app
from gateway.audit.trail import Trail
from gateway.auth.authority import Auth, Realm
from gateway.auth.clients import Registration, add_client
from gateway.auth.secrets import SecretBox
from gateway.definitions import load
from gateway.definitions.contract import Definitions
from gateway.services import Services
from gateway.settings import Settings
from gateway.store.contract import Stored, Transaction
from gateway.store.dialect import open_engine
from gateway.store.migrations import migrate
from gateway.store.open import open_store, system_clock
from gateway.store.tables import Organisation
from gateway.subscriptions.orders import Wake
from gateway.subscriptions.subscriptions import Subscriptions
from gateway.sync.ownership import Ownership
from tests.databases import Original

PUBLIC = "https://gateway.example"
NORTH, SOUTH = f"{PUBLIC}/fhir/r4/north", f"{PUBLIC}/fhir/r4/south"
EVERYTHING = "system/*.cruds"
BOX = SecretBox(["a secret for tests only"])
FHIR_JSON = "application/fhir+json"

Answer = httpx.Response
GetToken = Callable[..., Awaitable[str]]


@dataclass(frozen=True)
class Template:
    """A database to copy for each test, and the clients registered in it: slug → (id, secret)."""

    original: Original
    clients: dict[str, tuple[str, str]]
    tokens: dict[tuple[str, str], str] = field(default_factory=dict)
    """Issued so far, by organisation and scope; copies of the file hold the key that signed them."""


@dataclass
class Outbox:
    """Stands in for sync's: remembers what was handed over, and can fail as a database might."""

    handed: list[list[str]] = field(default_factory=list)
    failure: Exception | None = None

    def written(self, transaction: Transaction, realm: Realm, changes: Sequence[Stored]) -> None:
        assert transaction.org == realm.org
        if self.failure is not None:
            raise self.failure
        self.handed.append([f"{change.type}/{change.id}/{change.version}" for change in changes])


@dataclass
class Wakes:
    """Stands in for the queue of deliveries."""

    made: list[Wake] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)

    def enqueue(self, transaction: Transaction, wake: Wake, delay: float) -> None:
        self.made.append(wake)
        self.delays.append(delay)


@dataclass
class SyncWithOutbox:
    """The parts of sync that the FHIR face calls."""

    outbox: Outbox
    ownership: Ownership = field(default_factory=lambda: Ownership({}))


@dataclass
class Fhir:
    """A FHIR client of one organisation, with a token."""

    http: httpx.AsyncClient
    base: str
    token: str | None

    async def ask(
        self, method: str, path: str = "", body: Any = None, /, headers: dict[str, str] | None = None, **more: Any
    ) -> Answer:
        """`body`: bytes as they are, or anything that JSON can say. A header given as "" is not sent."""
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if body is not None:
            sent["Content-Type"] = FHIR_JSON
            more["content"] = body if isinstance(body, bytes) else json.dumps(body).encode()
        encoded = {name: value.encode("latin-1") for name, value in {**sent, **(headers or {})}.items() if value}
        url = f"{self.base}/{path}" if path else self.base
        return await self.http.request(method, url, headers=cast(dict[str, str], encoded), **more)

    async def create(self, resource: dict[str, Any]) -> dict[str, Any]:
        answer = await self.ask("POST", resource["resourceType"], resource)
        assert answer.status_code == 201, answer.text
        return cast("dict[str, Any]", answer.json())

    async def transaction(self, *entries: dict[str, Any], **more: Any) -> Answer:
        return await self.ask("POST", "", bundle(*entries), **more)

    async def total(self, search: str) -> int:
        type, _, criteria = search.partition("?")
        answer = await self.ask("GET", f"{type}?{criteria}&_summary=count")
        assert answer.status_code == 200, answer.text
        return int(answer.json()["total"])


def bundle(*entries: dict[str, Any], type: str = "transaction") -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": type, "entry": list(entries)}


def entry(method: str, url: str, resource: dict[str, Any] | None = None, **request: str) -> dict[str, Any]:
    """An entry; `fullUrl` among the keywords belongs to it, the others to its request."""
    full_url = request.pop("fullUrl", None)
    made: dict[str, Any] = {"request": {"method": method, "url": url, **request}}
    if resource is not None:
        made["resource"] = resource
    if full_url is not None:
        made["fullUrl"] = full_url
    return made


def patient(family: str = "Example", **more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "name": [{"family": family}], **more}


def identified(value: str, **more: Any) -> dict[str, Any]:
    return patient(identifier=[{"system": "https://crm.example/id", "value": value}], **more)


def issue(answer: Answer | dict[str, Any]) -> dict[str, Any]:
    """The first issue of an OperationOutcome, which the body has to be."""
    outcome = answer if isinstance(answer, dict) else answer.json()
    if not isinstance(answer, dict):
        assert answer.headers["content-type"] == f"{FHIR_JSON};charset=utf-8"
    assert outcome["resourceType"] == "OperationOutcome"
    assert outcome["issue"][0]["diagnostics"]
    return cast("dict[str, Any]", outcome["issue"][0])


@pytest.fixture(scope="session")
def definitions() -> Definitions:
    return load()


@pytest.fixture(scope="session")
def template(new_original: Callable[[], Original], definitions: Definitions) -> Template:
    original = new_original()
    migrate(original.url)
    engine = open_engine(original.url)
    clients = {}
    auth = Auth(engine, Settings(public_url=PUBLIC), BOX, cast(httpx.AsyncClient, None), definitions.all_types)
    with Session(engine) as session:
        for id, slug in enumerate(("north", "south"), 1):
            session.add(Organisation(slug=slug, name=slug, created=0))
            session.flush()
            made, secret = add_client(
                session, id, Registration(name="CRM", scope=EVERYTHING),
                types=definitions.all_types, allow_private=False, now=0, random=auth.random,
            )  # fmt: skip
            clients[slug] = (made.client_id, secret or "")
        session.commit()
    for id in (1, 2):
        auth.keys.jwks(id)  # makes the signing keys, so that every copy has the same ones
    engine.dispose()
    return Template(original, clients)


@pytest.fixture
def log_lines() -> Iterator[list[Any]]:
    """The log lines of a test, kept off its output."""
    with structlog.testing.capture_logs() as lines:
        yield cast("list[Any]", lines)


@pytest.fixture
def settings(template: Template, tmp_path: Path) -> Iterator[Settings]:
    with template.original.copy(tmp_path) as url:
        yield Settings(database_url=url, public_url=PUBLIC)


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


@pytest.fixture
def wakes() -> Wakes:
    return Wakes()


@asynccontextmanager
async def opened(
    settings: Settings, definitions: Definitions, folder: Path, outbox: Outbox, wakes: Wakes
) -> AsyncIterator[Services]:
    """The services over a migrated database."""
    async with AsyncExitStack() as stack:
        store = open_store(settings.database_url, definitions)
        stack.push_async_callback(store.close)
        trail = Trail(store, folder / "audit", system_clock)
        nowhere = httpx.MockTransport(lambda _: httpx.Response(404))
        outbound = await stack.enter_async_context(httpx.AsyncClient(transport=nowhere))
        stack.push_async_callback(trail.close)
        auth = Auth(store.engine, settings, BOX, outbound, definitions.all_types)
        sync = cast("Any", SyncWithOutbox(outbox))
        subscriptions = Subscriptions(store, definitions, settings, BOX, outbound, wakes.enqueue)
        key = BOX.mac_key("paging")
        yield Services(settings, definitions, store, auth, sync, key, system_clock, subscriptions, trail)


@asynccontextmanager
async def standing(
    template: Template, definitions: Definitions, folder: Path, *resources: dict[str, Any]
) -> AsyncIterator[Fhir]:
    """A client that may do everything at north, over an application with these resources, for tests that only read:
    they can share one."""
    with template.original.copy(folder) as url, structlog.testing.capture_logs():
        settings = Settings(database_url=url, public_url=PUBLIC)
        async with opened(settings, definitions, folder, Outbox(), Wakes()) as services:
            transport = httpx.ASGITransport(create_app(services))
            async with httpx.AsyncClient(transport=transport, base_url=PUBLIC) as http:
                client = Fhir(http, NORTH, await issued(http, template, EVERYTHING, "north"))
                if puts := [entry("PUT", f"{each['resourceType']}/{each['id']}", each) for each in resources]:
                    answer = await client.transaction(*puts)
                    assert answer.status_code == 200, answer.text
                yield client


async def issued(http: httpx.AsyncClient, template: Template, scope: str, org: str) -> str:
    """A token of the token endpoint, which is asked once a session."""
    if (org, scope) not in template.tokens:
        form = {"grant_type": "client_credentials", "scope": scope}
        answer = await http.post(f"/oauth/{org}/token", data=form, auth=template.clients[org])
        assert answer.status_code == 200, answer.text
        template.tokens[org, scope] = answer.json()["access_token"]
    return template.tokens[org, scope]


async def narrowed(client: Fhir, template: Template, scope: str) -> Fhir:
    """Another one at the same application, that may do only what the scope says."""
    return Fhir(client.http, client.base, await issued(client.http, template, scope, "north"))


@pytest.fixture
async def services(
    settings: Settings, definitions: Definitions, outbox: Outbox, wakes: Wakes, log_lines: list[Any], tmp_path: Path
) -> AsyncIterator[Services]:
    async with opened(settings, definitions, tmp_path, outbox, wakes) as services:
        yield services


@pytest.fixture
def app(services: Services) -> Starlette:
    return create_app(services)


@pytest.fixture
async def http(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=PUBLIC) as http:
        yield http


@pytest.fixture
def token(http: httpx.AsyncClient, template: Template) -> GetToken:
    """Ask the token endpoint for a token of a scope at an organisation; asks once a session."""

    async def get(scope: str = EVERYTHING, org: str = "north") -> str:
        return await issued(http, template, scope, org)

    return get


@pytest.fixture
async def client(http: httpx.AsyncClient, token: GetToken) -> Fhir:
    """May do everything at north."""
    return Fhir(http, NORTH, await token())


@pytest.fixture
async def south(http: httpx.AsyncClient, token: GetToken) -> Fhir:
    """May do everything at south."""
    return Fhir(http, SOUTH, await token(org="south"))


@pytest.fixture
def scoped(http: httpx.AsyncClient, token: GetToken) -> Callable[[str], Awaitable[Fhir]]:
    """A client at north that may do only what the scope says."""

    async def limited(scope: str) -> Fhir:
        return Fhir(http, NORTH, await token(scope))

    return limited
