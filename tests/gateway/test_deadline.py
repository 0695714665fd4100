"""Limits as clients meet them: 429 and 503 with Retry-After, and never a request that is counted for ever."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest

from gateway.app import create_app
from gateway.limits import Limits
from gateway.services import Services
from tests.gateway.conftest import NORTH, PUBLIC, Fhir, issue, patient


async def test_a_client_that_asks_too_often_is_told_to_wait(client: Fhir, services: Services) -> None:
    services.auth.limits = Limits(2, 0, 0)
    answers = [await client.ask("GET", "Patient/none") for _ in range(6)]
    refused = answers[-1]
    assert refused.status_code == 429
    assert issue(refused)["code"] == "throttled"
    assert int(refused.headers["Retry-After"]) >= 1
    assert answers[0].status_code == 404


async def test_too_many_at_once(client: Fhir, services: Services) -> None:
    services.auth.limits = Limits(0, 3, 0)
    answers = await asyncio.gather(*(client.ask("POST", "Patient", patient()) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {201, 429}
    assert (await client.ask("POST", "Patient", patient())).status_code == 201
    assert services.auth.limits._under_way == {}


async def test_guessing_is_bounded_but_known_tokens_pass(client: Fhir, services: Services) -> None:
    assert (await client.ask("GET", "Patient/none")).status_code == 404
    services.auth.limits = Limits(0, 0, 5)
    guesses = [await Fhir(client.http, NORTH, f"guess-{n}").ask("GET", "Patient/none") for n in range(8)]
    assert [answer.status_code for answer in guesses] == [401] * 5 + [429] * 3
    assert (await client.ask("GET", "Patient/none")).status_code == 404


async def test_a_request_that_takes_too_long_is_given_up(
    client: Fhir, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurried = replace(services, settings=replace(services.settings, request_seconds=1))

    async def never(*_: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("gateway.store.store.SqlStore.search", never)
    monkeypatch.setattr("gateway.store.store.SqlStore.read", never)
    transport = httpx.ASGITransport(create_app(hurried))
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC) as http:
        answer = await Fhir(http, NORTH, client.token).ask("GET", "Patient/x")
    assert answer.status_code == 503
    assert issue(answer)["code"] == "timeout"
    assert answer.headers["Retry-After"] == "5"
    assert services.auth.limits._under_way == {}


async def test_headers_of_every_answer(client: Fhir) -> None:
    made = await client.create(patient())
    for asked in (f"Patient/{made['id']}", "Patient", "metadata", "Nothing/x", "Patient/none"):
        headers = (await client.ask("GET", asked)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["Strict-Transport-Security"].startswith("max-age=")
        assert {"Accept", "Authorization"} <= {name.strip() for name in headers["Vary"].split(",")}
    assert (await client.ask("GET", f"Patient/{made['id']}")).headers["Cache-Control"] == "no-store"
