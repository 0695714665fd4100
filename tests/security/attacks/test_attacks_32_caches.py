"""32: answers in caches of others, and entity tags that hold at another organisation."""

from __future__ import annotations

import httpx
import pytest

from tests.gateway.conftest import NORTH, Fhir, patient


@pytest.mark.parametrize(
    "asked",
    [
        "Patient/{}",
        "Patient/{}/_history",
        "Patient/{}/_history/1",
        "Patient",
        "Patient?_id={}",
        "Patient/{}/$everything",
        "Patient/none",
        "_history",
    ],
)
async def test_32_no_answer_is_stored(client: Fhir, asked: str) -> None:
    made = await client.create(patient())
    answer = await client.ask("GET", asked.format(made["id"]))
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Authorization" in answer.headers["Vary"]


async def test_32_a_304_needs_the_token_too(client: Fhir, http: httpx.AsyncClient, south: Fhir) -> None:
    made = await client.create(patient())
    tag = {"If-None-Match": 'W/"1"'}
    assert (await client.ask("GET", f"Patient/{made['id']}", headers=tag)).status_code == 304
    assert (await http.get(f"{NORTH}/Patient/{made['id']}", headers=tag)).status_code == 401
    foreign = Fhir(http, NORTH, south.token)
    assert (await foreign.ask("GET", f"Patient/{made['id']}", headers=tag)).status_code == 401
    assert (await south.ask("GET", f"Patient/{made['id']}", headers=tag)).status_code == 404


async def test_32_304s_are_not_stored_either(client: Fhir) -> None:
    made = await client.create(patient())
    answer = await client.ask("GET", f"Patient/{made['id']}", headers={"If-None-Match": 'W/"1"'})
    assert answer.headers["Cache-Control"] == "no-store"


async def test_32_tokens_are_not_stored(http: httpx.AsyncClient) -> None:
    answer = await http.post("/oauth/north/token", data={"grant_type": "client_credentials"})
    assert answer.headers["Cache-Control"] == "no-store"
