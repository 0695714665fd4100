"""FHIR update: http.html#update, #upsert, #concurrency."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.gateway.conftest import NORTH, Fhir, Outbox, issue, patient


async def test_a_new_version(client: Fhir, outbox: Outbox) -> None:
    made = await client.create(patient("Before"))
    answer = await client.ask("PUT", f"Patient/{made['id']}", patient("After", id=made["id"]))
    assert answer.status_code == 200
    assert answer.headers["etag"] == 'W/"2"'
    assert answer.headers["location"] == f"{NORTH}/Patient/{made['id']}/_history/2"
    assert answer.json()["meta"]["lastUpdated"] > made["meta"]["lastUpdated"]
    assert outbox.handed[1:] == [[f"Patient/{made['id']}/2"]]


async def test_an_update_creates_what_is_not_there(client: Fhir) -> None:
    answer = await client.ask("PUT", "Patient/of.my-own", patient(id="of.my-own"))
    assert (answer.status_code, answer.headers["etag"]) == (201, 'W/"1"')


async def test_an_update_brings_back_what_was_deleted(client: Fhir) -> None:
    await client.ask("PUT", "Patient/p", patient(id="p"))
    await client.ask("DELETE", "Patient/p")
    answer = await client.ask("PUT", "Patient/p", patient(id="p"))
    assert (answer.status_code, answer.headers["etag"]) == (201, 'W/"3"')


async def test_no_change_makes_no_version(client: Fhir, outbox: Outbox) -> None:
    made = await client.create(patient())
    answer = await client.ask("PUT", f"Patient/{made['id']}", made)
    assert (answer.status_code, answer.headers["etag"]) == (200, 'W/"1"')
    assert len(outbox.handed) == 1


@pytest.mark.parametrize(
    ("path", "resource", "expression"),
    [
        ("Patient/p", patient(), "Patient.id"),
        ("Patient/p", patient(id="q"), "Patient.id"),
        ("Patient/p", patient(id="P"), "Patient.id"),
        ("Patient/p", {"resourceType": "Observation", "id": "p"}, "resourceType"),
        ("Patient/p", patient(id="p", gender="M"), "Patient.gender"),
        ("Patient/" + "x" * 65, patient(id="x" * 65), None),
        ("Patient/a%20b", patient(id="a b"), None),
        ("Patient/a%0d%0ab", patient(id="a\r\nb"), None),
        ("Patient/%C3%A9", patient(id="é"), None),
    ],
)
async def test_refuses(client: Fhir, path: str, resource: dict[str, Any], expression: str | None) -> None:
    answer = await client.ask("PUT", path, resource)
    assert answer.status_code == 400
    assert issue(answer).get("expression") == ([expression] if expression else None)
    assert await client.total("Patient?") == 0


@pytest.mark.parametrize(
    ("if_match", "status"),
    [('W/"2"', 200), ('"2"', 200), (' W/"2" ', 200), ('W/"1"', 412), ('W/"3"', 412)]
    + [(text, 400) for text in ("2", 'W/"two"', 'W/""', "*", 'W/"2', 'W/"²"', 'W/"-1"', f'W/"{"9" * 40}"', 'w/"2"')],
)
async def test_if_match(client: Fhir, if_match: str, status: int) -> None:
    for family in ("A", "B"):
        await client.ask("PUT", "Patient/p", patient(family, id="p"))
    answer = await client.ask("PUT", "Patient/p", patient("C", id="p"), headers={"If-Match": if_match})
    assert answer.status_code == status
    if status != 200:
        assert issue(answer)["code"] == ("conflict" if status == 412 else "invalid")
        assert (await client.ask("GET", "Patient/p")).headers["etag"] == 'W/"2"'


async def test_if_match_of_nothing(client: Fhir) -> None:
    answer = await client.ask("PUT", "Patient/p", patient(id="p"), headers={"If-Match": 'W/"1"'})
    assert (answer.status_code, issue(answer)["code"]) == (412, "conflict")
    assert (await client.ask("GET", "Patient/p")).status_code == 404


async def test_parallel_updates_with_if_match_lose_none(client: Fhir) -> None:
    await client.ask("PUT", "Patient/p", patient("0", id="p"))

    async def add_name(name: str) -> None:
        while True:
            read = await client.ask("GET", "Patient/p")
            changed = read.json()
            changed["name"].append({"family": name})
            headers = {"If-Match": read.headers["etag"]}
            answer = await client.ask("PUT", "Patient/p", changed, headers=headers)
            if answer.status_code == 200:
                return
            assert answer.status_code == 412

    await asyncio.gather(*(add_name(str(n)) for n in range(1, 9)))
    names = (await client.ask("GET", "Patient/p")).json()["name"]
    assert sorted(name["family"] for name in names) == [str(n) for n in range(9)]


async def test_organisations_have_ids_of_their_own(client: Fhir, south: Fhir) -> None:
    await client.ask("PUT", "Patient/p", patient("North", id="p"))
    answer = await south.ask("PUT", "Patient/p", patient("South", id="p"), headers={"If-Match": 'W/"1"'})
    assert answer.status_code == 412
    assert (await south.ask("PUT", "Patient/p", patient("South", id="p"))).status_code == 201
    assert (await client.ask("GET", "Patient/p")).json()["name"] == [{"family": "North"}]
