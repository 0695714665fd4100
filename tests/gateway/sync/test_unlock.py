"""Unlocking over /admin/v1, as the command line does it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlmodel import Session

from gateway.auth.clients import Registration, add_client
from gateway.sync.tables import Link
from tests.gateway.conftest import issue
from tests.gateway.sync.clinic import Clinic


@pytest.fixture
async def kipu(clinic: Clinic) -> Clinic:
    await clinic.connect("kipu")
    id = (await clinic.connection("kipu")).id or 0
    link = Link(org=1, connection=id, type="Patient", local_id="p1", external_key="7:m", locked="a discharge")
    await clinic.session(lambda session: session.add(link))
    return clinic


async def administrator(clinic: Clinic) -> dict[str, str]:
    def write(session: Session) -> tuple[str, str]:
        auth, types = clinic.services.auth, clinic.services.definitions.all_types
        asked = Registration(name="Operations", scope="gateway/admin")
        made, secret = add_client(session, 1, asked, types=types, allow_private=False, now=0, random=auth.random)
        return made.client_id, secret or ""

    client = await clinic.session(write)
    answer = await clinic.fhir.http.post("/oauth/north/token", data={"grant_type": "client_credentials"}, auth=client)
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def test_a_record_is_unlocked(kipu: Clinic) -> None:
    headers = await administrator(kipu)

    async def ask(method: str, path: str, body: Any = None) -> httpx.Response:
        return await kipu.fhir.http.request(method, f"/admin/v1/north/{path}", json=body, headers=headers)

    (row,) = (await ask("GET", "connections")).json()["connections"]
    assert (row["locked"], len(row["warnings"]), row["webhooks"]["chart-update"]) == (1, 2, {"last_seen": None})
    for unlocked in (True, False):
        answer = await ask("POST", "connections/kipu/unlock", {"patient": "Patient/p1"})
        assert (answer.status_code, answer.json()) == (200, {"patient": "Patient/p1", "unlocked": unlocked})
    assert (await ask("GET", "connections")).json()["connections"][0]["locked"] == 0
    refused = await ask("POST", "connections/kipu/unlock", {"patient": "Patient/p2"})
    assert (refused.status_code, issue(refused)["expression"]) == (404, ["patient"])
    assert (await ask("POST", "connections/none/unlock", {"patient": "Patient/p1"})).status_code == 404
    assert (await ask("POST", "connections/kipu/unlock", {"patient": "p1"})).status_code == 400
    assert (await ask("POST", "connections/kipu/unlock", {})).status_code == 400
