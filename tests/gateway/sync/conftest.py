"""The gateway of tests/gateway with a real Sync, and the four sandboxes as its EMRs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from shutil import copyfile
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
def journaled(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The template with DBOS's tables."""
    path = tmp_path_factory.mktemp("sync") / "template.db"
    copyfile(template.path, path)
    migrate_journal(f"sqlite:///{path}")
    return replace(template, path=path)


def copied(template: Template, folder: Path) -> Settings:
    copyfile(template.path, folder / "gateway.db")
    return Settings(database_url=f"sqlite:///{folder / 'gateway.db'}", public_url=PUBLIC)


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
    async with opened(copied(journaled, tmp_path), definitions, sandboxes(), journaled) as clinic:
        yield clinic


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def busy(
    journaled: Template, definitions: Definitions, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Clinic]:
    """One that works on its queues, with a connection to each EMR; a module's tests share it."""
    settings = copied(journaled, tmp_path_factory.mktemp("busy"))
    with structlog.testing.capture_logs():
        async with opened(settings, definitions, sandboxes(), journaled) as clinic:
            for name in clinic.emrs:
                await clinic.connect(name)
            async with clinic.services.sync.working():
                yield clinic
