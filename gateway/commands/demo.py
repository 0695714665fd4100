"""crosswalk demo: what `make run` runs. Every sandbox EMR connected, sample patients in it, and kept between runs."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from sqlmodel import Session
from starlette.applications import Starlette

from gateway import opening
from gateway.app import create_app, provide
from gateway.auth.clients import Registration
from gateway.auth.users import NewUser, Role
from gateway.commands.answer import refuse, stderr, told
from gateway.commands.client import register
from gateway.commands.connection import add_connection
from gateway.commands.imports import offline_exchange
from gateway.commands.org import add_organisation
from gateway.commands.user import add_account
from gateway.faults import Conflict, Fault, NotFound
from gateway.interactions.bundle import perform_transaction
from gateway.services import Services
from gateway.serving import listen, serve_until_signalled
from gateway.settings import Settings
from gateway.sync.connections import Changed
from gateway.sync.tables import Mapping
from gateway.telemetry import configure_logging
from gateway.translation.registry import load_sandboxes
from gateway.translation.sandbox import DemoAccount, SandboxSetup

ORG = "demo"
SCOPE = "system/*.cruds gateway/admin"
CLIENT = Registration(name="Demo client", scope=SCOPE, secret=True, purposes=("TREAT",))
CONSOLE_USER = "admin@demo.example"
START_S = 120.0
"""A busy machine takes its time; a sandbox that ends is noticed at once."""


@dataclass(frozen=True, slots=True)
class Stand:
    """One sandbox of the demo."""

    name: str
    port: int
    demo: DemoAccount

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def demo(port: Annotated[int, typer.Option(min=1, max=65000)] = 8080) -> None:
    """Run the gateway with organisation `demo`, the sandbox EMRs on the ports that follow, and sample patients."""
    os.environ.setdefault("CROSSWALK_PUBLIC_URL", f"http://127.0.0.1:{port}")
    os.environ.setdefault("CROSSWALK_ALLOW_PRIVATE_UPSTREAMS", "1")
    settings = Settings.from_environment()
    configure_logging("WARNING" if settings.log_level == "INFO" else settings.log_level)
    folder = opening.data_dir(settings)
    stands = [
        Stand(name, port + number, make(SandboxSetup()).demo)
        for number, (name, make) in enumerate(sorted(load_sandboxes().items()), 1)
    ]
    try:
        with listen("127.0.0.1", port) as listener, _progress() as progress:
            _step(progress, "Migrating the database", lambda: opening.migrate(settings))
            with _sandboxes(stands, folder, settings, progress):
                asyncio.run(serve_until_signalled(listener, _application(settings, stands, folder, progress)))
    except Fault as fault:
        refuse(told(fault))


def _progress() -> Progress:
    return Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=stderr)


def _step(progress: Progress, what: str, work: Any) -> Any:
    task = progress.add_task(what, total=1)
    result = work()
    progress.update(task, completed=1)
    return result


@contextmanager
def _sandboxes(stands: list[Stand], folder: Path, settings: Settings, progress: Progress) -> Iterator[None]:
    """The sandboxes as processes of their own, ended with the demo."""
    jwks = f"jwks_url={settings.public_url}/.well-known/jwks.json"
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for stand in stands:
            command = [sys.executable, "-m", "gateway", "sandbox", stand.name, "--port", str(stand.port)]
            command += ["--state", str(folder / f"sandbox-{stand.name}.json"), "--set", jwks]
            processes.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))  # noqa: S603 — our own module
        _step(progress, "Starting the sandbox EMRs", lambda: _wait_for(stands, processes))
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


def _wait_for(stands: list[Stand], processes: list[subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + START_S
    for stand, process in zip(stands, processes, strict=True):
        while not _answers(stand):
            if process.poll() is not None:
                refuse(f"The sandbox {stand.name} did not start on port {stand.port}; is the port taken?")
            if time.monotonic() > deadline:
                refuse(f"The sandbox {stand.name} does not answer on port {stand.port}; is the machine very busy?")
            time.sleep(0.1)


def _answers(stand: Stand) -> bool:
    try:
        return httpx.get(f"{stand.address}/_sandbox", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def _application(settings: Settings, stands: list[Stand], folder: Path, progress: Progress) -> Starlette:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with opening.open_services(settings) as services:
            credentials = await prepare(services, stands, folder, progress)
            async with services.sync.working():
                provide(app, services)
                progress.stop()
                announce(services, stands, credentials)
                yield

    return create_app(None, lifespan)


async def prepare(services: Services, stands: list[Stand], folder: Path, progress: Progress) -> dict[str, str]:
    """Make what is not there yet; answers the credentials of the client and of the console's user."""
    task = progress.add_task("Connecting the sandbox EMRs", total=1)
    try:
        await asyncio.to_thread(services.auth.realm, ORG)
    except NotFound:
        await add_organisation(services, ORG, "Demo clinic")
    for stand in stands:
        await _connect(services, stand)
    progress.update(task, completed=1)
    credentials = await _credentials(services, folder / "demo-client.json")
    task = progress.add_task("Loading sample patients", total=1)
    bundle = json.loads(files("gateway.commands").joinpath("demo_patients.json").read_text("utf-8"))
    await perform_transaction(await offline_exchange(services, ORG), bundle)
    progress.update(task, completed=1)
    return credentials


