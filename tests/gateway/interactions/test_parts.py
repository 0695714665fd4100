"""What a client may ask besides the resource itself: parts of it, counts, formats, how strictly it is taken."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from gateway.definitions.contract import Definitions
from gateway.interactions.subset import subset_of_one
from tests.gateway.conftest import NORTH, Fhir, Template, bundle, entry, issue, patient, standing

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
VALUE_SET = {
    "resourceType": "ValueSet", "id": "colours", "status": "active",
    "compose": {"include": [{"system": "urn:colours", "concept": [{"code": "red"}]}]},
}  # fmt: skip
ONE = patient("Example", id="one", gender="male", photo=[{"title": "p"}])


def subsetted(resource: dict[str, Any]) -> bool:
    return any(tag["code"] == "SUBSETTED" for tag in resource["meta"].get("tag", ()))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def one(
    template: Template, definitions: Definitions, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Fhir]:
    """For tests that only read."""
    async with standing(template, definitions, tmp_path_factory.mktemp("one"), ONE) as client:
        yield client


@pytest.mark.parametrize("path", ["Patient/one", "Patient/one/_history/1"])
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("_summary=true", {"name", "gender"}),
        ("_summary=text", set()),
        ("_summary=data", {"name", "gender", "photo"}),
        ("_elements=gender", {"gender"}),
        ("_elements=Patient.photo,name", {"name", "photo"}),
    ],
)
async def test_parts_of_a_read(one: Fhir, path: str, query: str, names: set[str]) -> None:
    resource = (await one.ask("GET", f"{path}?{query}")).json()
    assert resource.keys() - {"resourceType", "id", "meta"} == names
    assert subsetted(resource)


async def test_the_whole_is_not_marked(one: Fhir) -> None:
    whole = (await one.ask("GET", "Patient/one")).json()
    assert (await one.ask("GET", "Patient/one?_summary=false")).json() == whole
    assert not subsetted(whole)


@pytest.mark.parametrize("path", ["Patient/one", "Patient/one/_history/1", "metadata"])
@pytest.mark.parametrize("query", ["_summary=some", "_summary=count", "_elements=", "_elements=a%20b"])
async def test_parts_that_mean_nothing(one: Fhir, path: str, query: str) -> None:
    answer = await one.ask("GET", f"{path}?{query}")
    assert (answer.status_code, issue(answer)["expression"]) == (400, [query.partition("=")[0]])


def test_nothing_asked_is_the_whole() -> None:
    assert subset_of_one([]).is_whole


async def test_a_summary_of_the_capabilities(client: Fhir) -> None:
    statement = (await client.ask("GET", "metadata?_summary=true")).json()
    assert statement["resourceType"] == "CapabilityStatement"
    assert subsetted(statement)


@pytest.mark.parametrize("type", ["batch", "transaction"])
async def test_parts_in_bundles(one: Fhir, type: str) -> None:
    asked = [entry("GET", "Patient/one?_elements=gender"), entry("GET", "Patient/one/_history/1?_summary=text")]
    answer = (await one.ask("POST", "", bundle(*asked, type=type))).json()
    part, text = (each["resource"] for each in answer["entry"])
    assert (part["gender"], "name" in part, "name" in text) == ("male", False, False)


@pytest.mark.parametrize("count", ["1001", "99999999999", "0" * 30 + "5000"])
async def test_a_page_has_its_limit_and_says_so(one: Fhir, count: str) -> None:
    answer = (await one.ask("GET", f"Patient?_count={count}")).json()
    assert answer["link"] == [{"relation": "self", "url": f"{NORTH}/Patient?_count=1000"}]
    match, warning = answer["entry"]
    assert match["resource"]["id"] == "one"
    assert warning["search"] == {"mode": "outcome"}
    assert (issue(warning["resource"])["severity"], issue(warning["resource"])["expression"]) == ("warning", ["_count"])


async def test_a_page_at_its_limit(one: Fhir) -> None:
    assert len((await one.ask("GET", "Patient?_count=1000")).json()["entry"]) == 1


async def test_how_strictly(one: Fhir) -> None:
    """RFC 7240 lets a server ignore it; a client that misspells `strict` would believe what is not so."""
    answer = await one.ask("GET", "Patient?gender=male", headers={"Prefer": "handling=strickt"})
    assert (answer.status_code, issue(answer)["code"]) == (400, "invalid")


async def test_a_form_names_the_format(one: Fhir) -> None:
    answer = await one.ask("POST", "Patient/_search", b"gender=male&_format=xml&_pretty=true", headers=FORM)
    assert answer.headers["content-type"].startswith("application/fhir+xml")
    assert answer.text.startswith("<?xml")
    refused = await one.ask("POST", "Patient/_search", b"_format=ttl", headers=FORM)
    assert (refused.status_code, issue(refused)["expression"]) == (406, ["_format"])


@pytest.mark.parametrize("place", ["ValueSet/colours", "{base}/ValueSet/colours"])
async def test_value_sets_by_their_place(client: Fhir, place: str) -> None:
    assert (await client.ask("PUT", "ValueSet/colours", VALUE_SET)).status_code == 201
    for code in ("red", "blue"):
        coded = {"status": "final", "code": {"coding": [{"system": "urn:colours", "code": code}]}}
        await client.ask("PUT", f"Observation/{code}", {"resourceType": "Observation", "id": code, **coded})
    search = f"Observation?code:in={place.format(base=client.base)}"
    assert [each["resource"]["id"] for each in (await client.ask("GET", search)).json()["entry"]] == ["red"]
    within = await client.ask("POST", "", bundle(entry("GET", search), type="batch"))
    assert within.json()["entry"][0]["resource"]["total"] == 1
