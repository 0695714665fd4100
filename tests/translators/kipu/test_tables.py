"""The tables, both ways: one list of a vendor value and the FHIR that it is, driven in either direction."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.canonical import COVERAGE_CLASS, IDENTIFIER_TYPE, MARITAL_STATUS, SSN, US_CORE, extension_url
from gateway.translation.contract import Reply
from gateway.translation.lens import ResourceMap
from tests.translators.kipu.desk import account
from translators.kipu.calls import patient_of
from translators.kipu.coverage import COVERAGE, coverage_key
from translators.kipu.encounter import ENCOUNTER, PLANNED_END
from translators.kipu.patient import PATIENT, ranked

BINDINGS = account({"payer": {"AET": "Aetna"}, "custom-field": {"Sober since": "sobriety_date"}}).bindings
OMB = "urn:oid:2.16.840.1.113883.6.238"
BOTH_WAYS: list[tuple[ResourceMap, dict[str, Any], dict[str, Any]]] = [
    (
        PATIENT,
        {"first_name": "A", "middle_name": "B C", "last_name": "L"},
        {"name": [{"use": "official", "given": ["A", "B", "C"], "family": "L"}]},
    ),
    (PATIENT, {"preferred_name": "TJ"}, {"name": [{"use": "nickname", "given": ["TJ"]}]}),
    (PATIENT, {"dob": "2000-01-01"}, {"birthDate": "2000-01-01"}),
    (PATIENT, {"gender": "Male"}, {"gender": "male"}),
    (
        PATIENT,
        {"ssn": "900-12-3456"},
        {
            "identifier": [
                {
                    "system": SSN,
                    "value": "900123456",
                    "type": {"coding": [{"system": IDENTIFIER_TYPE, "code": "SS"}]},
                }
            ]
        },
    ),
    (
        PATIENT,
        {"marital_status": "Separated"},
        {
            "maritalStatus": {
                "coding": [{"system": MARITAL_STATUS, "code": "L", "display": "Legally Separated"}],
                "text": "Separated",
            }
        },
    ),
    (
        PATIENT,
        {"phone": "1", "alternate_phone": "2"},
        {
            "telecom": [
                {"system": "phone", "rank": 1, "use": "home", "value": "1"},
                {"system": "phone", "rank": 2, "value": "2"},
            ]
        },
    ),
    (
        PATIENT,
        {"address_street": "1 A St", "address_street2": "B", "state": "OH", "address_country": "United States"},
        {"address": [{"use": "home", "line": ["1 A St", "B"], "state": "OH", "country": "US"}]},
    ),
    (
        PATIENT,
        {"ethnicity": "Hispanic or Latino"},
        {
            "extension": [
                {
                    "url": f"{US_CORE}us-core-ethnicity",
                    "extension": [
                        {
                            "url": "ombCategory",
                            "valueCoding": {"system": OMB, "code": "2135-2", "display": "Hispanic or Latino"},
                        },
                        {"url": "text", "valueString": "Hispanic or Latino"},
                    ],
                }
            ]
        },
    ),
    (
        PATIENT,
        {"sobriety_date": "2026-01-02"},
        {
            "extension": [
                {
                    "url": extension_url("custom-field"),
                    "extension": [
                        {"url": "name", "valueString": "Sober since"},
                        {"url": "value", "valueDate": "2026-01-02"},
                    ],
                }
            ]
        },
    ),
    (
        PATIENT,
        {"first_contact_name": "Main Line", "first_contact_date": "2026-01-02"},
        {
            "extension": [
                {
                    "url": extension_url("first-contact"),
                    "extension": [
                        {"url": "name", "valueString": "Main Line"},
                        {"url": "date", "valueDateTime": "2026-01-02"},
                    ],
                }
            ]
        },
    ),
    (
        ENCOUNTER,
        {"anticipated_discharge_date": "2026-02-04"},
        {"extension": [{"url": PLANNED_END, "valueDateTime": "2026-02-04"}]},
    ),
    (
        ENCOUNTER,
        {"admission_date": "2025-04-28T07:00:00.000Z", "discharge_date": "2025-05-01T07:00:00.000Z"},
        {"period": {"start": "2025-04-28T07:00:00.000Z", "end": "2025-05-01T07:00:00.000Z"}},
    ),
    (
        COVERAGE,
        {"policy_no": "A1", "insurance_company": "Aetna"},
        {"subscriberId": "A1", "payor": [{"display": "AET"}]},
    ),
    (
        COVERAGE,
        {"group_ID": "G1"},
        {"class": [{"type": {"coding": [{"code": "group", "system": COVERAGE_CLASS}]}, "value": "G1"}]},
    ),
]


@pytest.mark.parametrize(("table", "record", "resource"), BOTH_WAYS)
def test_read(table: ResourceMap, record: dict[str, Any], resource: dict[str, Any]) -> None:
    read = table.bound(BINDINGS).to_fhir(record)
    assert read.left_out == ()
    assert {name: read.value.get(name) for name in resource} == resource


@pytest.mark.parametrize(("table", "record", "resource"), BOTH_WAYS)
def test_write(table: ResourceMap, record: dict[str, Any], resource: dict[str, Any]) -> None:
    written = table.bound(BINDINGS).to_vendor({"resourceType": table.type, **resource})
    assert written.value == record
    assert written.left_out == ()


@pytest.mark.parametrize(
    ("record", "status", "code"),
    [
        ({}, "planned", "UNK"),
        ({"admission_date": "2026-01-01T07:00:00Z"}, "planned", "UNK"),
        ({"admission_date": "2026-01-01T07:00:00Z", "mr_number": "M"}, "in-progress", "UNK"),
        ({"discharge_date": "2026-01-01T07:00:00Z", "level_of_care": "Detox"}, "finished", "IMP"),
        ({"level_of_care": "UR LOC: Residential"}, "planned", "IMP"),
        ({"level_of_care": "Intensive Outpatient (IOP)"}, "planned", "AMB"),
        ({"level_of_care": "Partial Hospitalization"}, "planned", "AMB"),
        ({"level_of_care": "Ambulatory Detox"}, "planned", "AMB"),
        ({"bed_name": "A-1"}, "planned", "IMP"),
    ],
)
def test_status_and_class_follow_from_the_document(record: dict[str, Any], status: str, code: str) -> None:
    stay = ENCOUNTER.bound(BINDINGS).to_fhir(record).value
    assert (stay["status"], stay["class"]["code"]) == (status, code)


def test_a_level_of_care_loses_its_prefix() -> None:
    stay = ENCOUNTER.bound(BINDINGS).to_fhir({"level_of_care": "UR LOC: Residential"}).value
    assert stay["type"] == [{"text": "Residential"}]


def test_what_cannot_be_read_is_named_and_kept() -> None:
    record = {"dob": "01/02/2000", "gender": "M?", "admission_date": "2026-01-01 00:00:00"}
    patient, stay = PATIENT.bound(BINDINGS).to_fhir(record), ENCOUNTER.bound(BINDINGS).to_fhir(record)
    assert [lost.expression for lost in (*patient.left_out, *stay.left_out)] == ["dob", "gender", "admission_date"]
    assert PATIENT.bound(BINDINGS).to_vendor(patient.value, onto=record).value == record


def test_a_death_takes_the_place_of_being_alive() -> None:
    lens = PATIENT.bound(BINDINGS)
    local = {"resourceType": "Patient", "deceasedBoolean": False}
    assert lens.absorb({"date_of_death": "2026-03-01"}, local).value == {
        "resourceType": "Patient",
        "deceasedDateTime": "2026-03-01",
    }


def test_phones_are_ranked_only_where_nobody_has() -> None:
    two = {"telecom": [{"system": "phone", "use": "mobile", "value": "1"}, {"system": "phone", "value": "2"}]}
    assert [phone["rank"] for phone in ranked(two)["telecom"]] == [2, 1]
    one = {"telecom": [{"system": "phone", "value": "1"}, {"system": "email", "value": "e"}]}
    given = {"telecom": [{"system": "phone", "rank": 1, "value": "1"}, {"system": "phone", "value": "2"}]}
    assert (ranked(one), ranked(given)) == (one, given)


def test_items_may_be_named_in_either_way() -> None:

    body = (
        b'{"patient":{"casefile_id":"1:x","insurances":[{"member_id":"A","group_number":"G"},'
        b'{"policy_no":"B","member_id":"C"}],"patient_contacts":[{"name":"J"}]}}'
    )
    record = patient_of(Reply(200, {}, body))
    assert record["insurances"] == [{"policy_no": "A", "group_ID": "G"}, {"policy_no": "B", "member_id": "C"}]
    assert record["patient_contacts"] == [{"full_name": "J"}]


def test_a_family_that_shares_a_policy_has_a_key_for_each() -> None:
    assert coverage_key("1:x", {"policy_no": "A"}) != coverage_key("2:y", {"policy_no": "A"})
    assert coverage_key("1:x", {"policy_no": "A", "id": 5}) == "5"
    assert coverage_key("1:x", {}) is None
