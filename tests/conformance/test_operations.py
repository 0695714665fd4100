"""Operations of the live server: what /metadata declares of them, called from outside."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest

pytestmark = pytest.mark.blackbox

GRADE = "http://hl7.org/fhir/StructureDefinition/match-grade"


@pytest.fixture
def chart(live: httpx.Client) -> dict[str, Any]:
    """A patient with an identifier of its own, and an Encounter with its Location."""
    id = str(uuid4())
    patient = {
        "resourceType": "Patient", "id": id, "name": [{"family": "Operation", "given": ["Olive"]}],
        "birthDate": "1977-07-07", "identifier": [{"system": "urn:kit:operations", "value": id}],
    }  # fmt: skip
    encounter = {
        "resourceType": "Encounter", "id": id, "status": "planned", "subject": {"reference": f"Patient/{id}"},
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "location": [{"location": {"reference": f"Location/{id}"}}],
    }  # fmt: skip
    for each in ({"resourceType": "Location", "id": id, "name": "Ward"}, patient, encounter):
        assert live.put(f"{each['resourceType']}/{id}", json=each).status_code == 201
    return patient


def test_metadata_declares_them(live: httpx.Client) -> None:
    (rest,) = live.get("metadata").json()["rest"]
    (patient,) = [each for each in rest["resource"] if each["type"] == "Patient"]
    definitions = {each["name"]: each["definition"] for each in (*rest["operation"], *patient["operation"])}
    for name, definition in {
        "everything": "Patient-everything",
        "match": "Patient-match",
        "meta": "Resource-meta",
        "meta-add": "Resource-meta-add",
        "meta-delete": "Resource-meta-delete",
    }.items():
        assert definitions[name] == f"http://hl7.org/fhir/OperationDefinition/{definition}"


def test_everything_page_by_page(live: httpx.Client, chart: dict[str, Any]) -> None:
    url: str | None = f"Patient/{chart['id']}/$everything?_count=1"
    found = []
    while url is not None:
        page = live.get(url).json()
        found += [(each["resource"]["resourceType"], each["search"]["mode"]) for each in page["entry"]]
        url = next((each["url"] for each in page["link"] if each["relation"] == "next"), None)
    theirs = [(type, mode) for type, mode in found if type != "Provenance"]  # the server writes one of every version
    assert theirs == [("Patient", "match"), ("Encounter", "match"), ("Location", "include")]


def test_match(live: httpx.Client, chart: dict[str, Any]) -> None:
    parameters = [{"name": "resource", "resource": chart}, {"name": "onlyCertainMatches", "valueBoolean": True}]
    answer = live.post("Patient/$match", json={"resourceType": "Parameters", "parameter": parameters})
    (entry,) = answer.json()["entry"]
    assert entry["resource"]["id"] == chart["id"]
    assert entry["search"]["extension"] == [{"url": GRADE, "valueCode": "certain"}]
    assert entry["search"]["score"] > 0.99


def test_labels_come_and_go(live: httpx.Client, chart: dict[str, Any]) -> None:
    tag = {"system": "urn:kit:operations", "code": chart["id"]}
    sent = {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": {"tag": [tag]}}]}
    place = f"Patient/{chart['id']}"
    assert live.post(f"{place}/$meta-add", json=sent).headers["etag"] == 'W/"2"'
    assert tag in live.get("Patient/$meta").json()["parameter"][0]["valueMeta"]["tag"]
    assert live.get(f"Patient?_tag={chart['id']}").json()["total"] == 1
    assert live.post(f"{place}/$meta-delete", json=sent).headers["etag"] == 'W/"3"'
    assert "tag" not in live.get(f"{place}/$meta").json()["parameter"][0]["valueMeta"]


def test_faults(live: httpx.Client) -> None:
    cases = {
        "Patient/none/$everything": 404,
        "Patient/$everything": 400,
        "Patient/none/$meta": 404,
        "Starship/$meta": 404,
    }
    assert {path: live.get(path).status_code for path in cases} == cases
    assert live.post("Patient/$match", json={"resourceType": "Parameters"}).status_code == 400
