"""Two gateways: a CRM at one, and the staff of a practice at the other's internal API, both kept in step."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.blackbox.crm import created
from tests.blackbox.sync_world import ORG, Json, World, outputs, until, world

pytestmark = pytest.mark.blackbox
WHO = "urn:uuid:5b8f1f0e-3b5b-4e6f-9f0e-4d5a6c7b8d9e"
PENICILLIN, ALCOHOL = "00000000-0000-4000-8000-0000000060a1", "00000000-0000-4000-8000-0000000080c1"
PHARMACY = "00000000-0000-4000-8000-0000000092f1"
OFFICE: dict[str, Json] = {
    "alerts": {"alert_definition_uuid": "00000000-0000-4000-8000-0000000091e1"},
    "communication-logs": {"communication_datetime": "2026-02-03T10:00:00Z", "note": "Rang the sister"},
    "referral-attributions": {"provider_uuid": "00000000-0000-4000-8000-0000000020d1", "attribution_role": "primary"},
    "relationships": {"relationship_type": "parent", "to_patient_uuid": "00000000-0000-4000-8000-0000000000a1"},
}
CLINICAL = "http://terminology.hl7.org/CodeSystem"


class Staff:
    """The practice's own program: the API with its token."""

    def __init__(self, made: World) -> None:
        self.base = f"{made.sandboxes['internal']}/api/v1/demo"
        self.http = httpx.Client(headers={"Authorization": "Bearer sandbox-token"}, timeout=30)

    def __call__(self, method: str, path: str, body: Json | None = None, **query: str) -> Any:
        answer = self.http.request(method, f"{self.base}{path}", json=body, params=query)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def chart(self, key: str, what: str) -> list[Json]:
        items: list[Json] = self("GET", f"/patients/{key}/{what}")["items"]
        return items


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("both"), "internal") as made:
        for word, uuid in (("Penicillin", PENICILLIN), ("Alcohol use disorder", ALCOHOL)):
            made.do("mapping", "set", "--org", ORG, "internal", "definition", word, uuid)
        yield made


@pytest.fixture(scope="module")
def staff(clinic: World) -> Iterator[Staff]:
    made = Staff(clinic)
    with made.http:
        yield made


def about(type: str, element: str = "subject", **more: Any) -> Json:
    resource = {"resourceType": type, element: {"reference": WHO}, **more}
    return {"resource": resource, "request": {"method": "POST", "url": type}}


def coded(system: str, code: str) -> Json:
    return {"coding": [{"system": f"{CLINICAL}/{system}", "code": code}]}


def intake(clinic: World, family: str) -> str:
    """One patient with an allergy, a problem and a medication; answers the id."""
    patient = {
        "resourceType": "Patient",
        "name": [{"use": "official", "family": family, "given": ["Rowan"]}],
        "birthDate": "1990-04-17",
        "gender": "female",
        "telecom": [{"system": "phone", "use": "mobile", "value": "+19135550142"}],
    }
    entries = [
        {"fullUrl": WHO, "resource": patient, "request": {"method": "POST", "url": "Patient"}},
        about(
            "AllergyIntolerance",
            "patient",
            code={"text": "Penicillin"},
            clinicalStatus=coded("allergyintolerance-clinical", "active"),
            reaction=[{"manifestation": [{"text": "Hives"}], "severity": "moderate"}],
        ),
        about(
            "Condition",
            code={"text": "Alcohol use disorder"},
            clinicalStatus=coded("condition-clinical", "active"),
            category=[coded("condition-category", "problem-list-item")],
            onsetDateTime="2019-05-01",
        ),
        about(
            "MedicationStatement",
            status="active",
            medicationCodeableConcept={"text": "Naltrexone 50 mg"},
            effectivePeriod={"start": "2026-01-02"},
            dosage=[{"text": "one tablet a day"}],
        ),
    ]
    answer = clinic.ask("POST", body={"resourceType": "Bundle", "type": "transaction", "entry": entries})
    assert answer.status_code == 200, answer.text
    location: str = answer.json()["entry"][0]["response"]["location"]
    return location.split("Patient/")[1].partition("/")[0]


def key_of(clinic: World, id: str) -> str:
    """The EMR's, once the delivery is complete."""
    (key, *_) = outputs(clinic.told("internal", id, "completed"), "external-id")
    return key


def test_a_chart_arrives_and_what_staff_change_in_it_comes_back(clinic: World, staff: Staff) -> None:
    id = intake(clinic, "Bothways")
    key = key_of(clinic, id)
    (allergy,), (problem,), (medication,) = (
        staff.chart(key, what) for what in ("allergies", "diseases", "medications")
    )
    assert (allergy["allergy_definition"]["name"], allergy["reaction"], allergy["severity"]) == (
        "Penicillin", "Hives", "moderate",
    )  # fmt: skip
    assert (problem["disease_definition"]["id"], problem["date_start"]) == (ALCOHOL, "2019-05-01")
    assert (medication["med_descript"], medication["dosage"]) == ("Naltrexone 50 mg", "one tablet a day")

    staff("PATCH", f"/patients/{key}/allergies/{allergy['id']}", {"severity": "severe", "base_version": 1})
    staff("POST", f"/patients/{key}/diseases/{problem['id']}/archive")
    staff("POST", f"/patients/{key}/vital-signs", {"date_taken": "2026-02-03", "temperature_f": 98.60, "pulse": 61})
    pulled = clinic.do("connection", "pull", "--org", ORG, "internal")
    assert pulled["failed"] == 0, clinic.do("connection", "log", "--org", ORG, "internal")
    (here,) = clinic.found(f"AllergyIntolerance?patient={id}")
    assert here["reaction"][0]["severity"] == "severe"
    (gone,) = clinic.found(f"Condition?patient={id}")
    assert any(extension["url"].endswith("/archived-at") for extension in gone["extension"])
    (vitals,) = clinic.found(f"Observation?patient={id}")
    assert {c["code"]["coding"][0]["code"]: c["valueQuantity"]["value"] for c in vitals["component"]} == {
        "8310-5": 98.6,
        "8867-4": 61,
    }
    again = clinic.do("connection", "pull", "--org", ORG, "internal")
    assert (again["created"], again["updated"], again["failed"]) == (0, 0, 0)


