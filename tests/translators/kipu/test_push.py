"""Pushes: the document of a create, what an update says, and that no cut makes a second patient."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.canonical import extension_url
from gateway.faults import EmrDenied, EmrRefused
from gateway.translation.contract import Linked
from tests.translators.kipu.desk import Desk, Lost, account
from tests.translators.kipu.people import COVERAGE, ENCOUNTER, PATIENT, chart

NEW = Linked("p-1")
DOCUMENT = {
    "first_name": "Test1",
    "last_name": "Test2",
    "preferred_name": "TJ",
    "dob": "2000-01-01",
    "marital_status": "Single",
    "location_id": "2",
    "mr": "",
    "phone": "+15133206417",
    "alternate_phone": "+15131234567",
    "address_street": "123 Oak St",
    "address_street2": "Unit B",
    "address_city": "Middletown",
    "address_zip": "45044",
    "address_state": "OH",
    "address_country": "US",
    "gender": "Male",
    "email": "test1@example.org",
    "first_contact_name": "Dazos Main Line",
    "first_contact_information": "Phone Inquiry",
    "first_contact_relationship": "Self",
    "referrer_id": "11",
    "referrer_name": "Recovery in the Ocean",
    "admission_date": "2025-04-16 00:00:00",
    "discharge_date": "",
    "payment_method": "Insurance",
}


async def test_a_create_sends_the_published_document() -> None:
    desk = Desk()
    stay = {**ENCOUNTER, "period": {"start": "2025-04-16T00:00:00-07:00"}}
    pushed = await desk.push(chart(encounters=(stay,)), NEW)
    sent = desk.bodies[[method for method, _ in desk.calls].index("POST")]
    data = dict(sent["document"]["data"])
    policy = {
        "insurance_company": "Blue Test",
        "insurance_phone": "800-555-0101",
        "policy_no": "A123456789",
        "group_ID": "GR987654321",
    }
    assert data.pop("insurances_attributes") == [policy]
    assert data.pop("patient_contacts_attributes") == [
        {"full_name": "Jane Doe", "relationship": "Mother", "phone": "555-123-4567"}
    ]
    assert data.pop("sending_app_patient_id") == "p-1"
    assert data == DOCUMENT
    assert sent["document"]["recipient_id"] == "sandbox-app"
    assert sent["document"]["sending_app_name"] == "Crosswalk"
    (made,) = desk.of("Test2")
    assert pushed.external_id == made["casefile_id"]
    assert pushed.identifiers == {"id": made["casefile_id"]}
    policy_id = str(made["insurances"][0]["id"])
    assert pushed.links == {"Encounter/e-1": made["casefile_id"], "Coverage/c-1": policy_id}
    assert pushed.left_out == ()
    assert pushed.detail == "201 created"


async def test_missing_facts_are_left_out_of_the_document() -> None:
    desk = Desk(account(location_id=""))
    patient = {k: v for k, v in PATIENT.items() if k in {"resourceType", "id", "name", "birthDate"}}
    await desk.push(chart(patient, (), ()), NEW)
    data = desk.bodies[[method for method, _ in desk.calls].index("POST")]["document"]["data"]
    assert data == {
        "first_name": "Test1",
        "last_name": "Test2",
        "preferred_name": "TJ",
        "dob": "2000-01-01",
        "mr": "",
        "discharge_date": "",
        "sending_app_patient_id": "p-1",
    }


async def test_a_chart_without_the_minimum_is_refused_before_any_call() -> None:
    desk = Desk()
    patient = {k: v for k, v in PATIENT.items() if k != "birthDate"}
    with pytest.raises(EmrRefused) as refused:
        await desk.push(chart(patient), NEW)
    assert refused.value.issues[0].expression == ("Patient.birthDate",)
    assert desk.calls == []


@pytest.mark.parametrize("cut", range(1, 5))
async def test_a_cut_after_any_call_is_finished_by_the_next_run(cut: int) -> None:
    desk = Desk(cut=cut)
    with pytest.raises(Lost):
        await desk.push(chart(), NEW)
    desk.cut = None
    pushed = await desk.push(chart(), NEW)
    (made,) = desk.of("Test2")
    assert pushed.external_id == made["casefile_id"]
    assert made["insurances"][0]["policy_no"] == "A123456789"
    assert len(made["insurances"]) == len(made["patient_contacts"]) == 1


async def _created(desk: Desk) -> Linked:
    pushed = await desk.push(chart(), NEW)
    desk.calls.clear()
    desk.bodies.clear()
    return Linked("p-1", pushed.external_id, dict(pushed.record or {}))


async def test_pushing_the_same_again_says_nothing() -> None:
    desk = Desk()
    link = await _created(desk)
    pushed = await desk.push(chart(), link)
    assert desk.calls == []
    assert pushed.detail == "200 OK, nothing to change"
    assert pushed.record == link.record


async def test_an_update_says_what_changed_and_who_it_is() -> None:
    desk = Desk()
    link = await _created(desk)
    moved = {**PATIENT, "address": [{**PATIENT["address"][0], "line": ["9 Elm Row"]}], "gender": "female"}
    pushed = await desk.push(chart(moved), link)
    number = int(str(link.external_id).partition(":")[0])
    assert desk.calls[0] == ("PATCH", f"/api/patients/{number}")
    assert desk.bodies[0]["document"]["data"] == {
        "first_name": "Test1",
        "last_name": "Test2",
        "dob": "2000-01-01",
        "gender": "Female",
        "address_street": "9 Elm Row",
        "address_street2": "",
        "sending_app_patient_id": "p-1",
        "patient_id": number,
        "incoming_patch": True,
        "update_patient_attributes": True,
        "update": True,
    }
    assert desk.of("Test2")[0]["address_street2"] == ""
    assert pushed.record is not None
    assert pushed.record["gender"] == "Female"


async def test_what_kipu_changed_meanwhile_stays_news() -> None:
    desk = Desk()
    link = await _created(desk)
    await desk.staff("chart", last_name="Test2", fields={"email": "staff@example.org", "middle_name": "Quinn"})
    pushed = await desk.push(chart({**PATIENT, "gender": "female"}), link)
    (made,) = desk.of("Test2")
    assert (made["email"], made["gender"], made["middle_name"]) == ("staff@example.org", "Female", "Quinn")
    assert pushed.record is not None
    assert pushed.record["email"] == "test1@example.org"
    assert "middle_name" not in pushed.record


async def test_a_link_without_record_clears_nothing() -> None:
    desk = Desk()
    link = await _created(desk)
    await desk.staff("chart", last_name="Test2", fields={"middle_name": "Quinn"})
    pushed = await desk.push(chart({**PATIENT, "gender": "female"}), Linked("p-1", link.external_id))
    (made,) = desk.of("Test2")
    assert (made["middle_name"], made["gender"]) == ("Quinn", "Female")
    assert "middle_name" not in (pushed.record or {})


async def test_a_policy_is_changed_in_its_place() -> None:
    desk = Desk()
    link = await _created(desk)
    regrouped = json.loads(json.dumps(COVERAGE).replace("GR987654321", "GR-NEW"))
    second = {**COVERAGE, "id": "c-2", "subscriberId": "Z9"}
    pushed = await desk.push(chart(coverages=(regrouped, second)), link)
    policies = desk.of("Test2")[0]["insurances"]
    assert [(p["policy_no"], p["group_ID"]) for p in policies] == [("A123456789", "GR-NEW"), ("Z9", "GR987654321")]
    assert pushed.links["Coverage/c-2"] == str(policies[1]["id"])


async def test_a_link_that_is_no_casefile_is_refused() -> None:
    with pytest.raises(EmrRefused, match="casefile id"):
        await Desk().push(chart(), Linked("p-1", "7", {"gender": "Male"}))


async def test_a_policy_that_went_stays_in_kipu_and_is_named() -> None:
    desk = Desk()
    link = await _created(desk)
    pushed = await desk.push(chart(coverages=()), link)
    assert "removes none" in _left(pushed)["Coverage"]
    assert len(desk.of("Test2")[0]["insurances"]) == 1


async def test_a_chart_that_is_gone_from_kipu_is_refused() -> None:
    desk = Desk()
    link = await _created(desk)
    desk.charts.clear()
    with pytest.raises(EmrRefused, match="deleted"):
        await desk.push(chart({**PATIENT, "gender": "female"}), link)


def _left(pushed: Any) -> dict[str, str]:
    return {item.expression: item.reason for item in pushed.left_out}


async def test_everything_that_kipu_does_not_take_is_named() -> None:
    custom = {
        "url": extension_url("custom-field"),
        "extension": [{"url": "name", "valueString": "Pet"}, {"url": "value", "valueString": "Cat"}],
    }
    patient = {
        **PATIENT,
        "active": False,
        "photo": [{"title": "x"}],
        "extension": [*PATIENT["extension"], custom],
        "telecom": [*PATIENT["telecom"], {"system": "phone", "use": "work", "value": "1"}],
    }
    older = {**ENCOUNTER, "id": "e-0", "status": "cancelled"}
    earlier = {**ENCOUNTER, "id": "e-00"}
    nameless = {**ENCOUNTER, "hospitalization": {"destination": {"reference": "Organization/none"}}}
    flag = {"resourceType": "Flag", "id": "f-1"}
    relative = {"resourceType": "RelatedPerson", "id": "r-1"}
    ended = {**COVERAGE, "id": "c-9", "status": "cancelled"}
    desk = Desk()
    whole = chart(patient, (older, earlier, nameless), (COVERAGE, ended), Flag=(flag,), RelatedPerson=(relative,))
    left = _left(await desk.push(whole, NEW))
    assert set(left) == {
        "Patient.active",
        "Patient.photo[0]",
        "Patient.extension[1]",
        "Patient.telecom[3]",
        "Encounter/e-0",
        "Encounter/e-00",
        "Encounter/e-1.hospitalization.destination",
        "Flag/f-1",
        "RelatedPerson/r-1",
        "Coverage/c-9",
    }
    assert "custom-field" in left["Patient.extension[1]"]
    assert "Cat" not in left["Patient.extension[1]"]


async def test_a_mapped_custom_field_travels() -> None:
    custom = {
        "url": extension_url("custom-field"),
        "extension": [{"url": "name", "valueString": "Job"}, {"url": "value", "valueString": "Baker"}],
    }
    desk = Desk(account({"custom-field": {"Job": "occupation"}}))
    pushed = await desk.push(chart({**PATIENT, "extension": [custom]}), NEW)
    assert pushed.left_out == ()
    assert desk.of("Test2")[0]["_kept"]["occupation"] == "Baker"


async def test_locations_go_through_the_mapping() -> None:
    stay = {**ENCOUNTER, "location": [{"location": {"reference": "Location/l-1", "display": "The River"}}]}
    desk = Desk(account({"location": {"The River": "3"}}))
    await desk.push(chart(encounters=(stay,)), NEW)
    assert desk.of("Test2")[0]["location_id"] == 3
    assert desk.of("Test2")[0]["admission_date"] == "2026-04-16T05:00:00.000Z"  # River House's own midnight
    unmapped = Desk(account(location_id=""))
    left = _left(await unmapped.push(chart(encounters=(stay,)), NEW))
    assert "mapping set" in left["Encounter.location"]


@pytest.mark.parametrize(
    ("start", "zone", "sent"),
    [
        ("2026-04-16", "", "2026-04-16 00:00:00"),
        ("2026-04-16T00:00:00-07:00", "", "2026-04-16 00:00:00"),
        ("2026-04-16T02:00:00Z", "", "2026-04-16 02:00:00"),
        ("2026-04-16T02:00:00Z", "America/Los_Angeles", "2026-04-15 19:00:00"),
    ],
)
async def test_admission_is_sent_as_a_wall_clock(start: str, zone: str, sent: str) -> None:
    desk = Desk(account(time_zone=zone))
    await desk.push(chart(encounters=({**ENCOUNTER, "period": {"start": start}},)), NEW)
    posted = desk.bodies[[method for method, _ in desk.calls].index("POST")]
    assert posted["document"]["data"]["admission_date"] == sent


async def test_self_pay_and_payer_codes() -> None:
    own = {**COVERAGE, "type": {"coding": [{"code": "pay"}]}}
    desk = Desk()
    await desk.push(chart(coverages=(own,)), NEW)
    (made,) = desk.of("Test2")
    assert (made["payment_method"], made["insurances"]) == ("Self Pay", [])
    desk = Desk(account({"payer": {"Blue Test": "BLUE TEST OF KIPU"}}))
    await desk.push(chart(), NEW)
    assert desk.of("Test2")[0]["insurances"][0]["insurance_company"] == "BLUE TEST OF KIPU"


async def test_the_subscriber_goes_with_the_policy() -> None:
    person = {
        "resourceType": "RelatedPerson",
        "id": "r-1",
        "patient": {"reference": "Patient/p-1"},
        "name": [{"given": ["Jane", "Q"], "family": "Doe"}],
        "birthDate": "1970-02-03",
        "gender": "female",
    }
    policy = {
        **COVERAGE,
        "subscriber": {"reference": "RelatedPerson/r-1"},
        "relationship": {"coding": [{"code": "child"}]},
    }
    desk = Desk()
    pushed = await desk.push(chart(coverages=(policy,), RelatedPerson=(person,)), NEW)
    (item,) = desk.of("Test2")[0]["insurances"]
    assert pushed.left_out == ()
    assert item["subscriber_first_name"] == "Jane"
    assert item["subscriber_DOB"] == "1970-02-03"
    assert item["subscriber_relationship"] == "Child"


async def test_a_stay_that_is_pulled_and_pushed_back_reports_nothing_lost() -> None:
    """KIPU's own bed and level of care are no loss, though no field takes them."""
    desk = Desk()
    await desk.staff("admit", last_name="Bedded")
    pages, _ = await desk.pull()
    pulled = next(c for page in pages for c in page.charts if c.patient_key == desk.of("Bedded")[0]["casefile_id"])
    local = {part.lens.type: part.lens.to_fhir(part.record).value for part in pulled.parts}
    stay = {**local["Encounter"], "id": "e-1"}
    patient = {**local["Patient"], "id": "p-1", "gender": "female"}
    policy = {**local["Coverage"], "id": "c-1"}
    link = Linked("p-1", pulled.patient_key, pulled.parts[0].record)
    pushed = await desk.push(chart(patient, (stay,), (policy,)), link)
    assert pushed.left_out == ()
    data = desk.bodies[-2]["document"]["data"]
    assert set(data) & {"admission_date", "payment_method", "insurances_attributes", "location_id"} == set()
    assert data["gender"] == "Female"
    assert pushed.identifiers["mr"] == "DHR2026-63"


async def test_a_mixed_triple_is_denied_with_what_to_do() -> None:
    desk = Desk(options={"app_id": "another-app"})
    with pytest.raises(EmrDenied, match="must belong to one"):
        await desk.push(chart(), NEW)