async def _connect(services: Services, stand: Stand) -> None:
    realm = await asyncio.to_thread(services.auth.realm, ORG)
    address = f"{stand.address}{stand.demo.base_path}"

    def moved(session: Session) -> bool:
        """Known already: only its port may be another one this time."""
        row = next((r for r in services.sync.connections.all(session, realm.org) if r.name == stand.name), None)
        if row is None:
            return False
        row.base_url = address
        session.add(row)
        return True

    if not await services.store.session_write(moved):
        changed = Changed(stand.demo.settings, stand.demo.secrets)
        await add_connection(services, ORG, stand.name, stand.name, address, changed)
        await services.store.session_write(lambda session: _map(services, session, stand))


def _map(services: Services, session: Session, stand: Stand) -> None:
    realm = services.auth.realm(ORG)
    row = services.sync.connections.get(session, realm, stand.name)
    for kind, table in stand.demo.mappings.items():
        for source, target in table.items():
            session.merge(Mapping(connection=row.id or 0, kind=kind, source=source, target=target))


async def _credentials(services: Services, file: Path) -> dict[str, str]:
    """Secrets are kept as hashes only, so the demo keeps its own in a file beside the database."""
    credentials = await asyncio.to_thread(_read, file) or {}
    if "client_id" not in credentials:
        client_id, secret = await register(services, ORG, CLIENT)
        credentials |= {"client_id": client_id, "client_secret": secret or ""}
        await asyncio.to_thread(_write, file, credentials)
    if "console_password" not in credentials:
        credentials |= {"console_user": CONSOLE_USER, "console_password": secrets.token_urlsafe(12)}
        await asyncio.to_thread(_write, file, credentials)
    with suppress(Conflict):  # known from an earlier run
        user = NewUser(email=credentials["console_user"], role=Role.ADMIN)
        await add_account(services, ORG, user, credentials["console_password"])
    return credentials


def _read(file: Path) -> dict[str, str] | None:
    kept: dict[str, str] | None = json.loads(file.read_text("utf-8")) if file.exists() else None
    return kept


def _write(file: Path, credentials: dict[str, str]) -> None:
    file.touch(mode=0o600)
    file.write_text(json.dumps(credentials), "utf-8")


def announce(services: Services, stands: list[Stand], credentials: dict[str, str]) -> None:
    realm = services.auth.realm(ORG)
    id, secret = credentials["client_id"], credentials["client_secret"]
    token = f"curl -s -u {id}:{secret} -d grant_type=client_credentials {realm.token_url}"
    lines = [
        "",
        f"FHIR base         {realm.fhir_base}",
        f"Console           {realm.public_url}/console/  "
        f"login {credentials['console_user']} / {credentials['console_password']}  organisation {ORG}",
        f"Client id         {id}",
        f"Client secret     {secret}",
        *(f"Sandbox {stand.name:<10}{stand.address}" for stand in stands),
        "",
        "Try it:",
        f'curl -s {realm.fhir_base}/Patient -H "Authorization: Bearer $({token} '
        '| sed \'s/.*"access_token": *"\\([^"]*\\)".*/\\1/\')"',
        "",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
