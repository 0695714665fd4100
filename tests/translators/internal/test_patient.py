"""The patient's table: one list of pairs, driven both ways, and the laws on whole documents."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.canonical import extension_url
from gateway.translation.rows import Bindings
from tests.translators.internal.driving import account
from translators.internal.documents import KINDS, unaccounted
from translators.internal.examples import FULL, PATIENTS
from translators.internal.patient import PATIENT

LENS = PATIENT.bound(account().bindings)
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
UUID = "0b0a4c1e-5f57-4a56-8a43-0a5b8f3f1c01"


def own(name: str, **value: Any) -> dict[str, Any]:
    return {"extension": [{"url": extension_url(name), **value}]}


GOLDENS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"title": "Dr.", "first_name": "Ann", "middle_name": "Bea Cy", "last_name": "Dole"},
        {"name": [{"use": "official", "prefix": ["Dr."], "given": ["Ann", "Bea", "Cy"], "family": "Dole"}]},
    ),
    ({"preferred_name": "Annie"}, {"name": [{"use": "nickname", "given": ["Annie"]}]}),
    ({"date_of_birth": "1990-01-02", "gender": "female"}, {"birthDate": "1990-01-02", "gender": "female"}),
    (
        {"gender": "non_binary"},
        {
            "gender": "other",
            "extension": [
                {
                    "url": f"{US_CORE}us-core-genderIdentity",
                    "valueCodeableConcept": {
                        "coding": [
                            {
                                "system": "http://snomed.info/sct",
                                "code": "33791000087105",
                                "display": "Identifies as nonbinary gender (finding)",
                            }
                        ],
                        "text": "non_binary",
                    },
                }
            ],
        },
    ),
    ({"status": "active"}, {"active": True}),
    ({"status": "inactive"}, {"active": False}),
    ({"status": "prospective"}, {"active": True} | own("patient-status", valueCode="prospective")),
    ({"status": "archived"}, {"active": False} | own("patient-status", valueCode="archived")),
    ({"status": "deceased"}, {"deceasedBoolean": True}),
    (
        {"status": "deceased", "date_time_deceased": "2020-02-03T04:05:06Z"},
        {"deceasedDateTime": "2020-02-03T04:05:06Z"},
    ),
    (
        {"status": "active", "date_time_deceased": "2020-02-03T04:05:06Z"},
        {"active": True, "deceasedDateTime": "2020-02-03T04:05:06Z"} | own("patient-status", valueCode="active"),
    ),
    ({"email": "a@example.org"}, {"telecom": [{"system": "email", "value": "a@example.org"}]}),
    ({"mobile_phone": "1"}, {"telecom": [{"system": "phone", "use": "mobile", "value": "1"}]}),
    ({"home_phone": "1"}, {"telecom": [{"system": "phone", "use": "home", "value": "1"}]}),
    ({"work_phone": "1"}, {"telecom": [{"system": "phone", "use": "work", "value": "1"}]}),
    (
        {"address_line1": "1 A St", "address_line2": "Unit 2", "city": "B", "address_note": "Ring"},
        {
            "address": [
                {"use": "home", "line": ["1 A St", "Unit 2"], "city": "B"} | own("address-note", valueString="Ring")
            ]
        },
    ),
    (
        {"location": {"id": UUID, "name": "North"}},
        own("facility", valueReference={"reference": f"emr:Location/{UUID}", "display": "North"}),
    ),
    (
        {"primary_provider": {"id": UUID}},
        {"generalPractitioner": [{"type": "Practitioner", "reference": f"emr:Practitioner/{UUID}"}]},
    ),
    ({"receives_sms": False}, own("receives-sms", valueBoolean=False)),
    ({"preferred_contact_method": "mail"}, own("preferred-contact-method", valueCode="mail")),
    ({"consent_flags": 0}, own("consent-flags", valueInteger=0)),
    ({"date_first_visit": "2024-05-06"}, own("first-visit-date", valueDate="2024-05-06")),
    (
        {"emergency_contact_name": "Cy Dole", "emergency_contact_phone": "2"},
        {
            "contact": [
                {
                    "relationship": [
                        {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0131", "code": "C"}]}
                    ],
                    "name": {"text": "Cy Dole"},
                    "telecom": [{"system": "phone", "value": "2"}],
                }
            ]
        },
    ),
    (
        {"preferred_language": "ENG"},
        {
            "communication": [
                {
                    "preferred": True,
                    "language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "en"}], "text": "ENG"},
                }
            ]
        },
    ),
]


@pytest.mark.parametrize(("record", "resource"), GOLDENS, ids=lambda value: "+".join(value))
def test_a_golden_pair_holds_both_ways(record: dict[str, Any], resource: dict[str, Any]) -> None:
    whole = {"resourceType": "Patient", **resource}
    assert LENS.to_fhir(record).value == whole
    assert LENS.to_fhir(record).left_out == ()
    assert LENS.to_vendor(whole).value == record
    assert LENS.unmapped(whole) == ()


@pytest.mark.parametrize("record", PATIENTS, ids=("full", "deceased", "archived"))
def test_what_was_read_is_written_back_untouched(record: dict[str, Any]) -> None:
    assert LENS.to_vendor(LENS.to_fhir(record).value, onto=record).value == record


READ_ONLY = {"billing_account", "smoking_snomed", "scheduling_restricted"}


@given(st.sampled_from(PATIENTS), st.sets(st.sampled_from(sorted(FULL)), max_size=40))
def test_a_put_reads_back_as_it_was_written_on_any_record(onto: dict[str, Any], dropped: set[str]) -> None:
    """GetPut, PutGet and PutPut, for what update can write."""
    wish = {name: value for name, value in FULL.items() if name not in dropped | READ_ONLY}
    wish |= {"id": onto["id"]}
    wish.pop("address_line2") if "address_line1" not in wish and "address_line2" in wish else None
    wish.pop("middle_name") if "first_name" not in wish and "middle_name" in wish else None
    resource = LENS.to_fhir(wish).value
    onto = {name: value for name, value in onto.items() if name not in READ_ONLY}
    once = LENS.to_vendor(resource, onto=onto).value
    assert LENS.to_fhir(once).value == resource
    assert LENS.to_vendor(resource, onto=LENS.to_vendor(LENS.to_fhir(FULL).value, onto=onto).value).value == once


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_documented_leaf_is_mapped_or_ignored_with_a_reason(kind: Any) -> None:
    mapped = {path for map in kind.maps for path in map.bound(account().bindings).vendor_paths()}
    parts = tuple(f"{name}{mark}" for name in {*mapped, *kind.ignored} for mark in "[.")
    assert {leaf for leaf in kind.leaves if not leaf.startswith(parts)} <= mapped | set(kind.ignored)
    assert not mapped & set(kind.ignored)
    assert all(kind.ignored.values())


def test_a_name_without_use_and_a_phone_without_use_are_taken() -> None:
    resource = {"resourceType": "Patient", "name": [{"text": "A B", "family": "B", "given": ["A"]}]}
    resource["telecom"] = [{"system": "phone", "value": "1"}]
    assert LENS.to_vendor(resource).value == {"first_name": "A", "last_name": "B", "home_phone": "1"}
    assert LENS.unmapped(resource) == ()


def test_elements_that_the_api_has_no_field_for_are_reported() -> None:
    resource = {
        "resourceType": "Patient",
        "identifier": [{"system": "https://crm.example/id", "value": "7"}],
        "address": [{"use": "home", "line": ["a", "b", "c"]}],
        "photo": [{"url": "https://crm.example/photo"}],
    }
    assert {out.expression for out in LENS.unmapped(resource)} == {
        "Patient.identifier",
        "Patient.address[0].line[2]",
        "Patient.photo",
    }


def test_a_richer_marital_status_survives_what_it_was_sent_as() -> None:
    system = "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus"
    local = {"resourceType": "Patient", "maritalStatus": {"coding": [{"system": system, "code": "U"}]}}
    assert LENS.absorb({"marital_status": "single"}, onto=local).value == local


def test_references_take_the_plain_form_where_the_binding_says_so() -> None:
    lens = PATIENT.bound(Bindings({"id": "a", "mr": "b", "references": ""}))
    resource = lens.to_fhir({"location": {"id": UUID}}).value
    assert resource["extension"][0]["valueReference"] == {"reference": f"Location/{UUID}"}


def test_unknown_leaves_are_named() -> None:
    assert unaccounted({**FULL, "shoe_size": 3, "location": {"id": "x", "floor": 2}}) == ("location.floor", "shoe_size")
    assert unaccounted({**FULL, "potential_duplicates": [{"id": "x"}]}) == ()
