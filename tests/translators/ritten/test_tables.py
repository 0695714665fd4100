"""Field tables: golden values both ways, the laws of lenses, and that every documented leaf is accounted for."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.translation import path
from gateway.translation.lens import Lens
from gateway.translation.rows import Bindings
from translators.ritten.care_levels import LEVEL_OF_CARE
from translators.ritten.chart import leaf_names
from translators.ritten.coverage import COVERAGE, SUBSCRIBER
from translators.ritten.encounter import ENCOUNTER
from translators.ritten.examples import FULL, PATIENTS
from translators.ritten.kinds import KINDS
from translators.ritten.location import LOCATION
from translators.ritten.patient import PATIENT
from translators.ritten.race import ETHNICITY, RACE
from translators.ritten.vocabulary import GENDER, LEVELS_OF_CARE, e164

BINDINGS = Bindings({"id": "urn:clinic:id", "mr": "urn:clinic:mr"}, {"program": {"Evening group": "Evening IOP"}})
LENS = PATIENT.bound(BINDINGS)
MARITAL = "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus"
RACES = "urn:oid:2.16.840.1.113883.6.238"


def omb(code: str, display: str, system: str = RACES) -> dict[str, Any]:
    return {"url": "ombCategory", "valueCoding": {"system": system, "code": code, "display": display}}


def extended(url: str, *parts: dict[str, Any], text: str) -> dict[str, Any]:
    return {"url": url, "extension": [*parts, {"url": "text", "valueString": text}]}


BOTH_WAYS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "name",
        {"name": {"first": "Ada", "middle": "Joy Lee", "last": "Moss"}},
        {"name": [{"use": "official", "given": ["Ada", "Joy", "Lee"], "family": "Moss"}]},
    ),
    ("chosen name", {"name": {"chosenName": "Ace"}}, {"name": [{"use": "nickname", "given": ["Ace"]}]}),
    ("birth date", {"dob": "1990-02-23"}, {"birthDate": "1990-02-23"}),
    ("sex", {"demographics": {"sex": "Unknown"}}, {"gender": "unknown"}),
    (
        "marital status",
        {"demographics": {"maritalStatus": "Unmarried"}},
        {"maritalStatus": {"coding": [{"system": MARITAL, "code": "U", "display": "unmarried"}], "text": "Unmarried"}},
    ),
    (
        "race",
        {"demographics": {"race": ["White", "Asian"], "raceOther": ["Sami"]}},
        {"extension": [extended(RACE.url, omb("2106-3", "White"), omb("2028-9", "Asian"), text="White, Asian, Sami")]},
    ),
    (
        "race declined",
        {"demographics": {"race": ["Decline to Specify"]}},
        {
            "extension": [
                extended(
                    RACE.url,
                    omb("ASKU", "asked but unknown", "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"),
                    text="Decline to Specify",
                )
            ]
        },
    ),
    (
        "ethnicity declined has no category in US Core",
        {"demographics": {"ethnicity": ["Decline to Specify"]}},
        {"extension": [extended(ETHNICITY.url, text="Decline to Specify")]},
    ),
    (
        "gender identity",
        {"demographics": {"gender": ["Transgender male"]}},
        {
            "extension": [
                {
                    "url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-genderIdentity",
                    "valueCodeableConcept": GENDER.decode("Transgender male"),
                }
            ]
        },
    ),
    (
        "contacts",
        {"phones": ["+17855550100", "+17855550101"], "emails": ["ada@mail.example"]},
        {
            "telecom": [
                {"system": "phone", "value": "+17855550100"},
                {"system": "phone", "value": "+17855550101"},
                {"system": "email", "value": "ada@mail.example"},
            ]
        },
    ),
    (
        "address",
        {"addresses": [{"use": "WORK", "line": "1 Mill St", "line2": "B", "region": "KS", "country": "US"}]},
        {"address": [{"use": "work", "line": ["1 Mill St", "B"], "state": "KS", "country": "US"}]},
    ),
    (
        "language",
        {"demographics": {"preferredLanguage": "Spanish"}},
        {
            "communication": [
                {
                    "preferred": True,
                    "language": {
                        "coding": [{"system": "urn:ietf:bcp:47", "code": "es", "display": "Spanish"}],
                        "text": "Spanish",
                    },
                }
            ]
        },
    ),
]


@pytest.mark.parametrize(("record", "resource"), [case[1:] for case in BOTH_WAYS], ids=[case[0] for case in BOTH_WAYS])
def test_a_golden_pair_goes_both_ways(record: dict[str, Any], resource: dict[str, Any]) -> None:
    whole = {"resourceType": "Patient", **resource}
    read = LENS.to_fhir(record)
    assert read.value == whole
    assert read.left_out == ()
    assert LENS.to_vendor(whole).value == record
    assert LENS.unmapped(whole) == ()


@pytest.mark.parametrize("code", ["D", "S", "W", "A", "T"])
def test_the_unmarried_keep_what_they_are(code: str) -> None:
    status = {"coding": [{"system": MARITAL, "code": code}], "text": "as the CRM has it"}
    local = {"resourceType": "Patient", "maritalStatus": status}
    sent = LENS.to_vendor(local)
    assert sent.value == {"demographics": {"maritalStatus": "Unmarried"}}
    assert "Patient.maritalStatus" in [lost.expression[:21] for lost in sent.left_out]
    assert LENS.absorb(sent.value, local).value == local
    married = LENS.absorb({"demographics": {"maritalStatus": "Married"}}, local, base=sent.value).value
    assert married["maritalStatus"]["coding"][0]["code"] == "M"


def test_another_rendering_of_a_race_adds_no_other_race() -> None:
    local = {"resourceType": "Patient", "extension": [extended(RACE.url, omb("2106-3", "White"), text="Caucasian")]}
    assert LENS.to_vendor(local).value == {"demographics": {"race": ["White"]}}
    assert LENS.absorb({"demographics": {"race": ["White"]}}, local).value == local


def test_a_detailed_ethnicity_travels_by_its_name() -> None:
    detail = {"url": "detailed", "valueCoding": {"system": RACES, "code": "2184-0", "display": "Dominican"}}
    parts = (detail, omb("2135-2", "Hispanic or Latino"))
    local = {"resourceType": "Patient", "extension": [extended(ETHNICITY.url, *parts, text="Hispanic or Latino")]}
    said = {"demographics": {"ethnicity": ["Hispanic or Latino"], "ethnicityOther": ["Dominican"]}}
    assert LENS.to_vendor(local).value == said
    assert LENS.absorb(said, local).value == local


def test_three_letter_languages_are_understood() -> None:
    coding = {"system": "urn:ietf:bcp:47", "code": "ENG", "display": "English"}
    local = {"resourceType": "Patient", "communication": [{"language": {"coding": [coding], "text": "English"}}]}
    assert LENS.to_vendor(local).value == {"demographics": {"preferredLanguage": "English"}}


@pytest.mark.parametrize(
    ("number", "written"),
    [
        ("785-555-0142", "+17855550142"),
        ("(785) 555 0142", "+17855550142"),
        ("1.785.555.0142", "+17855550142"),
        ("+44 20 7946 0000", "+442079460000"),
        ("555-0142", None),
        ("785-555-0142 x9", None),
        ("ask the mother", None),
    ],
)
def test_telephone_numbers(number: str, written: str | None) -> None:
    assert e164(number) == written


def test_an_address_of_another_use_has_none() -> None:
    record = {"addresses": [{"use": "OTHER", "city": "Topeka"}]}
    read = LENS.to_fhir(record)
    assert read.value["address"] == [{"city": "Topeka"}]
    assert [lost.expression for lost in read.left_out] == ["addresses[].use"]
    assert LENS.to_vendor(read.value, onto=record).value == record
    old = {"resourceType": "Patient", "address": [{"use": "old", "city": "Topeka"}]}
    assert LENS.to_vendor(old).value == record


def test_an_address_keeps_its_key_when_another_is_put_before_it() -> None:
    resource = LENS.to_fhir(FULL).value
    resource["address"].insert(0, {"use": "home", "line": ["9 New Road"], "city": "Eudora", "state": "KS"})
    addresses = LENS.to_vendor(resource, onto=FULL).value["addresses"]
    keys = {item["line"]: item.get("id") for item in addresses}
    assert keys == {"9 New Road": None, **{item["line"]: item["id"] for item in FULL["addresses"]}}


def test_all_levels_of_care_have_a_class() -> None:
    lens = ENCOUNTER.bound(BINDINGS)
    assert len(LEVELS_OF_CARE) == 35
    for level, setting in LEVELS_OF_CARE.items():
        stay = lens.to_fhir({"levelOfCare": level}).value
        assert stay["class"]["code"] == (setting or "UNK")
        coding = {"system": LEVEL_OF_CARE, "code": level, "display": level}
        assert stay["type"] == [{"coding": [coding], "text": level}]
    assert lens.to_fhir({"levelOfCare": "Alumni"}).value["type"] == [{"text": "Alumni"}]
    assert lens.to_fhir({"levelOfCare": "A level of this clinic's own"}).value["class"]["code"] == "UNK"
    assert lens.to_fhir({}).value["class"]["code"] == "UNK"


@pytest.mark.parametrize(
    ("stay", "status", "period"),
    [
        ({}, "planned", None),
        ({"admitDate": "2025-01-06"}, "in-progress", {"start": "2025-01-06"}),
        ({"admitDate": "2025-01-06T00:00:00"}, "in-progress", {"start": "2025-01-06"}),
        (
            {"admitDate": "2025-01-06T14:00:00Z", "dischargeDate": "2025-02-03"},
            "finished",
            {"start": "2025-01-06T14:00:00Z", "end": "2025-02-03"},
        ),
    ],
)
def test_the_dates_of_a_stay_are_its_status(stay: dict[str, Any], status: str, period: Any) -> None:
    resource = ENCOUNTER.bound(BINDINGS).to_fhir(stay).value
    assert (resource["status"], resource.get("period")) == (status, period)


def test_a_program_is_called_as_the_crm_calls_it() -> None:
    lens = ENCOUNTER.bound(BINDINGS)
    assert lens.to_fhir({"program": {"id": "p2", "programName": "Evening IOP"}}).value["serviceType"]["text"] == (
        "Evening group"
    )
    assert lens.to_fhir({"program": {"id": "p3", "programName": "Detox"}}).value["serviceType"]["text"] == "Detox"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_leaf_is_mapped_or_ignored_with_a_reason(kind: Any) -> None:
    mapped = set()
    for table in kind.maps:
        within = kind.within.get(table.type, "")
        mapped |= {f"{within}.{name}".lstrip(".").replace("[]", "") for name in table.bound(BINDINGS).vendor_paths()}
    bare = {leaf.replace("[]", "") for leaf in kind.leaves}
    ignored = {name.replace("[]", "") for name in kind.ignored}
    left = bare - mapped - ignored
    assert sorted(leaf for leaf in left if leaf.partition(".")[0] not in ignored | mapped) == []
    assert ignored & mapped == set()
    assert all(set(leaf_names(example)) <= kind.leaves for example in kind.examples)


WHOLE = [(PATIENT, PATIENTS), (COVERAGE, FULL["insurance"]), (SUBSCRIBER, FULL["insurance"])]


@pytest.mark.parametrize(("table", "examples"), WHOLE, ids=lambda value: getattr(value, "type", ""))
def test_what_was_not_changed_is_not_touched(table: Any, examples: Any) -> None:
    lens = table.bound(BINDINGS)
    for record in examples:
        assert lens.to_vendor(lens.to_fhir(record).value, onto=record).value == record


WORD = st.text("abcé ,'-", min_size=1, max_size=8).filter(lambda text: bool(text.strip()))
RACE_WORDS = st.sampled_from(sorted(RACE.words)) | WORD


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """FULL with its facts drawn anew or left out."""
    record = deepcopy(FULL)
    record["name"] = draw(st.fixed_dictionaries({}, optional=dict.fromkeys(FULL["name"], WORD)))
    record["phones"] = draw(st.lists(st.sampled_from(["+17855550100", "+442079460000", "+13035550142"]), max_size=3))
    record["emails"] = draw(st.lists(st.sampled_from(["a@mail.example", "b@mail.example"]), max_size=2))
    record["demographics"] |= {
        "race": draw(st.lists(st.sampled_from(sorted(RACE.words)), max_size=3)),
        "raceOther": draw(st.lists(RACE_WORDS, max_size=2)),
        "ethnicity": draw(st.lists(st.sampled_from(sorted(ETHNICITY.words)), max_size=2)),
        "ethnicityOther": draw(st.lists(WORD, max_size=2)),
        "gender": draw(st.lists(st.sampled_from(GENDER.values), max_size=3)),
        "genderDetail": draw(st.none() | WORD),
        "sex": draw(st.sampled_from(["Male", "Female", "Unknown"])),
        "maritalStatus": draw(st.sampled_from(["Married", "Unmarried", "Unknown"])),
        "preferredLanguage": draw(st.sampled_from(["English", "Polish"]) | WORD),
    }
    record["addresses"] = draw(st.permutations(FULL["addresses"]))[: draw(st.integers(0, 2))]
    return record


def writable(lens: Lens, record: dict[str, Any]) -> dict[str, Any]:
    """What the record says and a push may change."""
    resource = lens.to_fhir(record).value
    return {name: value for name, value in resource.items() if name not in {"identifier", "generalPractitioner"}}


def filled(record: dict[str, Any]) -> dict[Any, Any]:
    return {place: leaf for place, leaf in path.leaves(record) if leaf not in path.EMPTY}


@given(documents(), documents())
def test_put_get(wanted: dict[str, Any], there: dict[str, Any]) -> None:
    view = writable(LENS, wanted)
    assert writable(LENS, LENS.to_vendor(view, onto=there).value) == view


@given(documents())
def test_get_put(record: dict[str, Any]) -> None:
    assert filled(LENS.to_vendor(LENS.to_fhir(record).value, onto=record).value) == filled(record)


@given(documents(), documents(), documents())
def test_put_put(first: dict[str, Any], second: dict[str, Any], there: dict[str, Any]) -> None:
    one, two = writable(LENS, first), writable(LENS, second)
    twice = LENS.to_vendor(two, onto=LENS.to_vendor(one, onto=there).value).value
    assert writable(LENS, twice) == writable(LENS, LENS.to_vendor(two, onto=there).value) == two


def test_a_facility_is_an_active_site() -> None:
    site = LOCATION.bound(BINDINGS).to_fhir({"id": "f1", "name": "Larch House"}).value
    assert (site["status"], site["physicalType"]["coding"][0]["code"]) == ("active", "si")
