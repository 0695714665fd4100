"""The gateway of tests/gateway with a real Sync, and the four sandboxes as its EMRs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import structlog

from gateway.app import create_app
from gateway.auth.authority import Auth
from gateway.definitions.contract import Definitions
from gateway.services import Services
from gateway.settings import Settings
from gateway.store.open import open_store, system_clock
from gateway.sync.journal import migrate_journal
from gateway.sync.patience import Patience
from gateway.sync.sync import Sync
from gateway.translation.registry import load_sandboxes, load_translators
from gateway.translation.sandbox import SandboxSetup
from tests.gateway.conftest import BOX, EVERYTHING, NORTH, PUBLIC, Fhir, Template
from tests.gateway.sync.clinic import Clinic, Network
from translators.ecw.sandbox import create as ecw

JWKS = {"jwks_url": f"{PUBLIC}/.well-known/jwks.json"}


@pytest.fixture(scope="session")
def journaled(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    """The template with DBOS's tables."""
    with template.original.copy(tmp_path_factory.mktemp("sync")) as url:
        migrate_journal(url)
        yield replace(template, original=replace(template.original, url=url))


@contextmanager
def copied(template: Template, folder: Path) -> Iterator[Settings]:
    with template.original.copy(folder) as url:
        yield Settings(database_url=url, public_url=PUBLIC)


def sandboxes() -> Network:
    made = load_sandboxes()
    network = Network({name: made[name](SandboxSetup()) for name in ("kipu", "ritten", "internal")})
    network.add("ecw", ecw(SandboxSetup(options=JWKS), transport=network.transport()))
    return network


@asynccontextmanager
async def opened(
    settings: Settings, definitions: Definitions, network: Network, template: Template
) -> AsyncIterator[Clinic]:
    """Everything but a process that works on the queues. It waits as little as it can."""
    store = open_store(settings.database_url, definitions)
    patience = Patience(pauses=(0.01, 0.01), delays=(0.3, 0.3, 0.3))
    async with httpx.AsyncClient(transport=network.transport()) as outbound:
        auth = Auth(store.engine, settings, BOX, outbound, definitions.all_types)
        sync = Sync(store, definitions, auth, BOX, load_translators(), outbound, patience=patience)
        services = Services(settings, definitions, store, auth, sync, BOX.mac_key("paging"), system_clock)
        network.gateway = httpx.ASGITransport(create_app(services))
        async with httpx.AsyncClient(transport=network.gateway, base_url=PUBLIC) as http:
            yield Clinic(services, network, Fhir(http, NORTH, await token(http, template)))
    sync.client.destroy()
    await store.close()


async def token(http: httpx.AsyncClient, template: Template) -> str:
    """Asked for once a session; every copy of the template knows the key that signed it."""
    if ("north", EVERYTHING) not in template.tokens:
        form = {"grant_type": "client_credentials", "scope": EVERYTHING}
        answer = await http.post("/oauth/north/token", data=form, auth=template.clients["north"])
        template.tokens["north", EVERYTHING] = answer.raise_for_status().json()["access_token"]
    return template.tokens["north", EVERYTHING]


@pytest.fixture
async def clinic(
    journaled: Template, definitions: Definitions, tmp_path: Path, log_lines: list[Any]
) -> AsyncIterator[Clinic]:
    """One whose queues nobody works on."""
    with copied(journaled, tmp_path) as settings:
        async with opened(settings, definitions, sandboxes(), journaled) as clinic:
            yield clinic


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def busy(
    journaled: Template, definitions: Definitions, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Clinic]:
    """One that works on its queues, with a connection to each EMR; a module's tests share it."""
    with copied(journaled, tmp_path_factory.mktemp("busy")) as settings, structlog.testing.capture_logs():
        async with opened(settings, definitions, sandboxes(), journaled) as clinic:
            for name in clinic.emrs:
                await clinic.connect(name)
            async with clinic.services.sync.working():
                yield clinic
