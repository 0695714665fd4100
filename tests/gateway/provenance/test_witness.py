"""Every version has a Provenance that says who made it, found as US Core has it, and none speaks of two patients."""

from __future__ import annotations

import json
from typing import Any

from gateway.definitions.contract import Definitions
from tests.gateway.conftest import Fhir, Template, bundle, entry, issue, patient

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-provenance"


async def provenances(client: Fhir, query: str) -> list[dict[str, Any]]:
    found = (await client.ask("GET", f"Provenance?{query}&_sort=recorded")).json()
    return [each["resource"] for each in found.get("entry", ())]


def told(provenance: dict[str, Any]) -> tuple[str, list[str]]:
    return provenance["activity"]["coding"][0]["code"], [target["reference"] for target in provenance["target"]]


async def test_each_version_has_one(client: Fhir, template: Template, definitions: Definitions) -> None:
    made = await client.create(patient())
    place = f"Patient/{made['id']}"
    await client.ask("PUT", place, {**made, "gender": "female"})
    await client.ask("DELETE", place)
    found = await provenances(client, f"target={place}")
    assert [told(each) for each in found] == [
        ("CREATE", [f"{place}/_history/1"]), ("UPDATE", [f"{place}/_history/2"]), ("DELETE", [f"{place}/_history/3"]),
    ]  # fmt: skip
    for each in found:
        assert definitions.validate(each, {"Provenance": (US_CORE,)}) == ()
        assert each["agent"][0]["who"]["identifier"]["value"] == template.clients["north"][0]


async def test_they_are_included_with_what_they_speak_of(client: Fhir) -> None:
    made = await client.create(patient())
    answer = (await client.ask("GET", f"Patient?_id={made['id']}&_revinclude=Provenance:target")).json()
    assert [each["resource"]["resourceType"] for each in answer["entry"]] == ["Patient", "Provenance"]


async def test_a_transaction_has_one_for_each_patient(client: Fhir) -> None:
    def chart(number: int) -> list[dict[str, Any]]:
        subject = {"reference": f"Patient/p{number}"}
        observation = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "subject": subject}
        return [
            entry("PUT", f"Patient/p{number}", {**patient(), "id": f"p{number}"}),
            *(entry("POST", "Observation", observation) for _ in range(3)),
        ]

    assert (await client.transaction(*chart(1), *chart(2))).status_code == 200
    first, second = await provenances(client, "target=Patient/p1"), await provenances(client, "target=Patient/p2")
    assert [len(each["target"]) for each in (*first, *second)] == [4, 4]


async def test_what_is_not_written_has_none(client: Fhir) -> None:
    made = await client.create(patient())
    await client.ask("PUT", f"Patient/{made['id']}", made)
    assert len(await provenances(client, f"target=Patient/{made['id']}")) == 1
    refused = await client.ask("POST", "", bundle(entry("POST", "Patient", patient()), entry("PUT", "Patient/x", {})))
    assert refused.status_code >= 400
    assert await client.total("Provenance?recorded=gt2000") == 1


async def test_a_provenance_has_none_of_its_own(client: Fhir) -> None:
    made = await client.create(patient())
    (found,) = await provenances(client, f"target=Patient/{made['id']}")
    assert await provenances(client, f"target=Provenance/{found['id']}") == []


AGENT = {"who": {"display": "Intake desk"}}


async def test_the_header_adds_the_clients_own(client: Fhir) -> None:
    stated = {"resourceType": "Provenance", "recorded": "2026-01-02T03:04:05Z", "agent": [AGENT]}
    answer = await client.ask("POST", "Patient", patient(), headers={"X-Provenance": json.dumps(stated)})
    place = f"Patient/{answer.json()['id']}"
    displays = [each["agent"][0]["who"].get("display") for each in await provenances(client, f"target={place}")]
    assert sorted(displays, key=str) == ["Intake desk", None]


async def test_a_wrong_header_changes_nothing(client: Fhir) -> None:
    for stated in (
        {"resourceType": "Patient"},
        {"resourceType": "Provenance", "recorded": "2026-01-02T03:04:05Z", "agent": [AGENT], "target": []},
        {"resourceType": "Provenance", "recorded": "yesterday", "agent": [AGENT]},
        {"resourceType": "Provenance"},
    ):
        answer = await client.ask("POST", "Patient", patient(), headers={"X-Provenance": json.dumps(stated)})
        assert answer.status_code == 400
        assert issue(answer)
    assert await client.total("Patient?name=Example") == 0
