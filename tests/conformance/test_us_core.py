"""The public US Core 6.1.0 server tests, as a client makes them: it searches, and judges by its own rules what came."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, cast
from urllib.parse import quote

import httpx
import pytest
from fhir.resources.R4B import get_fhir_model_class

from tests.conformance.judgement import Resource, found, matches
from tests.conformance.us_core_chart import ABSENT, EVERYTHING, PROVENANCE, US_CORE
from tests.conformance.us_core_groups import BY_TYPE, GROUPS, TARGETS, Group

pytestmark = pytest.mark.blackbox

PAGES = 20
SEARCHES = [(group, search) for group in GROUPS for search in group.searches.split()]
OF_SEARCH = [f"{group.type}-{search}" for group, search in SEARCHES]
OF_GROUP = [group.type for group in GROUPS]
TOKENS = ("Identifier", "Coding", "CodeableConcept")
TOKEN_SEARCHES = [
    (group, search) for group, search in SEARCHES if any(group.params[p][0] in TOKENS for p in search.split("+"))
]
WITH_PATIENT = [group for group in GROUPS if "patient" in group.params]
COMPARATORS = ("gt", "ge", "lt", "le")
Asked = dict[str, str]


@pytest.fixture(scope="module")
def chart(live: httpx.Client) -> httpx.Client:
    """A server that holds the patients of the test, as a CRM would have written them."""
    entries = [
        {"resource": each, "request": {"method": "PUT", "url": f"{each['resourceType']}/{each['id']}"}}
        for each in EVERYTHING
    ]
    answer = live.post("", json={"resourceType": "Bundle", "type": "transaction", "entry": entries})
    assert answer.status_code == 200, answer.text
    return live


def held(group: Group) -> list[Resource]:
    """Of the type, what the test wrote, its most telling one first."""
    return [each for each in EVERYTHING if each["resourceType"] == group.type]


def searched(live: httpx.Client, type: str, asked: Asked) -> list[Resource]:
    return [each for each in everything(live, type, asked) if each["resourceType"] == type]


def everything(live: httpx.Client, type: str, asked: Asked) -> list[Resource]:
    """All pages' resources, included ones too."""
    answers = islice(pages(live, live.get(type, params=asked)), PAGES)
    return [entry["resource"] for body in answers for entry in body.get("entry", ())]


def pages(live: httpx.Client, answer: httpx.Response) -> Iterator[dict[str, Any]]:
    while True:
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("application/fhir+json")
        body = answer.json()
        assert (body["resourceType"], body["type"]) == ("Bundle", "searchset")
        yield body
        following = [link["url"] for link in body["link"] if link["relation"] == "next"]
        if not following:
            return
        answer = live.get(following[0])


def value_for(kind: str, value: Any) -> str:
    """What a client would ask for, having seen the value."""
    if kind == "HumanName":
        value = value.get("family") or value["given"][0]
    elif kind == "Address":
        value = value["city"]
    elif kind == "Identifier":
        value = value["value"]
    elif kind in ("Coding", "CodeableConcept"):
        value = (value.get("coding") or [value])[0]["code"]
    elif kind == "Reference":
        value = value["reference"]
    elif kind == "Period":
        value = "gt" + moved(value["start"], days=-1)
    elif kind == "date":
        value = value[:10]
    return cast(str, value).replace(",", "\\,")


def with_system(kind: str, value: Any) -> str | None:
    """system|code, where there is a system."""
    coding = (value.get("coding") or [value])[0] if kind in TOKENS else {}
    code = coding.get("code") or coding.get("value")
    return f"{coding['system']}|{code}" if "system" in coding else None


def moved(moment: str, days: int) -> str:
    return (datetime.fromisoformat(moment.replace("Z", "+00:00")) + timedelta(days=days)).isoformat()


def asked_by(group: Group, search: str) -> tuple[Asked, Resource]:
    """The values of the first resource that has them all, and it."""
    for resource in held(group):
        values = {name: next(found(resource, group.params[name][1]), None) for name in search.split("+")}
        if all(values.values()):
            return {name: value_for(group.params[name][0], value) for name, value in values.items()}, resource
    raise AssertionError(f"the data have nothing to ask {group.type} by {search}")


