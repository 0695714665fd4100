"""The plan executor's checks of searches, of the directory of providers and of $everything, by their ids."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tests.conformance.test_plan_executor import FORM, SYSTEM, UCUM, Resource, bundle, entry, ids, patient, refused

pytestmark = pytest.mark.blackbox


@pytest.fixture(scope="module")
def family(live: httpx.Client) -> httpx.Client:
    """Patients, their observations and where they are from, for the searches."""
    held = [
        {"resourceType": "Organization", "id": "plan-home", "name": "Plan Home",
         "identifier": [{"system": SYSTEM, "value": "home"}]},
        patient(id="plan-a", name=[{"family": "Chalmersson", "given": ["Peter", "James"]}],
                identifier=[{"system": SYSTEM, "value": "plan-a"}], gender="male",
                managingOrganization={"reference": "Organization/plan-home"}),
        patient(id="plan-b", name=[{"family": "Chalmers", "given": ["Petra"]}]),
        {"resourceType": "Observation", "id": "plan-mass", "status": "final", "code": {"text": "mass"},
         "subject": {"reference": "Patient/plan-a"}, "identifier": [{"system": SYSTEM, "value": "mass"}],
         "valueQuantity": {"value": 70.5, "unit": "kg", "system": UCUM, "code": "kg"}},
    ]  # fmt: skip
    entries = [entry("PUT", f"{each['resourceType']}/{each['id']}", each) for each in held]
    assert live.post("", json=bundle(*entries)).status_code == 200
    return live


# --- searches -------------------------------------------------------------------------------------------------------

Search = Callable[[str, dict[str, str]], httpx.Response]


@pytest.fixture(params=["get", "post"])
def search(family: httpx.Client, request: pytest.FixtureRequest) -> Search:
    def by_get(type: str, params: dict[str, str]) -> httpx.Response:
        return family.get(type, params=params)

    def by_post(type: str, params: dict[str, str]) -> httpx.Response:
        return family.post(f"{type}/_search", data=params, headers=FORM)

    return by_get if request.param == "get" else by_post


def test_s000_parameters_are_those_of_the_specification(live: httpx.Client) -> None:
    declared = {each["type"]: each for each in live.get("metadata").json()["rest"][0]["resource"]}
    patients = {each["name"]: each["type"] for each in declared["Patient"]["searchParam"]}
    asked = {
        "_id": "token", "active": "token", "address": "string", "address-city": "string", "address-country": "string",
        "address-postalcode": "string", "address-state": "string", "address-use": "token", "birthdate": "date",
        "death-date": "date", "deceased": "token", "email": "token", "family": "string", "gender": "token",
        "general-practitioner": "reference", "given": "string", "identifier": "token", "language": "token",
        "link": "reference", "name": "string", "organization": "reference", "phone": "token", "phonetic": "string",
        "telecom": "token",
    }  # fmt: skip
    assert {name: kind for name, kind in patients.items() if name in asked} == asked


def test_s001_by_id(search: Search) -> None:
    assert ids(search("Patient", {"_id": "plan-a"})) == ["plan-a"]


def test_s003_a_count(search: Search) -> None:
    assert len(ids(search("Patient", {"_count": "1"}))) == 1


def test_se01_no_criteria(search: Search) -> None:
    assert ids(search("Patient", {}))


def test_se02_a_type_that_does_not_exist(search: Search) -> None:
    assert refused(search("Starship", {"name": "x"}), 404)


def test_se03_part_of_a_family_name(search: Search) -> None:
    assert ids(search("Patient", {"family": "Chalm"})) == ["plan-a", "plan-b"]
    assert ids(search("Patient", {"family:exact": "Chalmers"})) == ["plan-b"]


def test_se04_a_given_name(search: Search) -> None:
    assert ids(search("Patient", {"given": "peter", "family": "chalmers"})) == ["plan-a"]


REFERENCES = {
    "SE05.0 relative": ("subject", "Patient/plan-a"), "SE05.1 in full": ("subject", "{base}/Patient/plan-a"),
    "SE05.2 an id": ("subject", "plan-a"), "SE05.3 an id and its type": ("subject:Patient", "plan-a"),
    "SE05.4 the identifier of the patient": ("subject.identifier", f"{SYSTEM}|plan-a"),
    "SE05.5 the name of the patient": ("subject:Patient.name", "chalmersson"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "value"), REFERENCES.values(), ids=list(REFERENCES))
def test_se05_references(family: httpx.Client, search: Search, name: str, value: str) -> None:
    value = value.format(base=str(family.base_url).rstrip("/"))
    assert ids(search("Observation", {name: value})) == ["plan-mass"]


def test_se06_includes(search: Search) -> None:
    answer = search("Patient", {"_id": "plan-a", "_include": "Patient:organization"})
    assert (ids(answer), ids(answer, "include")) == (["plan-a"], ["plan-home"])


def test_se07_reverse_includes(search: Search) -> None:
    answer = search("Patient", {"_id": "plan-a", "_revinclude": "Observation:patient"})
    assert (ids(answer), ids(answer, "include")) == (["plan-a"], ["plan-mass"])


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (f"70.5|{UCUM}|kg", True),
        ("70.5", True),
        (f"gt70|{UCUM}|kg", True),
        (f"lt70|{UCUM}|kg", False),
        ("70.5||g", False),
    ],
)
def test_se21_and_se22_quantities(search: Search, value: str, found: bool) -> None:
    answer = search("Observation", {"value-quantity": value, "identifier": f"{SYSTEM}|mass"})
    assert ids(answer) == (["plan-mass"] if found else [])


def test_se23_what_is_missing(search: Search) -> None:
    both = {"family": "chalm"}
    assert ids(search("Patient", {**both, "gender:missing": "true"})) == ["plan-b"]
    assert ids(search("Patient", {**both, "gender:missing": "false"})) == ["plan-a"]


def test_se24_an_unknown_parameter(search: Search) -> None:
    answer = search("Patient", {"bonkers": "foobar", "_id": "plan-a"})
    assert ids(answer) == ["plan-a"]
    assert "bonkers" not in answer.json()["link"][0]["url"]


def test_se25_a_malformed_one(search: Search) -> None:
    assert refused(search("Observation", {"value-quantity": "ab70"}), 400)
    assert refused(search("Patient", {"birthdate": "1980-1"}), 400)


# --- the directory --------------------------------------------------------------------------------------------------

DIRECTORY = {
    "APCT01 a practitioner by name": ("Practitioner", "name=planhealer", "plan-doc"),
    "APCT02 a practitioner by identifier": ("Practitioner", f"identifier={SYSTEM}|doc", "plan-doc"),
    "APCT03 an organization by name": ("Organization", "name=planhouse", "plan-house"),
    "APCT04 an organization by identifier": ("Organization", f"identifier={SYSTEM}|house", "plan-house"),
    "APCT05 a location by name": ("Location", "name=planplace", "plan-place"),
    "APCT06 a location by address": ("Location", "address-city=plantown", "plan-place"),
}


@pytest.mark.parametrize(("type", "query", "found"), DIRECTORY.values(), ids=list(DIRECTORY))
def test_apct_the_directory(live: httpx.Client, type: str, query: str, found: str) -> None:
    held: dict[str, Resource] = {
        "Practitioner": {"name": [{"family": "Planhealer"}], "identifier": [{"system": SYSTEM, "value": "doc"}]},
        "Organization": {"name": "Planhouse", "identifier": [{"system": SYSTEM, "value": "house"}]},
        "Location": {"name": "Planplace", "address": {"city": "Plantown"}},
    }
    put = live.put(f"{type}/{found}", json={"resourceType": type, "id": found, **held[type]})
    assert put.status_code in (200, 201)
    assert ids(live.get(f"{type}?{query}")) == [found]


def test_everything_of_a_patient(family: httpx.Client) -> None:
    """Asked where it is declared; where it is not, it is refused and not half done."""
    declared = {each["type"]: each for each in family.get("metadata").json()["rest"][0]["resource"]}["Patient"]
    answer = family.get("Patient/plan-a/$everything")
    if "everything" not in {each["name"] for each in declared["operation"]}:
        assert refused(answer, 400, 404, 405)
        return
    assert answer.status_code == 200, answer.text
    assert {"plan-a", "plan-mass"} <= {each["resource"]["id"] for each in answer.json()["entry"]}
