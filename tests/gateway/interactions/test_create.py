"""FHIR create: http.html#create, #ccreate."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.gateway.conftest import NORTH, Fhir, Outbox, bundle, identified, issue, patient

SYSTEM = "https://crm.example/id"


async def test_the_server_chooses_id_and_version(client: Fhir, outbox: Outbox) -> None:
    sent = patient(id="mine", meta={"versionId": "7", "lastUpdated": "1999-01-01T00:00:00Z", "source": "urn:crm"})
    answer = await client.ask("POST", "Patient", sent)
    made = answer.json()
    assert answer.status_code == 201
    assert made["id"] != "mine"
    assert made["meta"]["versionId"] == "1"
    assert made["meta"]["lastUpdated"] > "2020"
    assert made["meta"]["source"] == "urn:crm"
    assert answer.headers["location"] == f"{NORTH}/Patient/{made['id']}/_history/1"
    assert answer.headers["etag"] == 'W/"1"'
    assert outbox.handed == [[f"Patient/{made['id']}/1"]]


@pytest.mark.parametrize(
    ("resource", "expression"),
    [
        (patient(birthDate="31.12.1999"), "Patient.birthDate"),
        (patient(gender="M"), "Patient.gender"),
        (patient(shoeSize=9), "Patient.shoeSize"),
        ({"resourceType": "Patient", "name": [{"family": None}]}, "Patient.name[0].family"),
        ({"resourceType": "Patient", "name": [{"family": "a\0b"}]}, "Patient.name[0].family"),
        (patient(generalPractitioner=[{"reference": "Location/1"}]), "Patient.generalPractitioner[0].reference"),
        (patient(meta=[]), "Patient.meta"),
    ],
)
async def test_an_invalid_resource_is_refused_at_its_place(
    client: Fhir, resource: dict[str, Any], expression: str, outbox: Outbox
) -> None:
    answer = await client.ask("POST", "Patient", resource)
    assert answer.status_code == 400
    assert issue(answer)["expression"] == [expression]
    assert await client.total("Patient?") == 0
    assert outbox.handed == []


@pytest.mark.parametrize("path", ["Observation", "Patient/_search/", "Patient/1"])
async def test_type_and_address_have_to_agree(client: Fhir, path: str) -> None:
    answer = await client.ask("POST", path, patient())
    assert answer.status_code in (400, 404, 405)
    assert issue(answer)["code"] in ("invalid", "not-found", "not-supported")


@pytest.mark.parametrize("type", ["Starship", "Bundle", "patient", "Parameters"])
async def test_types_that_are_not_served(client: Fhir, type: str) -> None:
    answer = await client.ask("POST", type, {"resourceType": type})
    assert (answer.status_code, issue(answer)["code"]) == (404, "not-found")


async def test_a_bundle_is_no_patient(client: Fhir) -> None:
    answer = await client.ask("POST", "Patient", bundle())
    assert (answer.status_code, issue(answer)["expression"]) == (400, ["resourceType"])


async def test_a_large_resource_is_checked_too(client: Fhir) -> None:
    names = [{"family": f"Name {n}"} for n in range(5000)]
    assert (await client.ask("POST", "Patient", {"resourceType": "Patient", "name": names})).status_code == 201
    answer = await client.ask("POST", "Patient", {"resourceType": "Patient", "name": names, "gender": "?"})
    assert (answer.status_code, issue(answer)["expression"]) == (400, ["Patient.gender"])


async def test_when_the_outbox_fails_nothing_is_written(client: Fhir, outbox: Outbox) -> None:
    outbox.failure = OSError("disk full of Marlow")
    answer = await client.ask("POST", "Patient", patient("Marlow"))
    assert (answer.status_code, issue(answer)["code"]) == (500, "exception")
    assert "Marlow" not in answer.text
    outbox.failure = None
    assert await client.total("Patient?") == 0


async def test_criteria_in_the_address_are_not_overlooked(client: Fhir) -> None:
    answer = await client.ask("POST", f"Patient?identifier={SYSTEM}|1", identified("1"))
    assert (answer.status_code, issue(answer)["code"]) == (400, "not-supported")
    assert (await client.ask("POST", "Patient?_format=json", identified("1"))).status_code == 201


class TestConditional:
    """If-None-Exist."""

    async def create(self, client: Fhir, condition: str, value: str = "1") -> Any:
        return await client.ask("POST", "Patient", identified(value), headers={"If-None-Exist": condition})

    @pytest.mark.parametrize("form", ["identifier={}|1", "?identifier={}|1", "Patient?identifier={}|1"])
    async def test_no_match_creates_and_a_match_is_answered(self, client: Fhir, form: str) -> None:
        first = await self.create(client, form.format(SYSTEM))
        again = await self.create(client, form.format(SYSTEM))
        assert (first.status_code, again.status_code) == (201, 200)
        assert again.json() == first.json()
        assert again.headers["location"] == first.headers["location"]
        assert await client.total("Patient?") == 1

    async def test_several_matches_are_refused(self, client: Fhir) -> None:
        for _ in range(2):
            await client.create(identified("1"))
        answer = await self.create(client, f"identifier={SYSTEM}|1")
        assert (answer.status_code, issue(answer)["expression"]) == (412, ["If-None-Exist"])
        assert await client.total("Patient?") == 2

    @pytest.mark.parametrize(
        "condition", [" ", "_count=1", "_format=json", "shoe=9", "birthdate=yesterday", "identifier=", "_elements=id"]
    )
    async def test_criteria_have_to_select(self, client: Fhir, condition: str) -> None:
        answer = await self.create(client, condition)
        assert (answer.status_code, issue(answer)["expression"]) == (400, ["If-None-Exist"])
        assert await client.total("Patient?") == 0

    async def test_in_parallel_they_make_one(self, client: Fhir) -> None:
        answers = await asyncio.gather(*(self.create(client, f"identifier={SYSTEM}|1") for _ in range(20)))
        assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
        assert len({answer.json()["id"] for answer in answers}) == 1
        assert await client.total("Patient?") == 1

    async def test_another_organisation_does_not_match(self, client: Fhir, south: Fhir) -> None:
        assert (await self.create(client, f"identifier={SYSTEM}|1")).status_code == 201
        assert (await self.create(south, f"identifier={SYSTEM}|1")).status_code == 201

    async def test_it_needs_to_search(self, scoped: Any, client: Fhir) -> None:
        await client.create(identified("1"))
        creator = await scoped("system/Patient.c")
        assert (await creator.ask("POST", "Patient", identified("2"))).status_code == 201
        answer = await self.create(creator, f"identifier={SYSTEM}|1")
        assert (answer.status_code, issue(answer)["code"]) == (403, "forbidden")
