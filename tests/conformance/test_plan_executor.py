"""The checks of the public plan executor for R4 servers, each by its id: reads, formats, histories, writes, searches,
transactions, the directory of providers and the capabilities of US Core, on the live server.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.conformance.us_core_groups import GROUPS

pytestmark = pytest.mark.blackbox

Resource = dict[str, Any]
JSON, XML = "application/fhir+json", "application/fhir+xml"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SYSTEM = "urn:plan"
UCUM = "http://unitsofmeasure.org"
JSON_FORMATS = ("json", "application/json", JSON)
XML_FORMATS = ("xml", "application/xml", XML)


def patient(**more: Any) -> Resource:
    return {"resourceType": "Patient", **more}


def identified(value: str, **more: Any) -> Resource:
    return patient(identifier=[{"system": SYSTEM, "value": value}], **more)


def entry(method: str, url: str, resource: Resource | None = None, **request: str) -> Resource:
    made: Resource = {"request": {"method": method, "url": url, **request}}
    return made if resource is None else {**made, "resource": resource, "fullUrl": uuid4().urn}


def bundle(*entries: Resource, type: str = "transaction") -> Resource:
    return {"resourceType": "Bundle", "type": type, "entry": list(entries)}


def ids(answer: httpx.Response, mode: str = "match") -> list[str]:
    assert answer.status_code == 200, answer.text
    return sorted(each["resource"]["id"] for each in answer.json().get("entry", ()) if each["search"]["mode"] == mode)


def refused(answer: httpx.Response, *statuses: int) -> bool:
    return answer.status_code in statuses and answer.json()["resourceType"] == "OperationOutcome"


@pytest.fixture
def new() -> str:
    return f"x-{uuid4().hex[:12]}"


@pytest.fixture
def one(live: httpx.Client, new: str) -> str:
    """The path of a patient of this test."""
    text = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">One</div>'}
    made = identified(new, id=new, text=text, name=[{"family": "One", "given": ["First"]}])
    assert live.put(f"Patient/{new}", json=made).status_code == 201
    return f"Patient/{new}"


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


# --- reads ----------------------------------------------------------------------------------------------------------


def test_r001_a_read_has_its_headers(live: httpx.Client, one: str) -> None:
    answer = live.get(one)
    assert answer.headers["content-type"].startswith(JSON)
    assert answer.headers["etag"] == 'W/"1"'
    assert answer.headers["last-modified"].endswith(" GMT")


def test_r002_an_unknown_type(live: httpx.Client) -> None:
    assert refused(live.get("Starship/1"), 400, 404)


def test_r003_an_unknown_id(live: httpx.Client) -> None:
    assert refused(live.get(f"Patient/{uuid4()}"), 404)


def test_r004_an_id_of_no_format(live: httpx.Client) -> None:
    assert refused(live.get("Patient/Invalid-ID-Because_Of_!@$Special_Characters_and_Length_Over_Sixty_Four"), 400, 404)


def test_r005_the_text_alone(live: httpx.Client, one: str) -> None:
    came = live.get(f"{one}?_summary=text").json()
    assert "One" in came["text"]["div"]
    assert "name" not in came


@pytest.mark.parametrize("header", [True, False], ids=["ct", "ft"])
@pytest.mark.parametrize("named", JSON_FORMATS + XML_FORMATS)
@pytest.mark.parametrize("path", ["", "/_history", "/_history/1"])
def test_ct_and_ft_formats(live: httpx.Client, one: str, header: bool, named: str, path: str) -> None:
    """CT01-04 by the Accept header, FT01-08 by `_format`; a bare `json` is no media type, so no Accept."""
    if header and "/" not in named:
        assert live.get(one + path, headers={"Accept": named}).status_code == 406
        return
    asked: dict[str, Any] = {"headers": {"Accept": named}} if header else {"params": {"_format": named}}
    answer = live.get(one + path, **asked)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(XML if named in XML_FORMATS else JSON)
    assert answer.text.startswith("<?xml") == (named in XML_FORMATS)


def test_ct_and_ft_formats_that_are_none(live: httpx.Client, one: str) -> None:
    assert refused(live.get(one, headers={"Accept": "application/foobar"}), 406)
    assert refused(live.get(one, params={"_format": "application/foobar"}), 406)


# --- histories ------------------------------------------------------------------------------------------------------


def test_hi_histories(live: httpx.Client, one: str) -> None:
    """HI02-HI11: of a resource, a type and the system, in order, with `_since` and `_count`; a deletion is in it."""
    since = live.get(one).json()["meta"]["lastUpdated"]
    assert live.put(one, json={**live.get(one).json(), "active": True}).status_code == 200
    assert live.delete(one).status_code == 204
    for place in (f"{one}/_history", "Patient/_history", "_history"):
        body = live.get(place, params={"_since": since, "_count": 500}).json()
        mine = [each for each in body["entry"] if each["fullUrl"].endswith(one)]
        assert [each["response"]["etag"] for each in mine] == ['W/"3"', 'W/"2"', 'W/"1"']
        assert [each["request"]["method"] for each in mine][:2] == ["DELETE", "PUT"]
        assert ["resource" in each for each in mine] == [False, True, True]
    page = live.get(f"{one}/_history", params={"_count": 1}).json()
    assert (len(page["entry"]), page["total"], page["type"]) == (1, 3, "history")
    assert len(live.get(page["link"][1]["url"]).json()["entry"]) == 1


def test_hi_a_history_of_nothing(live: httpx.Client) -> None:
    assert refused(live.get(f"Patient/{uuid4()}/_history"), 404)


# --- resources ------------------------------------------------------------------------------------------------------

CLINICAL = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
ACTIVE = {"coding": [{"system": CLINICAL, "code": "active"}]}
MINIMAL: dict[str, Resource] = {
    "Patient": {},
    "Practitioner": {},
    "Organization": {"name": "x"},
    "Location": {"name": "x"},
    "Encounter": {"status": "planned", "class": {"code": "AMB"}},
    "Observation": {"status": "final", "code": {"text": "x"}},
    "Condition": {"subject": {"reference": "Patient/x"}},
    "AllergyIntolerance": {"patient": {"reference": "Patient/x"}, "clinicalStatus": ACTIVE},
    "Coverage": {"status": "active", "beneficiary": {"reference": "Patient/x"}, "payor": [{"reference": "Patient/x"}]},
    "Appointment": {"status": "proposed", "participant": [{"actor": {"reference": "Patient/x"}, "status": "accepted"}]},
    "RelatedPerson": {"patient": {"reference": "Patient/x"}},
    "Consent": {"status": "active", "scope": {"text": "x"}, "category": [{"text": "x"}], "policyRule": {"text": "x"}},
    "DocumentReference": {"status": "current", "content": [{"attachment": {"title": "x"}}]},
    "Task": {"status": "requested", "intent": "order"},
}


@pytest.mark.parametrize("type", MINIMAL)
def test_x000_to_x075_the_life_of_a_resource(live: httpx.Client, type: str) -> None:
    """X000 read type, X010 create, X020 read, X030 update, X040 history, X050/55 vread, X070 delete, X075 gone."""
    assert live.get(type, params={"_count": 1}).json()["type"] == "searchset"
    created = live.post(type, json={"resourceType": type, "language": "en", **MINIMAL[type]})
    assert created.status_code == 201, created.text
    path = f"{type}/{created.json()['id']}"
    assert created.headers["location"].endswith(f"{path}/_history/1")
    read = live.get(path)
    assert read.json() == created.json()
    assert live.put(path, json={**read.json(), "language": "de"}).status_code == 200
    assert [each["resource"]["language"] for each in live.get(f"{path}/_history").json()["entry"]] == ["de", "en"]
    assert live.get(f"{path}/_history/1").json() == read.json()
    assert live.get(f"{path}/_history/2").json()["language"] == "de"
    assert live.delete(path).status_code == 204
    assert refused(live.get(path), 410)
    assert refused(live.get(f"{path}/_history/3"), 410)


def test_x012_to_x014_conditional_create(live: httpx.Client, one: str, new: str) -> None:
    """None, one and many matches."""
    fresh = uuid4().hex
    none = live.post("Patient", json=identified(fresh), headers={"If-None-Exist": f"identifier={SYSTEM}|{fresh}"})
    assert none.status_code == 201
    only = live.post("Patient", json=identified(new), headers={"If-None-Exist": f"identifier={SYSTEM}|{new}"})
    assert (only.status_code, only.json()["id"]) == (200, new)
    assert live.post("Patient", json=identified(new)).status_code == 201
    many = live.post("Patient", json=identified(new), headers={"If-None-Exist": f"identifier={SYSTEM}|{new}"})
    assert refused(many, 412)


def test_x032_to_x034_conditional_update(live: httpx.Client, one: str, new: str) -> None:
    fresh = uuid4().hex
    assert live.put(f"Patient?identifier={SYSTEM}|{fresh}", json=identified(fresh)).status_code == 201
    only = live.put(f"Patient?identifier={SYSTEM}|{new}", json=identified(new, gender="other"))
    assert (only.status_code, only.json()["id"], only.json()["gender"]) == (200, new, "other")
    assert live.post("Patient", json=identified(new)).status_code == 201
    assert refused(live.put(f"Patient?identifier={SYSTEM}|{new}", json=identified(new)), 412)


VALIDATIONS: list[tuple[str, str, Resource, bool]] = [
    ("X060 a good one", "Patient/$validate", patient(gender="male"), True),
    ("X061 a bad one", "Patient/$validate", patient(gender="m"), False),
    ("X062 to create", "Patient/$validate?mode=create", patient(), True),
    ("X063 a bad one to create", "Patient/$validate?mode=create", patient(photo={}), False),
    ("X064 to update", "Patient/{new}/$validate?mode=update", patient(id="{new}"), True),
    ("X065 to update another", "Patient/{new}/$validate?mode=update", patient(id="other"), False),
    ("X066 to delete", "Patient/{new}/$validate?mode=delete", {}, True),
    ("X067 in Parameters", "Patient/$validate", {
        "resourceType": "Parameters", "parameter": [{"name": "resource", "resource": patient(gender="m")}]}, False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "body", "good"), [row[1:] for row in VALIDATIONS], ids=[row[0] for row in VALIDATIONS]
)
def test_x060_to_x067_validate(live: httpx.Client, one: str, new: str, path: str, body: Resource, good: bool) -> None:
    named = {name: value.replace("{new}", new) if isinstance(value, str) else value for name, value in body.items()}
    url = path.replace("{new}", new)
    answer = live.post(url, json=named) if named else live.get(url)
    errors = [each for each in answer.json()["issue"] if each["severity"] in ("error", "fatal")]
    assert answer.status_code in (200, 400)
    assert (not errors) == good, answer.text
    assert live.get(one).json()["meta"]["versionId"] == "1"


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


# --- transactions ---------------------------------------------------------------------------------------------------


def sent(live: httpx.Client, *entries: Resource, type: str = "transaction") -> list[str]:
    answer = live.post("", json=bundle(*entries, type=type))
    assert answer.status_code == 200, answer.text
    return [each["response"]["status"][:3] for each in answer.json()["entry"]]


def test_xfer0_the_capability(live: httpx.Client) -> None:
    interactions = {each["code"] for each in live.get("metadata").json()["rest"][0]["interaction"]}
    assert {"transaction", "batch"} <= interactions


def test_xfer1_and_2_a_record(live: httpx.Client, new: str) -> None:
    """A patient and what is known of her, in one, then more of it by its id."""
    who = entry("POST", "Patient", identified(new))
    facts = [{"resourceType": "Condition", "subject": {"reference": who["fullUrl"]}} for _ in range(3)]
    assert sent(live, *(entry("POST", "Condition", fact) for fact in facts), who) == ["201"] * 4
    (id,) = ids(live.get("Patient", params={"identifier": f"{SYSTEM}|{new}"}))
    assert len(ids(live.get("Condition", params={"patient": id}))) == 3


def test_xfer3_and_4_conditionally(live: httpx.Client, one: str, new: str) -> None:
    assert sent(live, entry("POST", "Patient", identified(new), ifNoneExist=f"identifier={SYSTEM}|{new}")) == ["200"]
    assert sent(live, entry("PUT", f"Patient?identifier={SYSTEM}|{new}", identified(new, active=True))) == ["200"]


def test_xfer5_and_6_many_matches_fail(live: httpx.Client, one: str, new: str) -> None:
    assert live.post("Patient", json=identified(new)).status_code == 201
    for request in (
        entry("POST", "Patient", identified(new), ifNoneExist=f"identifier={SYSTEM}|{new}"),
        entry("DELETE", f"Patient?identifier={SYSTEM}|{new}"),
    ):
        beside = entry("PUT", f"Patient/{new}-b", patient(id=f"{new}-b"))
        assert refused(live.post("", json=bundle(request, beside)), 412)
    assert live.get(one).status_code == 200
    assert live.get(f"Patient/{new}-b").status_code == 404


def test_xfer7_and_8_the_order(live: httpx.Client, one: str, new: str) -> None:
    """DELETE, POST, PUT, GET: the search finds what was put, not what was deleted."""
    other = f"{new}-b"
    read = entry("GET", f"Patient?identifier={SYSTEM}|{new}")
    answer = live.post(
        "", json=bundle(read, entry("PUT", f"Patient/{other}", identified(new, id=other)), entry("DELETE", one))
    )
    assert ids(httpx.Response(200, json=answer.json()["entry"][0]["resource"])) == [other]


def test_xfer9_and_10_put_again_and_delete(live: httpx.Client, one: str, new: str) -> None:
    again = entry("PUT", one, identified(new, id=new, active=False))
    assert sent(live, again) == ["200"]
    assert sent(live, again) == ["200"]
    assert live.get(one).json()["meta"]["versionId"] == "2"
    assert sent(live, entry("DELETE", one)) == ["204"]
    assert live.get(one).status_code == 410


def test_xfer11_a_batch(live: httpx.Client, one: str) -> None:
    assert sent(live, entry("GET", one), entry("GET", "Patient/none"), type="batch") == ["200", "404"]


def test_xfer12_entries_of_a_batch_may_not_depend_on_each_other(live: httpx.Client, new: str) -> None:
    """http.html#transaction: a batch's references to each other are non-conformant."""
    who = entry("POST", "Patient", identified(new))
    fact = entry("POST", "Condition", {"resourceType": "Condition", "subject": {"reference": who["fullUrl"]}})
    assert sent(live, who, fact, type="batch") == ["201", "400"]


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


# --- US Core --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("type", [group.type for group in GROUPS])
def test_us00_to_us09_capabilities(live: httpx.Client, type: str) -> None:
    declared = {each["type"]: each for each in live.get("metadata").json()["rest"][0]["resource"]}[type]
    assert {"read", "search-type"} <= {each["code"] for each in declared["interaction"]}
    assert any("/us/core/" in profile for profile in declared["supportedProfile"])


def test_everything_of_a_patient(family: httpx.Client) -> None:
    """Asked where it is declared; where it is not, it is refused and not half done."""
    declared = {each["type"]: each for each in family.get("metadata").json()["rest"][0]["resource"]}["Patient"]
    answer = family.get("Patient/plan-a/$everything")
    if "everything" not in {each["name"] for each in declared["operation"]}:
        assert refused(answer, 400, 404, 405)
        return
    assert answer.status_code == 200, answer.text
    assert {"plan-a", "plan-mass"} <= {each["resource"]["id"] for each in answer.json()["entry"]}
