"""What only an EMR may change is read-only for clients, on every road of writing; the EMR's pulls still write it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlmodel import Session

from gateway.store.contract import Transaction
from gateway.sync.pull import Counts
from gateway.translation.contract import Part, Pulled, PullPage
from tests.gateway.conftest import bundle, entry, issue
from tests.gateway.sync.clinic import Clinic, patient
from translators.ecw.facade import MAPS

WHO: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "E1",
    "name": [{"use": "usual", "family": "Sampledottir", "given": ["Rowan"]}],
    "birthDate": "1990-04-17",
    "gender": "female",
}
POLICY: dict[str, Any] = {
    "resourceType": "Coverage",
    "id": "C1",
    "status": "active",
    "subscriberId": "MEM-1",
    "beneficiary": {"reference": "Patient/E1"},
    "payor": [{"display": "Acme Health"}],
}
VISIT: dict[str, Any] = {
    "resourceType": "Encounter",
    "id": "V1",
    "status": "in-progress",
    "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
    "subject": {"reference": "Patient/E1"},
}
JSON_PATCH = {"Content-Type": "application/json-patch+json"}


@pytest.fixture
async def ecw(clinic: Clinic) -> Clinic:
    """One patient's chart, pulled from an EMR that owns its insurance and encounters."""
    await clinic.connect("ecw", push="false")
    assert (await pulled(clinic, WHO, POLICY, VISIT))["created"] == 1
    return clinic


async def pulled(clinic: Clinic, *records: dict[str, Any]) -> Counts:
    pull, rooms = clinic.services.sync.workflows.pulls.pull, clinic.services.sync.connections

    def apply(tx: Transaction) -> Counts:
        with Session(tx.connection) as session:
            bindings = rooms.account(session, clinic.realm, rooms.get(session, clinic.realm, "ecw")).bindings
        parts = tuple(
            Part(MAPS[type].bound(bindings), record["id"], record, match=("subscriberId",) * (type == "Coverage"))
            for record in records
            for type in (record["resourceType"],)
        )
        page = PullPage((Pulled("E1", parts),), None, more=False)
        return pull.apply(tx, clinic.realm, "ecw", page, None)

    return await clinic.write(apply)


async def test_no_road_of_writing_changes_what_the_emr_owns(ecw: Clinic) -> None:
    (policy,), (visit,) = await ecw.all("Coverage"), await ecw.all("Encounter")
    place, mine = f"Coverage/{policy['id']}", {**policy, "subscriberId": "MEM-2"}
    key = f"Coverage?identifier={policy['identifier'][0]['value']}"
    steps = [{"op": "replace", "path": "/subscriberId", "value": "MEM-2"}]
    untouched = patient("p9")
    for method, path, body, headers in (
        ("PUT", place, mine, {}),
        ("PATCH", place, steps, JSON_PATCH),
        ("DELETE", place, None, {}),
        ("PUT", key, mine, {}),
        ("PATCH", key, steps, JSON_PATCH),
        ("DELETE", key, None, {}),
        ("PUT", f"Encounter/{visit['id']}", {**visit, "status": "cancelled"}, {}),
    ):
        answer = await ecw.fhir.ask(method, path, body, headers=headers)
        assert answer.status_code == 422, (method, path, answer.text)
        assert "eClinicalWorks" in issue(answer)["diagnostics"]
        assert "connection ecw" in issue(answer)["diagnostics"]
        assert issue(answer)["expression"] == [path.partition("/")[0].partition("?")[0]]
    answer = await ecw.fhir.transaction(entry("PUT", "Patient/p9", untouched), entry("PUT", place, mine))
    assert answer.status_code == 422
    assert issue(answer)["expression"][0].startswith("Bundle.entry[1]")
    batch = await ecw.fhir.ask("POST", "", bundle(entry("DELETE", place), type="batch"))
    assert batch.json()["entry"][0]["response"]["status"].startswith("422")
    assert await ecw.all("Coverage") == [policy]
    assert await ecw.all("Encounter") == [visit]
    assert await ecw.read("Patient", "p9") is None


async def test_the_emr_itself_and_the_labels_of_our_copy_go_on(ecw: Clinic) -> None:
    (policy,) = await ecw.all("Coverage")
    place = f"Coverage/{policy['id']}"
    assert (await ecw.fhir.ask("GET", place)).status_code == 200
    same = await ecw.fhir.ask("PUT", place, policy)
    assert (same.status_code, same.headers["etag"]) == (200, 'W/"1"')
    label = {"name": "meta", "valueMeta": {"tag": [{"system": "https://crm.example/tags", "code": "seen"}]}}
    tagged = await ecw.fhir.ask("POST", f"{place}/$meta-add", {"resourceType": "Parameters", "parameter": [label]})
    assert tagged.status_code == 200
    assert (await pulled(ecw, WHO, {**POLICY, "subscriberId": "MEM-3"}, VISIT))["updated"] == 1
    after = await ecw.read("Coverage", policy["id"])
    assert after is not None
    assert (after["subscriberId"], after["meta"]["tag"][0]["code"]) == ("MEM-3", "seen")


async def test_what_a_client_wrote_stays_its_own_and_costs_no_question(ecw: Clinic) -> None:
    mine = {**POLICY, "id": "mine", "subscriberId": "MEM-9"}
    mine["beneficiary"] = {"reference": f"Patient/{(await ecw.all('Patient'))[0]['id']}"}
    assert (await ecw.fhir.ask("PUT", "Coverage/mine", mine)).status_code == 201
    asked: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    changed = await ecw.fhir.ask("PUT", "Coverage/mine", {**mine, "status": "cancelled"})
    event.remove(Engine, "before_cursor_execute", note)
    assert changed.status_code == 200
    assert asked, "statements are seen"
    assert not [statement for statement in asked if "FROM connection JOIN link" in statement]
    # Recognised in the EMR's chart, it is the EMR's from then on.
    await pulled(ecw, WHO, {**POLICY, "id": "C9", "subscriberId": "MEM-9"}, VISIT)
    refused = await ecw.fhir.ask("PUT", "Coverage/mine", {**mine, "status": "draft"})
    assert refused.status_code == 422
    assert (await ecw.fhir.ask("DELETE", "Patient/none")).status_code == 204
