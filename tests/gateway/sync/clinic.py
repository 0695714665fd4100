"""A gateway with sandbox EMRs on the other side of an HTTP client that counts, and no network."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import httpx
import sqlalchemy as sa
from sqlmodel import Session, col, select

from gateway.auth.authority import Realm
from gateway.commands.connection import add_connection
from gateway.search.query import Query
from gateway.services import Services
from gateway.store import document
from gateway.store.contract import Stored, Transaction
from gateway.sync import log
from gateway.sync.connections import Changed
from gateway.sync.tables import Connection, Link, LogEntry
from gateway.sync.tasks import task_id
from gateway.translation.sandbox import Sandbox
from tests.gateway.conftest import PUBLIC, Fhir

T = TypeVar("T")
PATIENCE_S = 20.0
Resource = dict[str, Any]


@dataclass
class Network:
    """Sends each request to the sandbox of its host, and remembers what was asked."""

    emrs: dict[str, Sandbox]
    gateway: httpx.ASGITransport | None = None
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    """(host, method, path)"""
    before: Callable[[httpx.Request], Awaitable[None]] | None = None
    """Looks at each request first; what it raises, the caller of the EMR gets."""
    lost: set[tuple[str, str, str]] = field(default_factory=set)
    """Calls that the EMR gets while the caller never gets the answer; each once."""

    def __post_init__(self) -> None:
        self.sandboxes: dict[str, httpx.ASGITransport] = {}
        self.opened: dict[str, Opened] = {}
        for name, emr in self.emrs.items():
            self.add(name, emr)

    def add(self, name: str, emr: Sandbox) -> None:
        self.emrs[name] = emr
        self.sandboxes[name] = httpx.ASGITransport(emr.app())

    async def answer(self, request: httpx.Request) -> httpx.Response:
        name = request.url.host.removesuffix(".example")
        if name == "gateway" and self.gateway is not None:
            return await self.gateway.handle_async_request(request)
        call = (name, request.method, request.url.path)
        self.calls.append(call)
        if self.before is not None:
            await self.before(request)
        await self.open(name)
        answer = await self.sandboxes[name].handle_async_request(request)
        if call in self.lost:
            self.lost.remove(call)
            raise httpx.ReadTimeout("lost", request=request)
        return answer

    async def open(self, name: str) -> None:
        """What the sandbox needs to be open is opened when it is asked for the first time."""
        emr = self.emrs.get(name)
        if emr is None or emr.opened is None:
            return
        if name not in self.opened:
            self.opened[name] = Opened(emr.opened())
        await self.opened[name].ready()

    async def close(self) -> None:
        for opened in self.opened.values():
            await opened.close()

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.answer)

    def made(self, name: str, method: str, path: str) -> int:
        """How often that was asked of the EMR."""
        return sum(call == (name, method, path) for call in self.calls)


class Opened:
    """A context that one task enters and leaves, whoever asks for it first and last."""

    def __init__(self, context: AbstractAsyncContextManager[None]) -> None:
        self._entered, self._over = asyncio.Event(), asyncio.Event()
        self._context = context
        self._task = asyncio.create_task(self._keep())

    async def ready(self) -> None:
        waiting = asyncio.create_task(self._entered.wait())
        await asyncio.wait((waiting, self._task), return_when=asyncio.FIRST_COMPLETED)
        if self._task.done():
            waiting.cancel()
            self._task.result()

    async def close(self) -> None:
        self._over.set()
        await self._task

    async def _keep(self) -> None:
        async with self._context:
            self._entered.set()
            await self._over.wait()


@dataclass
class Clinic:
    """Organisation north, whose connections have the names of their translators."""

    services: Services
    network: Network
    fhir: Fhir
    """A client that may do everything."""

    @property
    def realm(self) -> Realm:
        return Realm(1, "north", PUBLIC)

    @property
    def emrs(self) -> dict[str, Sandbox]:
        return self.network.emrs

    async def connect(self, name: str, *, as_: str | None = None, secret: str | None = None, **settings: str) -> None:
        demo = self.emrs[name].demo
        secrets = dict(demo.secrets)
        if secret is not None:
            secrets[next(reversed(secrets))] = secret
        changed = Changed({**demo.settings, **settings}, secrets)
        await add_connection(
            self.services, "north", as_ or name, name, f"https://{name}.example{demo.base_path}", changed
        )

    async def write(self, work: Callable[[Transaction], T], org: int = 1) -> T:
        return await self.services.store.write(org, work)

    async def put(self, *resources: Resource) -> list[Stored]:
        """Write past the outbox: no push follows."""
        return await self.write(lambda tx: [tx.put(resource) for resource in resources])

    async def read(self, type: str, id: str) -> Resource | None:
        stored = await self.services.store.read(1, type, id)
        return None if stored is None or stored.deleted else document.decode(stored.body)

    async def version(self, type: str, id: str) -> int:
        stored = await self.services.store.read(1, type, id)
        return 0 if stored is None else stored.version

    async def all(self, type: str) -> list[Resource]:
        page = await self.services.store.search(1, Query(type, (), count=1000))
        return [document.decode(found.body) for found in page.matches]

    async def task(self, connection: str, patient: str) -> Resource:
        found = await self.read("Task", task_id(self.realm, connection, patient))
        assert found is not None
        return found

    async def status(self, connection: str, patient: str) -> str | None:
        found = await self.read("Task", task_id(self.realm, connection, patient))
        return found["status"] if found else None

    async def connection(self, name: str) -> Connection:
        rooms = self.services.sync.connections
        return await self.services.store.session_read(lambda session: rooms.get(session, self.realm, name))

    async def links(self, name: str, type: str = "Patient") -> list[Link]:
        id = (await self.connection(name)).id
        wanted = select(Link).where(Link.connection == id, Link.type == type).order_by(col(Link.id))
        return await self.services.store.session_read(lambda session: list(session.exec(wanted)))

    async def entries(self, name: str) -> list[LogEntry]:
        """The connection's log, oldest first."""
        id = (await self.connection(name)).id or 0
        return (await self.services.store.session_read(lambda session: log.page(session, id, 1000)))[::-1]

    async def session(self, work: Callable[[Session], T]) -> T:
        return await self.services.store.session_write(work)

    async def staff(self, emr: str, command: str, **arguments: Any) -> dict[str, Any]:
        """What the EMR's own people do."""
        await self.network.open(emr)
        async with httpx.AsyncClient(transport=self.network.sandboxes[emr]) as http:
            answer = await http.post(f"https://{emr}.example/_sandbox/{command}", json=arguments)
        assert answer.status_code == 200, answer.text
        return cast("dict[str, Any]", answer.json())

    def workflows(self) -> sa.TableClause:
        """DBOS's table of workflows, as far as tests meddle with it."""
        names = ("workflow_uuid", "name", "status", "executor_id", "application_version", "completed_at")
        schema = None if self.services.store.engine.dialect.name == "sqlite" else "dbos"
        return sa.table("workflow_status", *map(sa.column, names), schema=schema)

    def patients_at(self, emr: str) -> list[Resource]:
        """What the EMR has, in its own words, where the sandbox itself keeps it."""
        return _patients_in(self.emrs[emr].state)

    async def shown_at(self, emr: str) -> list[Resource]:
        """The same of any EMR, as its sandbox shows it."""
        await self.network.open(emr)
        async with httpx.AsyncClient(transport=self.network.sandboxes[emr]) as http:
            return _patients_in((await http.get(f"https://{emr}.example/_sandbox")).raise_for_status().json())


def _patients_in(state: dict[str, Any]) -> list[Resource]:
    found = state["documents"]["Patient"] if "documents" in state else state["patients"]
    return list(found) if isinstance(found, list) else list(found.values())


async def until(condition: Callable[[], Any], seconds: float = PATIENCE_S) -> Any:
    """Ask until the answer is true; `condition` is an async function."""
    deadline = time.monotonic() + seconds
    while not (answer := await condition()):
        assert time.monotonic() < deadline, "it did not come about in time"
        await asyncio.sleep(0.05)
    return answer


def patient(id: str = "p1", family: str = "Sampledottir", **more: Any) -> Resource:
    return {
        "resourceType": "Patient",
        "id": id,
        "active": True,
        "name": [{"use": "official", "family": family, "given": ["Rowan"]}],
        "gender": "female",
        "birthDate": "1990-04-17",
        "telecom": [{"system": "phone", "value": "9135550142", "use": "home"}],
        **more,
    }


def outputs(task: Resource, code: str) -> Sequence[str]:
    return [output["valueString"] for output in task.get("output", ()) if output["type"]["text"] == code]
