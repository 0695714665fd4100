"""22: numbers, dates, lists, patterns and packed bodies that grow when they are looked at."""

from __future__ import annotations

import gzip
import time

import pytest

from tests.gateway.conftest import Fhir, issue, patient

PATIENCE_S = 5.0


@pytest.mark.parametrize("number", ["1e999999999", "-1e999999999", "1" * 100_000, "1e-999999999", "0." + "1" * 10_000])
async def test_22_numbers(client: Fhir, number: str) -> None:
    quantity = b'{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":%b}}'
    started = time.perf_counter()
    answer = await client.ask("POST", "Observation", quantity % number.encode())
    assert answer.status_code in (201, 400)
    searched = await client.ask("GET", f"Observation?value-quantity={number[:900]}")
    assert searched.status_code in (200, 400)
    assert time.perf_counter() - started < PATIENCE_S


@pytest.mark.parametrize(
    "date", ["99999-01-01", "0000-00-00", "10000", "-5000", "2026-02-30", "9999-12-31", "1e9", "2026-1-1"]
)
async def test_22_dates(client: Fhir, date: str) -> None:
    assert (await client.ask("GET", f"Patient?birthdate={date}")).status_code in (200, 400)
    assert (await client.ask("POST", "Patient", patient(birthDate=date))).status_code in (201, 400)


async def test_22_many_parameters_and_values(client: Fhir) -> None:
    many = "&".join("name=x" for _ in range(5_000))
    assert (await client.ask("GET", f"Patient?{many}")).status_code == 413
    listed = ",".join(str(number) for number in range(10_000))
    assert (await client.ask("GET", f"Patient?_id={listed}")).status_code == 413
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    posted = await client.ask("POST", "Patient/_search", None, headers=form, content=f"_id={listed}".encode())
    assert posted.status_code == 413


async def test_22_packed_bodies(client: Fhir) -> None:
    bomb = gzip.compress(b" " * (200 * 1024 * 1024), 9)
    assert len(bomb) < 1024 * 1024
    answer = await client.ask("POST", "Patient", bomb, headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 413
    assert issue(answer)["code"] == "too-long"
    twice = gzip.compress(gzip.compress(b"{}"))
    assert (await client.ask("POST", "Patient", twice, headers={"Content-Encoding": "gzip, gzip"})).status_code == 415


@pytest.mark.parametrize("text", ["a" * 900 + "!", "(" * 500, "a@" * 450, " " * 900 + "x", "0" * 900])
async def test_22_patterns_end(client: Fhir, text: str) -> None:
    started = time.perf_counter()
    for name in ("name", "email", "identifier", "birthdate", "_lastUpdated", "_sort", "general-practitioner", "_id"):
        assert (await client.ask("GET", "Patient", None, params={name: text})).status_code in (200, 400, 413)
    body = patient(telecom=[{"system": "email", "value": text * 50}], language=text[:200], birthDate=text * 10)
    assert (await client.ask("POST", "Patient", body)).status_code in (201, 400)
    assert time.perf_counter() - started < PATIENCE_S
