"""Patients as FHIR clients may write them: every one can be listed, read and changed by the staff."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.canonical import extension_url
from tests.gateway.conftest import Fhir, entry
from tests.translators.internal.face.api import Api, places
from translators.internal.schema.patient import PatientOut

ODD: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nothing-at-all": ({}, {"first_name": "", "last_name": "", "status": None, "deleted_at": None}),
    "a-name-in-one-string": (
        {"name": [{"text": "Peter James Chalmers"}]},
        {"first_name": "", "last_name": "Peter James Chalmers"},
    ),
    "only-a-maiden-name": ({"name": [{"use": "maiden", "family": "Windsor"}]}, {"last_name": "Windsor"}),
    "only-a-given-name": ({"name": [{"given": ["Cher"]}]}, {"first_name": "Cher", "last_name": ""}),
    "half-a-birth-date": ({"birthDate": "1974-12"}, {"date_of_birth": None}),
    "died-some-year": ({"deceasedDateTime": "2015"}, {"status": "deceased", "date_time_deceased": None}),
    "dead-and-active": ({"deceasedBoolean": True, "active": True}, {"status": "deceased"}),
    "several-addresses": (
        {"address": [{"use": "work", "city": "W"}, {"use": "home", "city": "H"}, {"city": "N"}]},
        {"city": "H"},
    ),
    "other-words": (
        {
            "maritalStatus": {"text": "it is complicated"},
            "communication": [{"language": {"text": "Klingon"}}],
            "extension": [
                {"url": extension_url("preferred-contact-method"), "valueCode": "pigeon"},
                {"url": extension_url("patient-status"), "valueCode": "asleep"},
            ],
        },
        {"marital_status": None, "preferred_language": "Klingon", "preferred_contact_method": None, "status": None},
    ),
    "references-to-elsewhere": (
        {
            "generalPractitioner": [{"display": "Dr. Who"}],
            "extension": [
                {"url": extension_url("facility"), "valueReference": {"reference": "https://emr.example/Location/9"}}
            ],
        },
        {"primary_provider": None, "location": None},
    ),
    "telecom-of-all-kinds": (
        {
            "telecom": [
                {"system": "email", "value": "no address"},
                {"system": "phone", "value": "555-0100"},
                {"rank": 1},
            ]
        },
        {"email": None, "home_phone": "555-0100", "mobile_phone": None},
    ),
    "archived-some-day": (
        {"active": True, "extension": [{"url": extension_url("archived-at"), "valueDateTime": "2024-02"}]},
        {"status": "archived", "deleted_at": "2024-02-01T00:00:00Z"},
    ),
    "archived-without-a-time": (
        {"active": False, "extension": [{"url": extension_url("patient-status"), "valueCode": "archived"}]},
        {"status": "archived", "deleted_at": None},
    ),
}
ARCHIVED = {id for id, (_, shown) in ODD.items() if shown.get("status") == "archived"}


@pytest.fixture
async def odd(client: Fhir) -> None:
    patients = [{"resourceType": "Patient", "id": id, **said} for id, (said, _) in ODD.items()]
    answer = await client.transaction(*(entry("PUT", f"Patient/{each['id']}", each) for each in patients))
    assert answer.status_code == 200, answer.text


@pytest.mark.usefixtures("odd")
async def test_no_odd_one_spoils_a_list(api: Api) -> None:
    for sort in ("last_name", "first_name", "date_of_birth", "chart_number", "created_at", "status"):
        listed = await api.get("/patients", sort_by=sort)
        assert {each["id"] for each in listed["items"]} == ODD.keys() - ARCHIVED
        assert listed["total"] == len(ODD) - len(ARCHIVED)
    listed = await api.items("/patients") + await api.items("/patients", status="archived")
    assert {each["id"] for each in listed} == ODD.keys()
    for each in listed:
        PatientOut.model_validate(each)
        expected = ODD[each["id"]][1]
        assert {name: each[name] for name in expected} == expected, each["id"]
        assert await api.get(f"/patients/{each['id']}") == each


@pytest.mark.usefixtures("odd")
async def test_each_can_be_changed_or_restored(api: Api) -> None:
    for id in ODD:
        version = 1
        if id in ARCHIVED:
            restored = await api.post(f"/patients/{id}/restore", status=200)
            assert (restored["status"], restored["deleted_at"]) == ("inactive", None)
            version = restored["version"]
        news = {"base_version": version, "first_name": "Now", "last_name": "Named", "date_of_birth": "1974-12-25"}
        changed = await api.patch(f"/patients/{id}", news)
        assert (changed["first_name"], changed["last_name"], changed["date_of_birth"]) == (
            "Now", "Named", "1974-12-25"
        )  # fmt: skip
        cleared = await api.patch(f"/patients/{id}", {"base_version": version + 1, "date_of_birth": None})
        assert cleared["date_of_birth"] is None


async def test_an_id_that_is_none_is_not_found(api: Api) -> None:
    for id in ("a_b", "x" * 65, "%20"):
        assert (await api.ask("GET", f"/patients/{id}")).status_code == 404


async def test_what_needs_something_before_it_is_told_so(api: Api) -> None:
    answer = await api.ask("POST", "/patients", {"first_name": "A", "last_name": "B", "address_line2": "Flat 3"})
    assert places(answer) == {"body.address_line2"}
