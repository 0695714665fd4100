"""$validate on types and instances (https://hl7.org/fhir/R4/resource-operation-validate.html)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.conftest import Fhir, issue, patient

US_CORE_PATIENT = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient"


def parameters(**values: Any) -> dict[str, Any]:
    keys = {"resource": "resource", "mode": "valueCode", "profile": "valueUri"}
    named = [{"name": name, keys[name]: value} for name, value in values.items()]
    return {"resourceType": "Parameters", "parameter": named}


async def told(client: Fhir, path: str, body: Any = None) -> list[tuple[str, str, str]]:
    answer = await client.ask("POST", path, body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["resourceType"] == "OperationOutcome"
    return [(i["severity"], i["code"], i.get("expression", [""])[0]) for i in answer.json()["issue"]]


FINE = ("information", "informational", "")
NO_TEXT = ("warning", "invariant", "Patient.text")


@pytest.mark.parametrize("wrapped", [False, True])
async def test_all_that_is_wrong_is_told_and_nothing_written(client: Fhir, wrapped: bool) -> None:
    bad = patient(gender="x", birthDate="y")
    found = await told(client, "Patient/$validate", parameters(resource=bad) if wrapped else bad)
    assert found == [("error", "code-invalid", "Patient.gender"), ("error", "value", "Patient.birthDate")]
    assert await client.total("Patient?") == 0


async def test_a_resource_without_fault(client: Fhir) -> None:
    text = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">Example</div>'}
    assert await told(client, "Patient/$validate", patient(text=text)) == [FINE]
    assert await told(client, "Patient/$validate", patient()) == [NO_TEXT]


async def test_a_profile_that_is_nominated(client: Fhir) -> None:
    assert ("error", "required", "Patient.gender") in await told(
        client, "Patient/$validate", parameters(resource=patient(), profile=US_CORE_PATIENT)
    )
    found = await told(client, f"Patient/$validate?profile={US_CORE_PATIENT}", patient())
    assert ("error", "required", "Patient.identifier") in found


async def test_a_profile_that_nobody_knows(client: Fhir) -> None:
    answer = await client.ask("POST", "Patient/$validate?profile=https://example.org/p", patient())
    assert (answer.status_code, issue(answer)["code"]) == (400, "not-supported")


async def test_a_claim_that_nobody_knows_is_a_warning(client: Fhir) -> None:
    claiming = patient(meta={"profile": ["https://example.org/p"]})
    assert await told(client, "Patient/$validate", claiming) == [
        ("warning", "not-found", "Patient.meta.profile[0]"),
        NO_TEXT,
    ]
    assert (await client.ask("POST", "Patient", claiming)).status_code == 201


async def test_a_profile_that_is_claimed_is_enforced(client: Fhir) -> None:
    answer = await client.ask("POST", "Patient", patient(meta={"profile": [US_CORE_PATIENT]}))
    assert answer.status_code == 400
    assert {i["expression"][0] for i in answer.json()["issue"]} == {"Patient.identifier", "Patient.gender"}


class TestInstance:
    async def test_what_is_stored(self, client: Fhir) -> None:
        stored = await client.create(patient())
        place = f"Patient/{stored['id']}/$validate"
        assert await told(client, place) == [NO_TEXT]
        assert (await client.ask("GET", place)).status_code == 200
        found = await told(client, place, parameters(mode="profile", profile=US_CORE_PATIENT))
        assert ("error", "required", "Patient.gender") in found

    async def test_update_asks_for_the_id(self, client: Fhir) -> None:
        stored = await client.create(patient())
        place = f"Patient/{stored['id']}/$validate"
        assert await told(client, place, parameters(resource=stored, mode="update")) == [NO_TEXT]
        found = await told(client, place, parameters(resource={**stored, "id": "other"}, mode="update"))
        assert ("error", "value", "Patient.id") in found

    async def test_delete(self, client: Fhir) -> None:
        stored = await client.create(patient())
        assert await told(client, f"Patient/{stored['id']}/$validate?mode=delete") == [FINE]
        assert (await client.ask("POST", "Patient/none/$validate?mode=delete")).status_code == 404
        assert (await client.ask("POST", "Patient/$validate?mode=delete")).status_code == 400
        assert (await client.ask("GET", f"Patient/{stored['id']}")).status_code == 200


@pytest.mark.parametrize(
    "body",
    [None, parameters(mode="create"), parameters(resource="x"), {"resourceType": "Parameters", "parameter": [1]}],
)
async def test_calls_that_cannot_be_answered(client: Fhir, body: Any) -> None:
    answer = await client.ask("POST", "Patient/$validate", body)
    assert (answer.status_code, issue(answer)["severity"]) == (400, "error")


@pytest.mark.parametrize("query", ["mode=guess", "mode=profile"])
async def test_modes_that_cannot_be_answered(client: Fhir, query: str) -> None:
    assert (await client.ask("POST", f"Patient/$validate?{query}", patient())).status_code == 400


async def test_another_type_than_that_of_the_address(client: Fhir) -> None:
    assert ("error", "invalid", "resourceType") in await told(client, "Encounter/$validate", patient())


async def test_the_scope_of_what_is_asked_is_needed(client: Fhir, scoped: Any) -> None:
    reader = await scoped("system/Patient.r")
    assert (await reader.ask("POST", "Patient/$validate", patient())).status_code == 200
    assert (await reader.ask("POST", "Patient/$validate?mode=create", patient())).status_code == 403


async def test_it_is_declared(client: Fhir) -> None:
    rest = (await client.ask("GET", "metadata")).json()["rest"][0]
    declared = {r["type"]: r for r in rest["resource"]}["Patient"]
    assert declared["operation"][0]["name"] == "validate"
    assert US_CORE_PATIENT in declared["supportedProfile"]
