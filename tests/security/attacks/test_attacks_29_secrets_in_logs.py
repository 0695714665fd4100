"""29: patients' data and secrets in logs and refusals."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from gateway.services import Services
from tests.gateway.conftest import NORTH, Fhir, Template, patient

CANARY = "Zyxwvutsrq"


async def test_29_logs_hold_no_patient(client: Fhir, log_lines: list[Any]) -> None:
    made = await client.create(patient(family=CANARY))
    await client.ask("GET", f"Patient?family={CANARY}&birthdate={CANARY}")
    await client.ask("POST", "Patient", {**patient(family=CANARY), "birthDate": CANARY, CANARY: 1})
    await client.ask("POST", "Patient", f'{{"resourceType":"Patient","name":"{CANARY}'.encode())
    await client.ask("PUT", f"Patient/{CANARY}", patient())
    await client.ask("PATCH", f"Patient/{made['id']}", [{"op": "test", "path": "/name/0/family", "value": CANARY}])
    await client.ask("POST", "", {"resourceType": "Bundle", "type": "transaction", "entry": [{"fullUrl": CANARY}]})
    assert log_lines
    assert CANARY not in json.dumps(log_lines, default=repr)


async def test_29_not_even_when_nobody_foresaw_it(
    client: Fhir, services: Services, log_lines: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise ValueError(f"cannot convert {CANARY}")

    monkeypatch.setattr("gateway.store.store.SqlStore.search", broken)
    monkeypatch.setattr("gateway.store.store.SqlStore.read", broken)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(client.http._transport.app, raise_app_exceptions=False)  # type: ignore[attr-defined]
    ) as http:
        answer = await Fhir(http, NORTH, client.token).ask("GET", f"Patient?family={CANARY}")
    assert answer.status_code == 500
    assert CANARY not in answer.text + json.dumps(log_lines, default=repr)


async def test_29_tokens_and_secrets_are_not_logged(
    http: httpx.AsyncClient, template: Template, log_lines: list[Any]
) -> None:
    id, secret = template.clients["north"]
    form = {"grant_type": "client_credentials", "scope": "system/*.cruds"}
    token = (await http.post("/oauth/north/token", data=form, auth=(id, secret))).json()["access_token"]
    await http.post("/oauth/north/token", data=form, auth=(id, f"{secret}x"))
    await Fhir(http, NORTH, f"{token}x").ask("GET", "Patient")
    told = json.dumps(log_lines, default=repr)
    assert secret not in told
    assert token not in told
