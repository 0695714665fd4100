"""FHIR read: http.html#read."""

from __future__ import annotations

import re

import pytest

from tests.gateway.conftest import Fhir, issue, patient


async def test_reads_what_was_created(client: Fhir) -> None:
    made = await client.create(patient("Marlow"))
    answer = await client.ask("GET", f"Patient/{made['id']}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/fhir+json;charset=utf-8"
    assert answer.headers["etag"] == 'W/"1"'
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", answer.headers["last-modified"])
    assert answer.json() == made


async def test_numbers_and_instants_come_back_to_the_digit(client: Fhir) -> None:
    body = (
        b'{ "resourceType":"Observation","status":"final","code":{"text":"weight"},\n'
        b'"effectiveInstant":"2024-03-09T10:30:00.1200+05:00","valueQuantity":{"value":1.00,"unit":"kg"},'
        b'"referenceRange":[{"low":{"value":0.0000010},"high":{"value":12345678901234567890.10}}]}'
    )
    made = await client.ask("POST", "Observation", body)
    assert made.status_code == 201
    answer = await client.ask("GET", f"Observation/{made.json()['id']}")
    for written in (b":1.00,", b":0.0000010}", b":12345678901234567890.10}", b'"2024-03-09T10:30:00.1200+05:00"'):
        assert written in answer.content
    assert answer.content == made.content


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("Patient/unheard-of", 404, "not-found"),
        ("Patient/" + "x" * 65, 404, "not-found"),
        ("Patient/not%20an%20id", 404, "not-found"),
        ("Patient/%00", 404, "not-found"),
        ("Patient/a%0d%0aSet-Cookie:x", 404, "not-found"),
        ("Patient/1'%20OR%20'1'='1", 404, "not-found"),
        ("Starship/1", 404, "not-found"),
        ("patient/1", 404, "not-found"),
        ("Patient;x/1", 404, "not-found"),
        ("Bundle/1", 404, "not-found"),
    ],
)
async def test_refuses(client: Fhir, path: str, status: int, code: str) -> None:
    answer = await client.ask("GET", path)
    assert answer.status_code == status
    assert issue(answer)["code"] == code


async def test_a_deleted_one_is_gone(client: Fhir) -> None:
    made = await client.create(patient())
    await client.ask("DELETE", f"Patient/{made['id']}")
    answer = await client.ask("GET", f"Patient/{made['id']}")
    assert (answer.status_code, issue(answer)["code"]) == (410, "deleted")


async def test_another_organisation_sees_nothing(client: Fhir, south: Fhir) -> None:
    made = await client.create(patient())
    answer = await south.ask("GET", f"Patient/{made['id']}")
    assert (answer.status_code, issue(answer)["code"]) == (404, "not-found")
    stolen = Fhir(south.http, south.base, client.token)
    assert (await stolen.ask("GET", f"Patient/{made['id']}")).status_code == 401
