"""The gateway of tests/gateway with its workflows, which the tests run step by step: no DBOS process works on them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from sqlmodel import Session

from gateway.app import create_app
from gateway.auth.authority import Auth
from gateway.auth.clients import Registration, add_client
from gateway.bulk.orders import Order
from gateway.bulk.workflows import BulkWorkflows
from gateway.definitions.contract import Definitions
from gateway.opening import open_services
from gateway.services import Services
from gateway.settings import Settings
from gateway.store.dialect import open_engine
from gateway.store.migrations import migrate
from gateway.store.tables import Organisation
from gateway.sync.journal import migrate_journal
from tests.databases import Original
from tests.gateway.conftest import BOX, EVERYTHING, NORTH, PUBLIC, Answer, Fhir

ASYNC = {"Prefer": "respond-async", "Accept": "application/fhir+json"}
SCOPES = f"{EVERYTHING} gateway/admin"


@dataclass(frozen=True)
class Prepared:
    """A database to copy for each test; clients by name: (organisation, id, secret)."""

    original: Original
    clients: dict[str, tuple[str, str, str]]


@pytest.fixture(scope="session")
def prepared(new_original: Callable[[], Original], definitions: Definitions) -> Prepared:
    original = new_original()
    migrate(original.url)
    migrate_journal(original.url)
    engine = open_engine(original.url)
    auth = Auth(engine, Settings(public_url=PUBLIC), BOX, cast(httpx.AsyncClient, None), definitions.all_types)
    clients = {}
    with Session(engine) as session:
        for id, slug in ((1, "north"), (2, "south")):
            session.add(Organisation(id=id, slug=slug, name=slug, created=0))
        session.flush()
        for name, org, slug in (("crm", 1, "north"), ("other", 1, "north"), ("south", 2, "south")):
            made, secret = add_client(
                session, org, Registration(name=name, scope=SCOPES),
                types=definitions.all_types, allow_private=False, now=0, random=auth.random,
            )  # fmt: skip
            clients[name] = (slug, made.client_id, secret or "")
        session.commit()
    for org in (1, 2):
        auth.keys.published(org)
    engine.dispose()
    return Prepared(original, clients)


@dataclass
class Ward:
    """The whole gateway, and a client that may do everything in north."""

    services: Services
    workflows: BulkWorkflows
    http: httpx.AsyncClient
    clients: dict[str, tuple[str, str, str]]
    fhir: Fhir

    async def as_client(self, name: str, scope: str = SCOPES) -> Fhir:
        slug, id, secret = self.clients[name]
        form = {"grant_type": "client_credentials", "scope": scope}
        answer = await self.http.post(f"/oauth/{slug}/token", data=form, auth=(id, secret))
        assert answer.status_code == 200, answer.text
        return Fhir(self.http, f"{PUBLIC}/fhir/r4/{slug}", answer.json()["access_token"])

    async def kick_off(self, path: str = "$export", body: Any = None, /, **headers: str) -> Answer:
        return await self.fhir.ask("POST" if body is not None else "GET", path, body, {**ASYNC, **headers})

    async def begun(self, path: str = "$export", body: Any = None, /, **headers: str) -> str:
        """The path of a job below the base."""
        answer = await self.kick_off(path, body, **headers)
        assert answer.status_code == 202, answer.text
        return answer.headers["content-location"].removeprefix(f"{self.fhir.base}/")

    def order(self, place: str) -> Order:
        return Order(1, "north", place.rpartition("/")[2])

    async def work(self, place: str) -> None:
        """All that the workflow does."""
        order = self.order(place)
        await self.workflows.start(order)
        while await self.workflows.pages(order):
            pass

    async def manifest(self, place: str) -> dict[str, Any]:
        answer = await self.fhir.ask("GET", place)
        assert answer.status_code == 200, answer.text
        return cast("dict[str, Any]", answer.json())

    async def exported(self, path: str = "$export", body: Any = None, /, **headers: str) -> dict[str, list[Any]]:
        """The lines of all files, by section and type."""
        place = await self.begun(path, body, **headers)
        await self.work(place)
        return await self.lines(await self.manifest(place))

    async def lines(self, manifest: dict[str, Any]) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        for section in ("output", "deleted", "error"):
            for file in (file for file in manifest.get(section, ()) if "url" in file):
                lines = await self.file(file["url"])
                assert len(lines) == file["count"]
                found.setdefault(file["type"], []).extend(lines)
        return found

    async def file(self, url: str) -> list[Any]:
        answer = await self.fhir.ask("GET", url.removeprefix(f"{self.fhir.base}/"))
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/fhir+ndjson"
        assert answer.content.endswith(b"\n")
        return [json.loads(line) for line in answer.content.splitlines()]

    async def put(self, *resources: dict[str, Any]) -> None:
        await self.services.store.write(1, lambda tx: [tx.put(resource) for resource in resources])

    async def delete(self, type: str, id: str) -> None:
        await self.services.store.write(1, lambda tx: tx.delete(type, id))


@pytest.fixture
async def ward(prepared: Prepared, tmp_path: Path, log_lines: list[Any]) -> AsyncIterator[Ward]:
    with prepared.original.copy(tmp_path) as url:
        settings = Settings(database_url=url, public_url=PUBLIC)
        async with open_services(settings, BOX) as services:
            (workflows,) = (other for other in services.sync.others if isinstance(other, BulkWorkflows))
            transport = httpx.ASGITransport(create_app(services))
            async with httpx.AsyncClient(transport=transport, base_url=PUBLIC) as http:
                made = Ward(services, workflows, http, prepared.clients, Fhir(http, NORTH, None))
                made.fhir = await made.as_client("crm")
                yield made
            services.sync.client.destroy()


def patient(id: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": id, "name": [{"family": f"Family{id}"}], **more}


def encounter(id: str, patient: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Encounter",
        "id": id,
        "status": "planned",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": f"Patient/{patient}"},
        **more,
    }


def group(id: str, *patients: str, **more: Any) -> dict[str, Any]:
    members = [{"entity": {"reference": f"Patient/{patient}"}} for patient in patients]
    return {"resourceType": "Group", "id": id, "type": "person", "actual": True, "member": members, **more}


def ids(lines: dict[str, list[Any]], type: str) -> list[str]:
    return [line["id"] for line in lines.get(type, ())]
