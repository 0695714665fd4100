"""The checks of the public plan executor for R4 servers, each by its id: reads, formats, histories, writes, searches,
transactions, the directory of providers and the capabilities of US Core, on the live server.
"""

from __future__ import annotations

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


# --- US Core --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("type", [group.type for group in GROUPS])
def test_us00_to_us09_capabilities(live: httpx.Client, type: str) -> None:
    declared = {each["type"]: each for each in live.get("metadata").json()["rest"][0]["resource"]}[type]
    assert {"read", "search-type"} <= {each["code"] for each in declared["interaction"]}
    assert any("/us/core/" in profile for profile in declared["supportedProfile"])
