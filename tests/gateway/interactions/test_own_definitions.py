"""Definitions as resources: ours are what is enforced and stay so; those of clients are stored, as /metadata says."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.canonical import CANONICAL
from gateway.definitions.own import own_definitions, put_definitions
from gateway.services import Services
from tests.gateway.conftest import Fhir, entry, issue, patient

OURS = next(d for d in own_definitions() if d["resourceType"] == "StructureDefinition" and d["id"] == "salutation")
PATH = "StructureDefinition/salutation"
STRICT = {
    "resourceType": "StructureDefinition", "url": "https://crm.example/StructureDefinition/strict", "name": "Strict",
    "status": "active", "kind": "resource", "abstract": False, "type": "Patient", "derivation": "constraint",
    "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
    "differential": {"element": [{"id": "Patient.birthDate", "path": "Patient.birthDate", "min": 1}]},
}  # fmt: skip
SHOE = {
    "resourceType": "SearchParameter", "url": "https://crm.example/SearchParameter/shoe", "name": "Shoe",
    "code": "shoe", "status": "active", "description": "x",
    "base": ["Patient"], "type": "string", "expression": "Patient.name.text",
}  # fmt: skip


@pytest.fixture
async def defined(client: Fhir, services: Services) -> Fhir:
    """A client of an organisation that has been given our definitions."""
    await services.store.write(services.auth.realm("north").org, put_definitions)
    return client


def refused(answer: Any) -> tuple[int, str, list[str]]:
    first = issue(answer)
    return answer.status_code, first["code"], first["expression"]


async def test_what_is_served_is_what_is_enforced(defined: Fhir) -> None:
    served = (await defined.ask("GET", PATH)).json()
    assert {name: value for name, value in served.items() if name != "meta"} == OURS


@pytest.mark.parametrize("changed", [{**OURS, "status": "retired"}, {**OURS, "context": OURS["context"] * 2}])
async def test_ours_cannot_be_changed(defined: Fhir, changed: dict[str, Any]) -> None:
    assert refused(await defined.ask("PUT", PATH, changed)) == (422, "business-rule", ["StructureDefinition.id"])
    answer = await defined.transaction(entry("PUT", PATH, changed))
    assert refused(answer) == (422, "business-rule", ["Bundle.entry[0].resource.id"])
    assert (await defined.ask("GET", PATH)).headers["etag"] == 'W/"1"'


async def test_ours_cannot_be_deleted_nor_patched_nor_doubled(defined: Fhir) -> None:
    assert (await defined.ask("DELETE", PATH)).status_code == 422
    operations = [{"op": "replace", "path": "/status", "value": "retired"}]
    headers = {"Content-Type": "application/json-patch+json"}
    assert (await defined.ask("PATCH", PATH, operations, headers)).status_code == 422
    double = {name: value for name, value in OURS.items() if name != "id"}
    answer = await defined.ask("POST", "StructureDefinition", double)
    assert refused(answer) == (422, "business-rule", ["StructureDefinition.url"])
    assert (await defined.ask("GET", PATH)).headers["etag"] == 'W/"1"'


async def test_ours_as_it_is_changes_nothing(defined: Fhir) -> None:
    served = (await defined.ask("GET", PATH)).json()
    answer = await defined.ask("PUT", PATH, served)
    assert (answer.status_code, answer.headers["etag"]) == (200, 'W/"1"')


async def test_a_profile_of_a_client_is_stored_and_checks_nothing(defined: Fhir) -> None:
    await defined.create(STRICT)
    assert await defined.total(f"StructureDefinition?url={STRICT['url']}") == 1
    await defined.create(patient(meta={"profile": [STRICT["url"]]}))
    answer = await defined.ask("POST", f"Patient/$validate?profile={STRICT['url']}", patient())
    assert (answer.status_code, issue(answer)["code"]) == (400, "not-supported")


async def test_a_search_parameter_of_a_client_is_stored_and_finds_nothing(defined: Fhir) -> None:
    await defined.create(SHOE)
    answer = await defined.ask("GET", "Patient?shoe=9", headers={"Prefer": "handling=strict"})
    assert (answer.status_code, issue(answer)["severity"]) == (400, "error")


async def test_metadata_says_so(defined: Fhir) -> None:
    await defined.create(STRICT)
    rest = (await defined.ask("GET", "metadata")).json()["rest"][0]
    said = {resource["type"]: resource for resource in rest["resource"]}
    assert "supportedProfile" in said["StructureDefinition"]["documentation"]
    assert "searchParam" in said["SearchParameter"]["documentation"]
    assert STRICT["url"] not in said["Patient"]["supportedProfile"]


def test_all_of_ours_are_told_by_their_url() -> None:
    assert all(own.get("url", CANONICAL).startswith(CANONICAL) for own in own_definitions())