def test_all_that_the_office_keeps_comes_and_what_the_crm_changes_in_it_goes_back(clinic: World, staff: Staff) -> None:
    id = intake(clinic, "Office")
    key = key_of(clinic, id)
    for what, body in OFFICE.items():
        staff("POST", f"/patients/{key}/{what}", body)
    staff("PUT", f"/patients/{key}/field-values", {"fields": [{"field_definition_uuid": PHARMACY, "value": "Quay"}]})
    pulled = clinic.do("connection", "pull", "--org", ORG, "internal")
    assert pulled["failed"] == 0, clinic.do("connection", "log", "--org", ORG, "internal")
    (flag,), (entry,), (source,) = (
        clinic.found(f"{type}?subject=Patient/{id}") for type in ("Flag", "Communication", "ServiceRequest")
    )
    assert (flag["code"]["text"], flag["status"]) == ("Fall risk", "active")
    assert entry["payload"] == [{"contentString": "Rang the sister"}]
    assert clinic.ask("GET", source["requester"]["reference"]).json()["name"][0]["text"] == "Dr. Ines Calloway"
    (holloway,) = clinic.found("Patient?family=Holloway")
    (parent,) = clinic.found(f"RelatedPerson?patient=Patient/{holloway['id']}")
    assert {"reference": f"Patient/{id}"}.items() <= parent["extension"][0]["valueReference"].items()
    patient = clinic.ask("GET", f"Patient/{id}").json()
    assert '"valueString": "Quay"' in json.dumps(patient["extension"])

    flag["status"] = "inactive"
    source["note"] = [{"text": "by telephone"}]
    for changed in (flag, source):
        assert clinic.ask("PUT", f"{changed['resourceType']}/{changed['id']}", changed).status_code == 200

    def gone_back() -> bool:
        (alert,), (attribution,) = staff.chart(key, "alerts"), staff.chart(key, "referral-attributions")
        return (alert["status"], attribution["source_note"]) == ("disabled", "by telephone")

    until(gone_back)


def test_both_sides_change_one_allergy(clinic: World, staff: Staff) -> None:
    id = intake(clinic, "Bothatonce")
    key = key_of(clinic, id)
    (allergy,) = staff.chart(key, "allergies")
    staff("PATCH", f"/patients/{key}/allergies/{allergy['id']}", {"reaction": "Wheals", "base_version": 1})
    (mine,) = clinic.found(f"AllergyIntolerance?patient={id}")
    mine["lastOccurrence"] = "2025-07-08"
    assert clinic.ask("PUT", f"AllergyIntolerance/{mine['id']}", mine).status_code == 200

    def agreed() -> bool:
        (there,), (here,) = staff.chart(key, "allergies"), clinic.found(f"AllergyIntolerance?patient={id}")
        said = here["reaction"][0]["manifestation"][0]["text"], here.get("lastOccurrence")
        return (there["reaction"], there["date_adverse_reaction"]) == said == ("Wheals", "2025-07-08")

    until(agreed)
    assert len(staff.chart(key, "allergies")) == 1


def test_an_answer_that_is_lost_makes_no_second_patient_and_no_second_record(clinic: World, staff: Staff) -> None:
    clinic.fault("internal", "drop-after-commit")
    id = intake(clinic, "Dropped")
    clinic.retrying("internal", id)
    clinic.fault("internal")
    clinic.do("connection", "push", "--org", ORG, "internal", f"Patient/{id}")
    key = key_of(clinic, id)
    assert len(clinic.patients("internal", "Dropped")) == 1
    assert [len(staff.chart(key, what)) for what in ("allergies", "diseases", "medications")] == [1, 1, 1]


def test_what_the_catalogue_does_not_have_is_named_and_stops_nothing(clinic: World, staff: Staff) -> None:
    id = created(clinic, "Unlisted")
    key = key_of(clinic, id)
    body = {
        "resourceType": "AllergyIntolerance",
        "patient": {"reference": f"Patient/{id}"},
        "code": {"text": "Moon dust"},
        "clinicalStatus": coded("allergyintolerance-clinical", "active"),
    }
    made = clinic.ask("POST", "AllergyIntolerance", body).json()
    place = f"AllergyIntolerance/{made['id']}"

    def named() -> bool:
        task = clinic.told("internal", id, "completed")
        return any(place in told and "definition" in told for told in outputs(task, "left-out"))

    until(named)
    assert staff.chart(key, "allergies") == []
