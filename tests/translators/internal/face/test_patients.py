"""Patients one by one: made, read and changed by the staff app and by FHIR clients alike."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.canonical import SSN, extension_url
from tests.gateway.conftest import Fhir
from tests.translators.internal.face.api import ABSENT, Api, Catalogue, expected, places, refused
from translators.internal.bodies import RELATIONS, SCALARS
from translators.internal.examples import FULL
from translators.internal.face.bindings import CHART_NUMBERS

BALANCES = (
    "balance_0_30", "balance_31_60", "balance_61_90", "balance_over_90", "balance_total", "estimated_balance",
    "insurance_estimate", "payment_plan_due",
)  # fmt: skip


def body(catalogue: Catalogue, guarantor: str) -> dict[str, Any]:
    """A create that says all that it can."""
    related = {
        "primary_provider": catalogue.provider,
        "secondary_provider": catalogue.hygienist,
        "location": catalogue.clinic,
        "employer": catalogue.employer,
        "responsible_party": guarantor,
        "billing_type": catalogue.billing_type,
        "fee_schedule": catalogue.fee_schedule,
    }
    assert set(related) == set(RELATIONS)
    scalars = {name: FULL[name] for name in SCALARS if name != "date_time_deceased"}
    return {**scalars, **{f"{name}_uuid": id for name, id in related.items()}, "status": "prospective"}


async def test_all_that_a_create_says_is_read_again_and_stands_in_the_resource(
    api: Api, client: Fhir, catalogue: Catalogue
) -> None:
    guarantor = await api.patient("Odalys", "Fenwick-Marsh")
    sent = body(catalogue, guarantor["id"])
    made = await api.post("/patients", sent)
    assert made["potential_duplicates"] == []
    assert {name: made[name] for name in sent if not name.endswith("_uuid")} == {
        name: value for name, value in sent.items() if not name.endswith("_uuid")
    }
    assert {name: made[name] for name in RELATIONS} == {
        "primary_provider": {"id": catalogue.provider, "name": "Dr. Ines Calloway"},
        "secondary_provider": {"id": catalogue.hygienist, "name": "Tomas Reyl"},
        "location": {"id": catalogue.clinic, "name": "Harbor Street Clinic"},
        "employer": {"id": catalogue.employer, "name": "Quarry Lane Bakery"},
        "responsible_party": {"id": guarantor["id"], "name": "Odalys Fenwick-Marsh"},
        "billing_type": {"id": catalogue.billing_type, "name": "Standard"},
        "fee_schedule": {"id": catalogue.fee_schedule, "name": "Usual and customary"},
    }
    assert (made["version"], made["deleted_at"], made["created_at"]) == (1, None, made["updated_at"])
    assert [made[name] for name in BALANCES] == [None] * len(BALANCES), "there is no ledger here"
    assert await api.get(f"/patients/{made['id']}") == {**made, "potential_duplicates": None}
    resource = (await client.ask("GET", f"Patient/{made['id']}")).json()
    assert resource["name"][0]["family"] == "Fenwick-Marsh"
    assert resource["birthDate"] == "1987-11-05"
    assert resource["generalPractitioner"][0]["reference"] == f"Practitioner/{catalogue.provider}"
    assert {each.get("system") for each in resource["identifier"]} >= {CHART_NUMBERS, SSN}


async def test_little_is_enough(api: Api) -> None:
    made = await api.post("/patients", {"first_name": "Wren", "last_name": "Halloway"})
    assert (made["status"], made["allergy_review_status"], made["scheduling_restricted"]) == (
        "active", "not_reviewed", False
    )  # fmt: skip
    assert made["first_name"] == "Wren"
    assert made["middle_name"] is None
    assert made["location"] is None


async def test_the_billing_decision_is_kept(api: Api, client: Fhir) -> None:
    decision = {"create_new": True, "note": "self pay"}
    made = await api.patient(billing_account=decision)
    resource = (await client.ask("GET", f"Patient/{made['id']}")).json()
    [told] = [each for each in resource["extension"] if each["url"] == extension_url("billing-account")]
    assert told["valueString"] == '{"create_new":true,"note":"self pay"}'


@pytest.mark.parametrize("number", [b"1e400", b"-2.7e-118", b"0e5", b"12.50", b"123456789012345678901234567890"])
async def test_numbers_of_the_billing_decision_are_kept_as_they_were_written(
    api: Api, client: Fhir, number: bytes
) -> None:
    body = b'{"first_name":"A","last_name":"B","billing_account":{"limits":[%b]}}' % number
    made = expected(await api.ask("POST", "/patients", body), 201)
    resource = (await client.ask("GET", f"Patient/{made['id']}")).json()
    [told] = [each for each in resource["extension"] if each["url"] == extension_url("billing-account")]
    assert told["valueString"].encode() == b'{"limits":[%b]}' % number


async def test_a_related_entity_has_to_be_there(api: Api) -> None:
    for relation in RELATIONS:
        answer = await api.ask("POST", "/patients", {"first_name": "A", "last_name": "B", f"{relation}_uuid": ABSENT})
        assert "not found" in refused(answer, 404), relation
    assert (await api.get("/patients"))["total"] == 0


async def test_an_entry_of_another_catalogue_is_not_found(api: Api, catalogue: Catalogue) -> None:
    answer = await api.ask(
        "POST", "/patients", {"first_name": "A", "last_name": "B", "billing_type_uuid": catalogue.fee_schedule}
    )
    assert refused(answer, 404) == "Billing type not found."


async def test_what_lies_in_the_future_is_refused(api: Api) -> None:
    ahead = datetime.now(UTC) + timedelta(days=2)
    born = {"first_name": "A", "last_name": "B", "date_of_birth": ahead.date().isoformat()}
    assert places(await api.ask("POST", "/patients", born)) == {"body.date_of_birth"}
    died = {"first_name": "A", "last_name": "B", "date_time_deceased": ahead.isoformat()}
    assert places(await api.ask("POST", "/patients", died)) == {"body.date_time_deceased"}


async def test_who_has_died_is_created_as_deceased(api: Api, client: Fhir) -> None:
    made = await api.patient(date_time_deceased="2024-05-06T07:08:09Z")
    assert (made["status"], made["date_time_deceased"]) == ("deceased", "2024-05-06T07:08:09Z")
    assert (await client.ask("GET", f"Patient/{made['id']}")).json()["deceasedDateTime"] == "2024-05-06T07:08:09Z"


async def test_a_patient_can_come_into_being_archived(api: Api) -> None:
    """As an import from another system brings them."""
    made = await api.patient(status="archived")
    assert made["status"] == "archived"
    assert made["deleted_at"] is not None
    assert (await api.get("/patients"))["total"] == 0
    assert (await api.post(f"/patients/{made['id']}/restore", status=200))["status"] == "inactive"


# --- chart numbers ----------------------------------------------------------------------------------------------


async def test_a_chart_number_is_given_once_even_if_who_has_it_is_archived(api: Api) -> None:
    first = await api.patient(chart_number="CH-1")
    await api.post(f"/patients/{first['id']}/archive", status=200)
    answer = await api.ask("POST", "/patients", {"first_name": "A", "last_name": "B", "chart_number": "CH-1"})
    assert "chart number" in refused(answer, 409)
    second = await api.patient(chart_number="CH-10")
    answer = await api.ask("PATCH", f"/patients/{second['id']}", {"base_version": 1, "chart_number": "CH-1"})
    assert "chart number" in refused(answer, 409)
    kept = await api.patch(f"/patients/{second['id']}", {"base_version": 1, "chart_number": "CH-10"})
    assert kept["chart_number"] == "CH-10"


async def test_the_number_of_another_system_is_shown_until_there_is_one_of_our_own(api: Api, client: Fhir) -> None:
    concept = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "PI"}]}
    identifier = [{"system": "https://emr.example/mr", "value": "MR-7", "type": concept}]
    patient = await client.create({"resourceType": "Patient", "identifier": identifier, "name": [{"family": "Odd"}]})
    path = f"/patients/{patient['id']}"
    assert (await api.get(path))["chart_number"] == "MR-7"
    assert places(await api.ask("PATCH", path, {"base_version": 1, "chart_number": None})) == {"body.chart_number"}
    changed = await api.patch(path, {"base_version": 1, "chart_number": "CH-7"})
    assert changed["chart_number"] == "CH-7"
    resource = (await client.ask("GET", f"Patient/{patient['id']}")).json()
    assert {each["system"]: each["value"] for each in resource["identifier"]} == {
        "https://emr.example/mr": "MR-7",
        CHART_NUMBERS: "CH-7",
    }


# --- changing ---------------------------------------------------------------------------------------------------


async def test_only_what_is_given_changes_and_null_clears(api: Api, catalogue: Catalogue) -> None:
    made = await api.patient(email="wren@example.org", city="Port Ellery", location_uuid=catalogue.clinic)
    news = {"base_version": 1, "last_name": "Marsh", "email": None, "location_uuid": catalogue.branch}
    changed = await api.patch(f"/patients/{made['id']}", news)
    location = {"id": catalogue.branch, "name": "Alder Court Branch"}
    same = {**made, "potential_duplicates": None, "updated_at": changed["updated_at"]}
    assert changed == {**same, "version": 2, "last_name": "Marsh", "email": None, "location": location}


async def test_what_other_systems_wrote_stays(api: Api, client: Fhir) -> None:
    resource: dict[str, Any] = {
        "resourceType": "Patient",
        "meta": {"tag": [{"system": "https://crm.example/tags", "code": "vip"}]},
        "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'},
        "identifier": [{"system": "https://crm.example/id", "value": "c1"}],
        "name": [
            {"use": "maiden", "family": "Before"},
            {"use": "official", "family": "Odd", "given": ["Ann", "Bo"], "suffix": ["Jr."], "text": "Ann Bo Odd Jr."},
        ],
        "telecom": [{"system": "fax", "value": "555-0100"}],
        "multipleBirthInteger": 2,
        "maritalStatus": {"text": "it is complicated"},
    }
    made = await client.create(resource)
    await api.patch(f"/patients/{made['id']}", {"base_version": 1, "last_name": "Even", "mobile_phone": "555-0199"})
    found = (await client.ask("GET", f"Patient/{made['id']}")).json()
    assert found["name"] == [
        {"use": "maiden", "family": "Before"},
        {"use": "official", "family": "Even", "given": ["Ann", "Bo"], "suffix": ["Jr."], "text": "Ann Bo Even Jr."},
    ]
    assert found["telecom"] == [*resource["telecom"], {"system": "phone", "use": "mobile", "value": "555-0199"}]
    same = ("text", "identifier", "multipleBirthInteger", "maritalStatus")
    assert [found[name] for name in same] == [resource[name] for name in same]
    assert found["meta"]["tag"] == resource["meta"]["tag"]


async def test_a_stale_version_changes_nothing(api: Api) -> None:
    made = await api.patient()
    await api.patch(f"/patients/{made['id']}", {"base_version": 1, "city": "A"})
    answer = await api.ask("PATCH", f"/patients/{made['id']}", {"base_version": 1, "city": "B"})
    assert "version 2" in refused(answer, 409)
    assert (await api.get(f"/patients/{made['id']}"))["city"] == "A"


async def test_names_are_not_cleared_and_the_status_has_an_operation_of_its_own(api: Api) -> None:
    made = await api.patient()
    sent = {"base_version": 1, "first_name": None, "status": "inactive"}
    answer = await api.ask("PATCH", f"/patients/{made['id']}", sent)
    assert places(answer) == {"body.first_name", "body.status"}


async def test_both_see_at_once_what_the_other_wrote(api: Api, client: Fhir) -> None:
    made = await api.patient()
    resource = (await client.ask("GET", f"Patient/{made['id']}")).json()
    resource["name"][0]["family"] = "Written-in-FHIR"
    assert (await client.ask("PUT", f"Patient/{made['id']}", resource)).status_code == 200
    shown = await api.get(f"/patients/{made['id']}")
    assert (shown["last_name"], shown["version"]) == ("Written-in-FHIR", 2)
    await api.patch(f"/patients/{made['id']}", {"base_version": 2, "last_name": "Written-by-Staff"})
    assert await client.total("Patient?family=written-by-staff") == 1


async def test_nobody_is_where_nobody_is(api: Api) -> None:
    for method, path, sent in (
        ("GET", "", None),
        ("PATCH", "", {"base_version": 1}),
        ("POST", "/archive", None),
        ("POST", "/restore", None),
        ("POST", "/transition-status", {"base_version": 1, "new_status": "active"}),
    ):
        assert refused(await api.ask(method, f"/patients/{ABSENT}{path}", sent), 404).startswith("Patient not found")


# --- what stands elsewhere --------------------------------------------------------------------------------------


def observation(patient: str, code: str, when: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": when,
        **more,
    }


def answered(code: str) -> dict[str, Any]:
    return {"coding": [{"system": "http://snomed.info/sct", "code": code}]}


async def test_one_patient_is_read_with_what_the_newest_observations_say(api: Api, client: Fhir) -> None:
    made = await api.patient()
    vital = {"category": [{"coding": [{
        "system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"
    }]}]}  # fmt: skip
    weight = {"valueQuantity": {"value": 150, "unit": "lb", "system": "http://unitsofmeasure.org", "code": "[lb_av]"}}
    for each in (
        observation(made["id"], "29463-7", "2026-01-05T08:00:00Z", **vital, **weight),
        observation(made["id"], "29463-7", "2026-02-06T08:00:00Z", **vital, **weight),
        observation(made["id"], "29463-7", "2026-03-07", **vital, **weight, status="entered-in-error"),
        observation(made["id"], "72166-2", "2025-01-01", valueCodeableConcept=answered("449868002")),
        observation(made["id"], "72166-2", "2026-01-01", valueCodeableConcept=answered("8517006")),
    ):
        await client.create({**each, "status": each["status"]})
    shown = await api.get(f"/patients/{made['id']}")
    assert (shown["latest_vitals_date"], shown["smoking_snomed"]) == ("2026-02-06", "8517006")
    [listed] = await api.items("/patients")
    assert listed == {**shown, "latest_vitals_date": None, "smoking_snomed": None}, "that takes a search for each"
