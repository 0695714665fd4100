"""The searches of US Core 6.1.0's clinical profiles on the live server, judged by the client's own rules."""

from __future__ import annotations

import httpx
import pytest

from tests.conformance.judgement import Resource, found, matches
from tests.conformance.test_us_core import (
    COMPARATORS,
    TOKENS,
    Asked,
    everything,
    moved,
    searched,
    value_for,
    with_system,
)
from tests.conformance.us_core_chart import PATIENTS, PROVIDERS, US_CORE
from tests.conformance.us_core_clinical import CLINICAL, ONE, OTHER, TRACE
from tests.conformance.us_core_groups import Group

pytestmark = pytest.mark.blackbox

SEARCHES = [(group, search) for group in CLINICAL for search in group.searches.split()]
IDS = [f"{group.profile}-{search}" for group, search in SEARCHES]
DATED = [
    (group, search)
    for group, search in SEARCHES
    if any(group.params[name][0] in ("date", "Period") for name in search.split("+"))
]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def clinical(live: httpx.Client) -> httpx.Client:
    entries = [
        {"resource": each, "request": {"method": "PUT", "url": f"{each['resourceType']}/{each['id']}"}}
        for each in [*PATIENTS, *PROVIDERS, *ONE, *OTHER, TRACE]
    ]
    answer = live.post("", json={"resourceType": "Bundle", "type": "transaction", "entry": entries})
    assert answer.status_code == 200, answer.text
    return live


def of_profile(chart: list[Resource], group: Group) -> Resource:
    (resource,) = [each for each in chart if each.get("meta", {}).get("profile") == [f"{US_CORE}/{group.profile}"]]
    return resource


def asked_of(group: Group, search: str, resource: Resource) -> Asked:
    kinds = {name: group.params[name] for name in search.split("+")}
    return {name: value_for(kind, next(found(resource, path))) for name, (kind, path) in kinds.items()}


def assert_found(live: httpx.Client, group: Group, asked: Asked) -> list[str]:
    """What comes is what was asked for, by the client's own judgement."""
    came = searched(live, group.type, asked)
    for each in came:
        for name, wanted in asked.items():
            assert matches(*group.params[name], each, wanted), (each["id"], name, wanted)
    return [each["id"] for each in came]


@pytest.mark.parametrize(("group", "search"), SEARCHES, ids=IDS)
def test_search(clinical: httpx.Client, group: Group, search: str) -> None:
    for chart, other in ((ONE, OTHER), (OTHER, ONE)):
        resource = of_profile(chart, group)
        asked = asked_of(group, search, resource)
        came = assert_found(clinical, group, asked)
        assert resource["id"] in came
        if "patient" in asked or "_id" in asked:
            assert of_profile(other, group)["id"] not in came
        posted = clinical.post(f"{group.type}/_search", data=asked, headers={**FORM, "Prefer": "handling=strict"})
        assert [entry["resource"]["id"] for entry in posted.json()["entry"]] == came


@pytest.mark.parametrize(("group", "search"), SEARCHES, ids=IDS)
def test_search_with_the_systems_of_tokens(clinical: httpx.Client, group: Group, search: str) -> None:
    resource = of_profile(ONE, group)
    asked = asked_of(group, search, resource)
    for name in asked:
        kind, path = group.params[name]
        if kind in TOKENS:
            asked[name] = with_system(kind, next(found(resource, path))) or asked[name]
    assert resource["id"] in assert_found(clinical, group, asked)
    for name, text in asked.items():
        if "|" in text:
            assert searched(clinical, group.type, {**asked, name: f"urn:elsewhere|{text.partition('|')[2]}"}) == []


@pytest.mark.parametrize(("group", "search"), DATED, ids=[f"{g.profile}-{s}" for g, s in DATED])
@pytest.mark.parametrize("comparator", COMPARATORS)
def test_comparators_of_dates(clinical: httpx.Client, group: Group, search: str, comparator: str) -> None:
    resource = of_profile(ONE, group)
    asked = asked_of(group, search, resource)
    (name,) = [name for name in asked if group.params[name][0] in ("date", "Period")]
    value = next(found(resource, group.params[name][1]))
    first = value["start"] if isinstance(value, dict) else value
    day = moved(f"{first[:10]}T00:00:00+00:00", days=-2 if comparator[0] == "g" else 2)
    assert resource["id"] in assert_found(clinical, group, {**asked, name: f"{comparator}{day}"})
    nowhere = "2099-01-01" if comparator[0] == "g" else "1999-01-01"
    assert searched(clinical, group.type, {**asked, name: f"{comparator}{nowhere}"}) == []


@pytest.mark.parametrize("group", CLINICAL, ids=lambda group: group.profile)
def test_several_statuses_at_once(clinical: httpx.Client, group: Group) -> None:
    """multipleOr: SHALL for the status of most types."""
    name = "lifecycle-status" if group.type == "Goal" else "status"
    if name not in group.params:
        assert group.type in ("AllergyIntolerance", "Condition", "Specimen")
        return
    both = {next(found(of_profile(chart, group), group.params[name][1])) for chart in (ONE, OTHER)}
    for chart in (ONE, OTHER):
        resource = of_profile(chart, group)
        patient = value_for("Reference", next(found(resource, group.params["patient"][1])))
        assert resource["id"] in assert_found(clinical, group, {"patient": patient, name: ",".join(sorted(both))})


@pytest.mark.parametrize("group", CLINICAL, ids=lambda group: group.profile)
def test_provenance_comes_along(clinical: httpx.Client, group: Group) -> None:
    came = everything(clinical, group.type, {"patient": "uscore-adela", "_revinclude": "Provenance:target"})
    assert TRACE["id"] in [each["id"] for each in came]


@pytest.mark.parametrize(("group", "include"), [(group, name) for group in CLINICAL for name in group.includes])
def test_includes(clinical: httpx.Client, group: Group, include: str) -> None:
    came = everything(clinical, group.type, {"patient": "uscore-adela", "_include": include})
    assert ("Medication" if "medication" in include else "Practitioner") in {each["resourceType"] for each in came}


@pytest.mark.parametrize("group", CLINICAL, ids=lambda group: group.profile)
def test_what_is_read_is_valid(clinical: httpx.Client, group: Group) -> None:
    written = of_profile(ONE, group)
    came = clinical.get(f"{group.type}/{written['id']}").json()
    assert {name: came[name] for name in written if name != "meta"} == {k: v for k, v in written.items() if k != "meta"}
    answer = clinical.post(f"{group.type}/$validate", params={"profile": f"{US_CORE}/{group.profile}|6.1.0"}, json=came)
    assert [each for each in answer.json()["issue"] if each["severity"] in ("error", "fatal")] == []