def assert_found(live: httpx.Client, group: Group, asked: Asked, expected: Resource) -> list[Resource]:
    """It comes back, and all that comes with it is what was asked for."""
    came = searched(live, group.type, asked)
    assert expected["id"] in [each["id"] for each in came]
    for each in came:
        for name, wanted in asked.items():
            assert matches(*group.params[name], each, wanted), (each["id"], name, wanted)
    return came


@pytest.mark.parametrize(("group", "search"), SEARCHES, ids=OF_SEARCH)
def test_search(chart: httpx.Client, group: Group, search: str) -> None:
    asked, expected = asked_by(group, search)
    came = assert_found(chart, group, asked, expected)
    posted = chart.post(
        f"{group.type}/_search", data=asked, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert sum(1 for body in pages(chart, posted) for _ in body.get("entry", ())) == len(came)


@pytest.mark.parametrize(("group", "search"), SEARCHES, ids=OF_SEARCH)
def test_search_is_strict_about_none_of_it(chart: httpx.Client, group: Group, search: str) -> None:
    answer = chart.get(group.type, params=asked_by(group, search)[0], headers={"Prefer": "handling=strict"})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(("group", "search"), TOKEN_SEARCHES, ids=[f"{g.type}-{s}" for g, s in TOKEN_SEARCHES])
def test_search_with_the_system_of_a_token(chart: httpx.Client, group: Group, search: str) -> None:
    asked, expected = asked_by(group, search)
    for name in asked:
        kind, path = group.params[name]
        asked[name] = with_system(kind, next(found(expected, path))) or asked[name]
    assert "|" in "".join(asked.values())
    assert_found(chart, group, asked, expected)


@pytest.mark.parametrize("group", WITH_PATIENT, ids=[group.type for group in WITH_PATIENT])
def test_search_by_every_form_of_a_reference(chart: httpx.Client, group: Group) -> None:
    id = "uscore-adela"
    forms = [id, f"Patient/{id}", f"{str(chart.base_url).rstrip('/')}/Patient/{id}"]
    counts = [len(assert_found(chart, group, {"patient": form}, held(group)[0])) for form in forms]
    assert counts[0] > 0
    assert len(set(counts)) == 1


@pytest.mark.parametrize(("type", "name"), [("Patient", "birthdate"), ("Patient", "death-date")])
def test_search_by_a_plain_date_and_from_the_day_before(chart: httpx.Client, type: str, name: str) -> None:
    group, asked, expected = BY_TYPE[type], *asked_by(BY_TYPE[type], f"{name}+family")
    before = "gt" + moved(f"{asked[name]}T00:00:00+00:00", days=-1)
    assert_found(chart, group, {**asked, name: before}, expected)


@pytest.mark.parametrize("comparator", COMPARATORS)
def test_comparators_of_the_date_of_an_encounter(chart: httpx.Client, comparator: str) -> None:
    """The first moment, a day off to the side where it has to be found."""
    group, (asked, expected) = BY_TYPE["Encounter"], asked_by(BY_TYPE["Encounter"], "date+patient")
    wanted = comparator + moved(expected["period"]["start"], days=-1 if comparator[0] == "g" else 1)
    assert_found(chart, group, {**asked, "date": wanted}, expected)
    nowhere = comparator + ("2099-01-01T00:00:00+00:00" if comparator[0] == "g" else "1999-01-01T00:00:00+00:00")
    assert searched(chart, "Encounter", {**asked, "date": nowhere}) == []


def test_any_of_several_values(chart: httpx.Client) -> None:
    every = "planned,arrived,triaged,in-progress,onleave,finished,cancelled,entered-in-error,unknown"
    came = searched(chart, "Encounter", {"patient": "uscore-adela", "status": every})
    assert {each["status"] for each in came} == {"finished", "cancelled"}


@pytest.mark.parametrize("group", [group for group in GROUPS if group.has_provenance], ids=lambda group: group.type)
def test_provenance_comes_along(chart: httpx.Client, group: Group) -> None:
    asked, _ = asked_by(group, group.searches.split()[0])
    came = everything(chart, group.type, {**asked, "_revinclude": "Provenance:target"})
    (provenance,) = [each for each in came if each["id"] == PROVENANCE["id"]]  # besides those that the server writes
    targets = {target["reference"] for target in provenance["target"]}
    assert targets & {f"{each['resourceType']}/{each['id']}" for each in came}


@pytest.mark.parametrize(("group", "include"), [(group, name) for group in GROUPS for name in group.includes])
def test_includes(chart: httpx.Client, group: Group, include: str) -> None:
    asked, expected = asked_by(group, group.searches.split()[0])
    came = everything(chart, group.type, {**asked, "_include": include})
    wanted = {each["reference"] for each in found(expected, include.partition(":")[2])}
    assert wanted
    assert wanted <= {f"{each['resourceType']}/{each['id']}" for each in came}


@pytest.mark.parametrize("chained", ["practitioner.identifier=1750385936", "practitioner.name=dandelion"])
def test_chains_to_the_practitioner_of_a_role(chart: httpx.Client, chained: str) -> None:
    name, _, value = chained.partition("=")
    assert [each["id"] for each in searched(chart, "PractitionerRole", {name: value})] == ["uscore-carla-at-clinic"]


def test_where_a_practitioner_without_address_is_found(chart: httpx.Client) -> None:
    for practitioner in held(BY_TYPE["Practitioner"]):
        roles = searched(chart, "PractitionerRole", {"practitioner": practitioner["id"]})
        assert "address" in practitioner or any(
            f"{US_CORE}/us-core-practitionerrole" in each["meta"]["profile"] for each in roles
        )


@pytest.mark.parametrize("group", GROUPS, ids=OF_GROUP)
def test_read_vread_and_history(chart: httpx.Client, group: Group) -> None:
    for written in held(group):
        path = f"{group.type}/{written['id']}"
        answer = chart.get(path)
        assert (answer.status_code, answer.json()["resourceType"], answer.json()["id"]) == (
            200,
            group.type,
            written["id"],
        )
        version = answer.json()["meta"]["versionId"]
        assert answer.headers["etag"] == f'W/"{version}"'
        assert chart.get(f"{path}/_history/{version}").json() == answer.json()
        history = chart.get(f"{path}/_history").json()
        assert history["type"] == "history"
        assert history["entry"][0]["resource"] == answer.json()


@pytest.mark.parametrize("group", GROUPS, ids=OF_GROUP)
def test_what_is_read_is_valid_in_two_opinions(chart: httpx.Client, group: Group) -> None:
    for written in held(group):
        came = chart.get(f"{group.type}/{written['id']}")
        assert faults(chart, came.content, group.type, group.profile) == []
        get_fhir_model_class(group.type).model_validate_json(came.content)


def faults(live: httpx.Client, resource: bytes, type: str, profile: str) -> list[str]:
    answer = live.post(f"{type}/$validate", params={"profile": f"{US_CORE}/{profile}|6.1.0"}, content=resource)
    assert answer.status_code == 200, answer.text
    return [each["diagnostics"] for each in answer.json()["issue"] if each["severity"] in ("error", "fatal")]


@pytest.mark.parametrize("group", GROUPS, ids=OF_GROUP)
def test_what_breaks_the_profile_is_told(chart: httpx.Client, group: Group) -> None:
    """The other half of the opinion: a validator that lets everything pass would pass the test above."""
    broken = {"resourceType": group.type, "text": {"status": "none"}}
    answer = chart.post(f"{group.type}/$validate", params={"profile": f"{US_CORE}/{group.profile}"}, json=broken)
    assert any(each["severity"] == "error" for each in answer.json()["issue"])


@pytest.mark.parametrize("group", GROUPS, ids=OF_GROUP)
def test_must_support(chart: httpx.Client, group: Group) -> None:
    came = [chart.get(f"{group.type}/{each['id']}").json() for each in held(group)]
    missing = [path for path in group.must_support.split() if not any(supports(group, each, path) for each in came)]
    missing += [name for name in group.slices if not any(supports(group, each, name) for each in came)]
    extended = {each["url"] for resource in came for each in found(resource, "extension")}
    missing += [name for name in group.extensions if f"{US_CORE}/{name}" not in extended]
    assert missing == []


def supports(group: Group, resource: Resource, path: str) -> bool:
    """`class:group.value` is the value of what the slice takes in of class."""
    name = next((name for name in group.slices if path == name or path.startswith(f"{name}.")), None)
    if name is None:
        return any(True for _ in found(resource, path))
    inside, system, code = group.slices[name]
    taken = [each for each in found(resource, name.partition(":")[0]) if _is_of(each, inside, system, code)]
    return any(True for _ in found(taken, path.removeprefix(name).removeprefix(".")))


def _is_of(value: Resource, inside: str, system: str, code: str) -> bool:
    return any(each.get("system") == system and code in ("", each.get("code")) for each in found(value, inside))


RESOLVED = [(group, path) for group in GROUPS for path in group.references]


@pytest.mark.parametrize(("group", "path"), RESOLVED, ids=[f"{group.type}-{path}" for group, path in RESOLVED])
def test_references_resolve(chart: httpx.Client, group: Group, path: str) -> None:
    references = {each["reference"] for resource in held(group) for each in found(resource, path)}
    for type in group.references[path].split():
        reference = next(each for each in references if each.startswith(f"{type}/"))
        answer = chart.get(reference)
        assert (answer.status_code, answer.json()["resourceType"]) == (200, type)
        assert faults(chart, answer.content, type, TARGETS.get(type, "us-core-patient")) == []


def test_what_is_absent_says_why(chart: httpx.Client) -> None:
    came = [chart.get(f"{each['resourceType']}/{each['id']}").text for each in EVERYTHING]
    assert any(f'"url":"{ABSENT}"' in text for text in came)
    assert any('/data-absent-reason","code":"unknown"' in text for text in came)


# --- capabilities ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def statement(chart: httpx.Client) -> dict[str, Any]:
    """Asked without a token."""
    answer = httpx.get(f"{chart.base_url}metadata")
    assert answer.status_code == 200
    get_fhir_model_class("CapabilityStatement").model_validate_json(answer.content)
    return cast("dict[str, Any]", answer.json())


def test_capabilities(statement: dict[str, Any]) -> None:
    assert statement["fhirVersion"] == "4.0.1"
    assert {"json", "application/fhir+json"} & set(statement["format"])
    supported = {profile for each in statement["rest"][0]["resource"] for profile in each.get("supportedProfile", ())}
    assert {f"{US_CORE}/{group.profile}" for group in GROUPS} <= {profile.partition("|")[0] for profile in supported}


@pytest.mark.parametrize("group", GROUPS, ids=OF_GROUP)
def test_capabilities_of_a_type(statement: dict[str, Any], group: Group) -> None:
    (declared,) = [each for each in statement["rest"][0]["resource"] if each["type"] == group.type]
    assert {"read", "vread", "search-type", "history-instance"} <= {each["code"] for each in declared["interaction"]}
    searched = {each["name"] for each in declared["searchParam"]} | {
        each["name"] for each in statement["rest"][0]["searchParam"]
    }
    assert set(re.split(r"[+\s]+", group.searches)) <= searched
    assert set(group.includes) <= set(declared["searchInclude"])
    assert not group.has_provenance or "Provenance:target" in declared["searchRevInclude"]


def test_the_statement_of_us_core_is_claimed_with_all_of_it_or_not_at_all(statement: dict[str, Any]) -> None:
    """`instantiates` is optional; what it promises includes DocumentReference/$docref."""
    claimed = "http://hl7.org/fhir/us/core/CapabilityStatement/us-core-server" in statement.get("instantiates", ())
    documents = next(each for each in statement["rest"][0]["resource"] if each["type"] == "DocumentReference")
    assert not claimed or "docref" in {each["name"] for each in documents.get("operation", ())}


def test_a_reference_to_elsewhere_is_found_by_its_address_only(chart: httpx.Client) -> None:
    elsewhere = "https://other.example/fhir/Patient/uscore-adela"
    assert searched(chart, "Encounter", {"patient": quote(elsewhere, safe=":/")}) == []
