"""An administrator who may read the trail, and everything else."""

from __future__ import annotations

import httpx
import pytest
from sqlmodel import Session

from gateway.auth.tables import Client
from gateway.services import Services
from tests.gateway.audit.administrator import ADMIN
from tests.gateway.conftest import NORTH, Fhir, Template


@pytest.fixture
async def admin(http: httpx.AsyncClient, services: Services, template: Template) -> Fhir:
    def widen(session: Session) -> None:
        row = session.get(Client, (1, template.clients["north"][0]))
        assert row is not None
        row.scopes = ADMIN
        session.add(row)

    await services.store.session_write(widen)
    form = {"grant_type": "client_credentials", "scope": ADMIN}
    answer = await http.post("/oauth/north/token", data=form, auth=template.clients["north"])
    assert answer.json()["scope"] == ADMIN
    return Fhir(http, NORTH, answer.json()["access_token"])
