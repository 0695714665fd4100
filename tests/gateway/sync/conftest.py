"""The gateway of tests/gateway with a real Sync, and the four sandboxes as its EMRs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import httpx
import pytest
import pytest_asyncio
import structlog
from sqlmodel import Session

from gateway.app import create_app
from gateway.audit.trail import Trail
from gateway.auth.authority import Auth
from gateway.auth.clients import Registration, add_client
from gateway.definitions.contract import Definitions
from gateway.provenance.witness import provenance_witness
from gateway.services import Services
from gateway.settings import Settings
from gateway.store.dialect import open_engine
from gateway.store.migrations import migrate
from gateway.store.open import open_store, system_clock
from gateway.store.tables import Organisation
from gateway.subscriptions.orders import enqueuing
from gateway.subscriptions.subscriptions import Subscriptions
from gateway.sync.journal import migrate_journal
from gateway.sync.patience import Patience
from gateway.sync.sync import Sync
from gateway.translation.registry import load_sandboxes, load_translators
from gateway.translation.sandbox import SandboxSetup
from tests.databases import Original
from tests.gateway.conftest import BOX, EVERYTHING, NORTH, PUBLIC, Fhir
from tests.gateway.sync.clinic import Clinic, Network
from tests.translators.internal.practice import copied
from translators.ecw.sandbox import create as ecw
from translators.kipu.sandbox import create as kipu

JWKS = {"jwks_url": f"{PUBLIC}/.well-known/jwks.json"}


@dataclass(frozen=True)
class Prepared:
    """A database to copy for each test, with two organisations, and the client of north."""

    original: Original
    client: tuple[str, str]
    tokens: list[str] = field(default_factory=list)
    """Issued so far; copies hold the key that signed them."""


@pytest.fixture(scope="session")
def prepared(new_original: Callable[[], Original], definitions: Definitions) -> Prepared:
    original = new_original()
    migrate(original.url)
    migrate_journal(original.url)
    engine = open_engine(original.url)
    auth = Auth(engine, Settings(public_url=PUBLIC), BOX, cast(httpx.AsyncClient, None), definitions.all_types)
    with Session(engine) as session:
        for id, slug in ((1, "north"), (2, "south")):
            session.add(Organisation(id=id, slug=slug, name=slug, created=0))
        session.flush()
        made, secret = add_client(
            session, 1, Registration(name="CRM", scope=EVERYTHING),
            types=definitions.all_types, allow_private=False, now=0, random=auth.random,
        )  # fmt: skip
        client = (made.client_id, secret or "")
        session.commit()
    auth.keys.published(1)
    engine.dispose()
    return Prepared(original, client)


def sandboxes() -> Network:
    made, setup = load_sandboxes(), SandboxSetup(gateway=copied)
    network = Network({name: made[name](setup) for name in ("ritten", "internal")})
    network.add("kipu", kipu(SandboxSetup(), transport=network.transport()))
    network.add("ecw", ecw(SandboxSetup(options=JWKS), transport=network.transport()))
    return network


@asynccontextmanager
async def opened(url: str, definitions: Definitions, network: Network, prepared: Prepared) -> AsyncIterator[Clinic]:
    """Everything but a process that works on the queues. It waits as little as it can."""
    settings = Settings(database_url=url, public_url=PUBLIC)
    store = open_store(settings.database_url, definitions)
    store.witnesses.append(provenance_witness)
    patience = Patience(pauses=(0.01, 0.01), delays=(0.3, 0.3, 0.3))
    with TemporaryDirectory() as folder:
        async with httpx.AsyncClient(transport=network.transport()) as outbound:
            auth = Auth(store.engine, settings, BOX, outbound, definitions.all_types)
            sync = Sync(store, definitions, auth, BOX, load_translators(), outbound, patience=patience)
            told = Subscriptions(store, definitions, settings, BOX, outbound, enqueuing(sync.client), patience=patience)
            sync.others.append(told)
            trail = Trail(store, Path(folder), system_clock)
            services = Services(
                settings, definitions, store, auth, sync, BOX.mac_key("paging"), system_clock, told, trail
            )
            network.gateway = httpx.ASGITransport(create_app(services))
            async with httpx.AsyncClient(transport=network.gateway, base_url=PUBLIC) as http:
                yield Clinic(services, network, Fhir(http, NORTH, await token(http, prepared)))
            await trail.close()
    await network.close()
    sync.client.destroy()
    await store.close()


async def token(http: httpx.AsyncClient, prepared: Prepared) -> str:
    """Asked for once a session."""
    if not prepared.tokens:
        form = {"grant_type": "client_credentials", "scope": EVERYTHING}
        answer = await http.post("/oauth/north/token", data=form, auth=prepared.client)
        prepared.tokens.append(answer.raise_for_status().json()["access_token"])
    return prepared.tokens[0]


@pytest.fixture
async def clinic(
    prepared: Prepared, definitions: Definitions, tmp_path: Path, log_lines: list[Any]
) -> AsyncIterator[Clinic]:
    """One whose queues nobody works on."""
    with prepared.original.copy(tmp_path) as url:
        async with opened(url, definitions, sandboxes(), prepared) as clinic:
            yield clinic


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def busy(
    prepared: Prepared, definitions: Definitions, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Clinic]:
    """One that works on its queues, with a connection to each EMR; a module's tests share it."""
    with structlog.testing.capture_logs(), prepared.original.copy(tmp_path_factory.mktemp("busy")) as url:
        async with opened(url, definitions, sandboxes(), prepared) as clinic:
            for name in clinic.emrs:
                await clinic.connect(name)
            async with clinic.services.sync.working():
                yield clinic
