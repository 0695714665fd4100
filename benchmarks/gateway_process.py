"""A gateway on a database of its own, in another process, with one client registered and one patient in it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from sqlmodel import Session

from gateway.auth.clients import Registration, add_client
from gateway.opening import migrate, open_services
from gateway.serving import listen
from gateway.settings import Settings
from gateway.store.tables import Organisation

ORG = "bench"
START_S = 30
PATIENT = {
    "resourceType": "Patient",
    "active": True,
    "identifier": [{"system": "https://crm.example/id", "value": "B-1"}],
    "name": [{"use": "official", "family": "Bench", "given": ["Robin", "Alex"]}],
    "telecom": [{"system": "phone", "value": "+1 555 0100", "use": "home"}],
    "gender": "other",
    "birthDate": "1980-02-29",
    "address": [{"use": "home", "line": ["1 Test Street"], "city": "Testville", "state": "KS", "postalCode": "66044"}],
}


@dataclass(frozen=True)
class Target:
    """Where to measure, and with what."""

    host: str
    port: int
    token: str
    patient: str
    pid: int

    @property
    def base(self) -> str:
        return f"/fhir/r4/{ORG}"


@contextmanager
def running(fill: Callable[[Settings], Awaitable[None]] | None = None, profile: str | None = None) -> Iterator[Target]:
    """`fill` puts data into the database before the server starts; `profile` is where cProfile writes what it did."""
    with tempfile.TemporaryDirectory() as folder, listen("127.0.0.1", 0) as listener:
        host, port = listener.getsockname()[:2]
        settings = Settings(f"sqlite:///{Path(folder) / 'bench.db'}", f"http://{host}:{port}")
        migrate(settings)
        credentials = asyncio.run(registered(settings))
        if fill is not None:
            asyncio.run(awaited(fill, settings))
        process = started(settings, listener.fileno(), profile)
        try:
            yield prepared(settings.public_url, credentials, process.pid)
        finally:
            process.terminate()
            process.wait(30)


async def awaited(fill: Callable[[Settings], Awaitable[None]], settings: Settings) -> None:
    await fill(settings)


async def registered(settings: Settings) -> tuple[str, str]:
    async with open_services(settings) as services:

        def add(session: Session) -> tuple[str, str]:
            session.add(Organisation(id=1, slug=ORG, name=ORG, created=0))
            session.flush()
            registration = Registration(name="benchmark", scope="system/*.cruds")
            types = services.definitions.all_types
            client, secret = add_client(
                session, 1, registration, types=types, allow_private=True, now=0, random=os.urandom
            )
            return client.client_id, secret or ""

        return await services.store.session_write(add)


def started(settings: Settings, fd: int, profile: str | None = None) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "CROSSWALK_DATABASE_URL": settings.database_url,
        "CROSSWALK_PUBLIC_URL": settings.public_url,
        "CROSSWALK_LOG_LEVEL": "INFO",
    }
    profiled = ("-m", "cProfile", "-o", profile) if profile else ()
    command = [sys.executable, *profiled, "-m", "benchmarks.server", str(fd)]
    return subprocess.Popen(command, pass_fds=(fd,), env=environment, stderr=subprocess.DEVNULL)


def prepared(url: str, credentials: tuple[str, str], pid: int) -> Target:
    """The first request waits in the socket's queue until the server has opened everything."""
    with httpx.Client(base_url=url, timeout=START_S) as http:
        answer = http.post(f"/oauth/{ORG}/token", data={"grant_type": "client_credentials"}, auth=credentials)
        token = answer.raise_for_status().json()["access_token"]
        bearer = {"Authorization": f"Bearer {token}", "Content-Type": "application/fhir+json"}
        made = http.post(f"/fhir/r4/{ORG}/Patient", json=PATIENT, headers=bearer).raise_for_status().json()
        return Target(http.base_url.host, http.base_url.port or 80, token, made["id"], pid)
