"""What a kick-off accepts and refuses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.bulk.conftest import ASYNC, Ward, group, ids, patient
from tests.gateway.conftest import NORTH, issue


def parameters(**parameter: Any) -> dict[str, Any]:
    return {"resourceType": "Parameters", "parameter": [parameter]}


@pytest.mark.parametrize(
    "format", ["application/fhir%2Bndjson", "application/fhir+ndjson", "application/ndjson", "ndjson"]
)
@pytest.mark.parametrize("place", ["$export", "Patient/$export"])
async def test_each_spelling_of_the_format(ward: Ward, place: str, format: str) -> None:
    answer = await ward.kick_off(f"{place}?_outputFormat={format}")
    assert answer.status_code == 202
    assert answer.headers["content-location"].startswith(f"{NORTH}/_bulk/")
    assert issue(answer)["severity"] == "information"


@pytest.mark.parametrize(
    ("headers", "expression"),
    [
        ({"Prefer": ""}, "Prefer"),
        ({"Prefer": "return=minimal"}, "Prefer"),
        ({"Accept": "text/plain"}, "Accept"),
        ({"Accept": "application/fhir+json;q=0, text/html"}, "Accept"),
    ],
)
async def test_headers_that_a_kick_off_needs(ward: Ward, headers: dict[str, str], expression: str) -> None:
    answer = await ward.kick_off("$export", **headers)
    assert (answer.status_code, issue(answer)["expression"]) == (400, [expression])


async def test_accept_may_be_left_out(ward: Ward) -> None:
    assert (await ward.kick_off("$export", Accept="*/*")).status_code == 202


@pytest.mark.parametrize(
    ("query", "expression"),
    [
        ("_outputFormat=application/fhir%2Bxml", "_outputFormat"),
        ("_outputFormat=ndjson&_outputFormat=ndjson", "_outputFormat"),
        ("_since=yesterday", "_since"),
        ("_type=Nonsense", "_type"),
        ("_type=", "_type"),
        ("includeAssociatedData=LatestProvenanceResources", "includeAssociatedData"),
        ("organizeOutputBy=Patient", "organizeOutputBy"),
        ("anything=else", "anything"),
        ("patient=Patient/1", "patient"),
        ("_elements=1", "_elements"),
        ("_typeFilter=Patient", "_typeFilter"),
        ("_typeFilter=Patient%3F_sort%3Dname", "_typeFilter"),
        ("_typeFilter=Patient%3Fnonsense%3D1", "_typeFilter"),
        ("_typeFilter=Patient%3Fbirthdate%3Dx", "birthdate"),
        ("_type=Encounter&_typeFilter=Patient%3Fgender%3Dmale", "_typeFilter"),
    ],
)
async def test_parameters_that_are_refused(ward: Ward, query: str, expression: str) -> None:
    answer = await ward.kick_off(f"$export?{query}")
    assert (answer.status_code, issue(answer)["expression"]) == (400, [expression]), answer.text


async def test_what_is_not_supported_is_left_out_where_the_client_is_lenient(ward: Ward) -> None:
    await ward.put(patient("a"))
    query = "$export?_type=Patient,Nonsense&includeAssociatedData=LatestProvenanceResources&organizeOutputBy=Patient"
    answer = await ward.kick_off(query, Prefer="respond-async, handling=lenient")
    assert answer.status_code == 202
    severities = [issue["severity"] for issue in answer.json()["issue"]]
    assert severities == ["information", "warning", "warning", "warning"]
    place = answer.headers["content-location"].removeprefix(f"{NORTH}/")
    await ward.work(place)
    manifest = await ward.manifest(place)
    assert [(file["type"], file["count"]) for file in manifest["error"]] == [("OperationOutcome", 3)]
    assert ids(await ward.lines(manifest), "Patient") == ["a"]


async def test_a_type_outside_the_compartment_is_no_part_of_an_export_of_patients(ward: Ward) -> None:
    assert issue(await ward.kick_off("Patient/$export?_type=ValueSet"))["expression"] == ["_type"]
    assert (await ward.kick_off("Patient/$export?_type=Organization,Patient")).status_code == 202


@pytest.mark.parametrize(
    ("body", "expression"),
    [
        ({"resourceType": "Patient"}, "resourceType"),
        (parameters(name="_type"), "Parameters.parameter[0]"),
        (parameters(name="patient", valueString="a"), "Parameters.parameter[0]"),
        (parameters(name="patient", valueReference={"reference": "Group/a"}), "patient"),
    ],
)  # fmt: skip
async def test_bodies_that_are_refused(ward: Ward, body: dict[str, Any], expression: str) -> None:
    answer = await ward.kick_off("Patient/$export", body)
    assert answer.status_code == 400
    assert expression in issue(answer)["expression"][0]


async def test_a_post_may_have_no_body(ward: Ward) -> None:
    assert (await ward.fhir.ask("POST", "$export", headers=ASYNC)).status_code == 202


@pytest.mark.parametrize(
    ("more", "status"),
    [({"type": "animal"}, 422), ({"actual": False, "member": []}, 422), ({"member": None}, 202)],
)
async def test_a_group_has_to_list_persons(ward: Ward, more: dict[str, Any], status: int) -> None:
    made = {name: value for name, value in {**group("g"), **more}.items() if value is not None}
    await ward.put(made)
    assert (await ward.kick_off("Group/g/$export")).status_code == status


async def test_a_group_that_is_not_there(ward: Ward) -> None:
    await ward.put(group("gone"))
    await ward.delete("Group", "gone")
    assert (await ward.kick_off("Group/none/$export")).status_code == 404
    assert (await ward.kick_off("Group/gone/$export")).status_code == 410
    assert (await ward.kick_off("Observation/$export")).status_code == 400


async def test_scopes_choose_the_types(ward: Ward) -> None:
    await ward.put(patient("a"), {"resourceType": "Organization", "id": "o", "name": "O"})
    ward.fhir = await ward.as_client("crm", "system/Patient.rs system/Encounter.r system/Group.s")
    lines = await ward.exported()
    assert list(lines) == ["Patient"]
    refused = await ward.kick_off("$export?_type=Organization")
    assert (refused.status_code, issue(refused)["expression"]) == (403, ["_type"])
    assert (await ward.kick_off("$export?_type=Encounter")).status_code == 403
    chained = await ward.kick_off("$export?_typeFilter=Patient%3Forganization.name%3DO")
    assert chained.status_code == 403


async def test_a_token_without_a_scope_on_the_system_exports_nothing(ward: Ward) -> None:
    ward.fhir = await ward.as_client("crm", "gateway/admin patient/*.rs user/*.rs")
    for place in ("$export", "Patient/$export", "$export?_type=Patient"):
        assert (await ward.kick_off(place)).status_code == 403
    ward.fhir.token = None
    assert (await ward.kick_off("$export")).status_code == 401


async def test_a_look_begins_nothing(ward: Ward) -> None:
    assert (await ward.fhir.ask("HEAD", "$export", headers=ASYNC)).status_code == 405
    assert await ward.services.sync.client.list_workflows_async(name="bulk") == []


async def test_only_so_many_at_once(ward: Ward) -> None:
    places = [await ward.begun() for _ in range(5)]
    refused = await ward.kick_off()
    assert (refused.status_code, issue(refused)["code"]) == (429, "throttled")
    assert int(refused.headers["retry-after"]) > 0
    assert (await ward.fhir.ask("DELETE", places[0])).status_code == 202
    assert (await ward.kick_off()).status_code == 202
