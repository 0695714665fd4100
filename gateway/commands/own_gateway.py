"""A whole gateway on a database of its own, for the stand-in of an API that the gateway serves itself.

It is the application that `crosswalk serve` runs, but for the queues: it has no EMRs. Its client is let in as any.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gateway import opening
from gateway.app import create_app
from gateway.auth.clients import Registration
from gateway.commands.client import register
from gateway.commands.org import add_organisation
from gateway.faults import NotFound
from gateway.services import Services
from gateway.settings import Settings
from gateway.translation.sandbox import Own

ADDRESS = "https://own-gateway.example"
"""In links and tokens; whoever asks it is in the same process."""
DATABASE, CLIENT = "crosswalk.db", "client.json"
REGISTRATION = Registration(name="The stand-in", scope="system/*.cruds", secret=True, purposes=("TREAT",))


@asynccontextmanager
async def own_gateway(folder: Path, org: str) -> AsyncIterator[Own]:
    """Made where the folder has none yet; the same again where it has."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    await asyncio.to_thread(opening.migrate, settings_of(folder))
    async with opened(folder, org) as own:
        yield own


@asynccontextmanager
async def opened(folder: Path, org: str) -> AsyncIterator[Own]:
    """One whose database is at the current schema."""
    async with opening.open_services(settings_of(folder)) as services:
        try:
            id, secret = await _client(services, org, folder / CLIENT)
            yield Own(create_app(services), id, secret)
        finally:
            services.sync.client.destroy()


def settings_of(folder: Path) -> Settings:
    """Its one client may ask as fast as it can."""
    return Settings(f"sqlite:///{folder / DATABASE}", ADDRESS, client_rate=0, client_at_once=0, failures=0)


async def _client(services: Services, org: str, file: Path) -> tuple[str, str]:
    """A secret is kept as a hash only, so that of this client stands in a file beside the database."""
    if await asyncio.to_thread(file.exists):
        id, secret = json.loads(await asyncio.to_thread(file.read_text, "utf-8"))
        return id, secret
    try:
        await asyncio.to_thread(services.auth.realm, org)
    except NotFound:
        await add_organisation(services, org, org)
    id, made = await register(services, org, REGISTRATION)
    await asyncio.to_thread(_keep, file, [id, made or ""])
    return id, made or ""


def _keep(file: Path, credentials: list[str]) -> None:
    file.touch(mode=0o600)
    file.write_text(json.dumps(credentials), "utf-8")
