"""FHIR search: search.html. What the index finds is tested with the store; here, what HTTP makes of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio

from gateway.definitions.contract import Definitions
from tests.gateway.conftest import (
    EVERYTHING,
    NORTH,
    SOUTH,
    Fhir,
    Template,
    bundle,
    entry,
    issue,
    issued,
    narrowed,
    patient,
    standing,
)

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PEOPLE = [
    patient("Müller", id="a", gender="female", birthDate="1980-05-01", active=True),
    patient(
        "Mueller", id="b", gender="male", birthDate="1990-05-01", managingOrganization={"reference": "Organization/o"}
    ),
    patient("Adams", id="c", gender="male", birthDate="1985", generalPractitioner=[{"reference": "Practitioner/d"}]),
]
OTHERS: list[dict[str, Any]] = [
    {"resourceType": "Organization", "id": "o", "name": "Clinic"},
    {"resourceType": "Practitioner", "id": "d", "name": [{"family": "House"}]},
    {
        "resourceType": "Observation",
        "id": "w",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
        "subject": {"reference": "Patient/a"},
        "valueQuantity": {"value": 80.5, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"},
    },
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def people(
    template: Template, definitions: Definitions, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Fhir]:
    """For tests that only read."""
    async with standing(template, definitions, tmp_path_factory.mktemp("people"), *PEOPLE, *OTHERS) as client:
        yield client


async def found(client: Fhir, search: str) -> list[str]:
    answer = await client.ask("GET", search)
    assert answer.status_code == 200, answer.text
    entries = answer.json().get("entry", [])
    return [entry["resource"]["id"] for entry in entries if entry["search"]["mode"] == "match"]


@pytest.mark.parametrize(
    ("search", "ids"),
    [
        ("Patient?family=muller", "a"),
        ("Patient?family:exact=Mueller", "b"),
        ("Patient?family:contains=dam", "c"),
        ("Patient?gender=male", "bc"),
        ("Patient?gender=http://hl7.org/fhir/administrative-gender|male", "bc"),
        ("Patient?gender=male,female", "abc"),
        ("Patient?gender=male&family=adams", "c"),
        ("Patient?gender=male&gender=female", ""),
        ("Patient?gender:not=male", "a"),
        ("Patient?active=true", "a"),
        ("Patient?active:missing=true", "bc"),
        ("Patient?birthdate=ge1985", "bc"),
        ("Patient?birthdate=1985", "c"),
        ("Patient?birthdate=lt1985-01-01", "a"),
        ("Patient?organization=Organization/o", "b"),
        ("Patient?organization=o", "b"),
        ("Patient?organization:Organization=o", "b"),
        (f"Patient?organization={NORTH}/Organization/o", "b"),
        ("Patient?_id=a,c", "ac"),
        ("Patient?_lastUpdated=gt2020", "abc"),
        ("Patient?_lastUpdated=lt2020", ""),
        ("Observation?value-quantity=80.5|http://unitsofmeasure.org|kg", "w"),
        ("Observation?value-quantity=gt80", "w"),
        ("Observation?value-quantity=lt80", ""),
        ("Observation?code=http://loinc.org|29463-7", "w"),
        ("Observation?patient=a", "w"),
        ("Patient?name=%25", ""),
        ("Patient?name=' OR 1=1 --", ""),
        ("Patient/?gender=female", "a"),
    ],
)
async def test_finds(people: Fhir, search: str, ids: str) -> None:
    assert sorted(await found(people, search)) == sorted(ids)
    path, _, form = search.partition("?")
    posted = await people.ask("POST", f"{path.strip('/')}/_search", form.encode(), headers=FORM)
    assert posted.status_code == 200
    assert sorted(entry["resource"]["id"] for entry in posted.json().get("entry", [])) == sorted(ids)


@pytest.mark.parametrize("sort", ["birthdate", "-birthdate", "gender,-birthdate"])
async def test_sorts(people: Fhir, sort: str) -> None:
    expected = {"birthdate": "acb", "-birthdate": "bca", "gender,-birthdate": "abc"}
    assert "".join(await found(people, f"Patient?_sort={sort}")) == expected[sort]


async def test_the_shape_of_a_searchset(people: Fhir) -> None:
    answer = await people.ask("GET", "Patient?family=adams")
    assert answer.headers["content-type"] == "application/fhir+json;charset=utf-8"
    body = answer.json()
    assert (body["resourceType"], body["type"], body["total"]) == ("Bundle", "searchset", 1)
    assert body["link"] == [{"relation": "self", "url": f"{NORTH}/Patient?family=adams"}]
    (only,) = body["entry"]
    assert (only["fullUrl"], only["search"]) == (f"{NORTH}/Patient/c", {"mode": "match"})
    assert only["resource"] == (await people.ask("GET", "Patient/c")).json()


async def test_an_empty_searchset_has_no_entry(people: Fhir) -> None:
    body = (await people.ask("GET", "Patient?family=nobody")).json()
    assert (body["total"], "entry" in body) == (0, False)


async def test_includes(people: Fhir) -> None:
    answer = await people.ask(
        "GET", "Patient?gender=male&_include=Patient:organization&_include=Patient:general-practitioner"
    )
    modes = [(entry["search"]["mode"], entry["resource"]["id"]) for entry in answer.json()["entry"]]
    assert sorted(modes) == [("include", "d"), ("include", "o"), ("match", "b"), ("match", "c")]
    assert answer.json()["total"] == 2


async def test_includes_only_what_the_token_may_read(people: Fhir, template: Template) -> None:
    limited = await narrowed(people, template, "system/Patient.s system/Practitioner.rs system/Organization.s")
    search = "Patient?gender=male&_include=Patient:organization&_include=Patient:general-practitioner"
    ids = [entry["resource"]["id"] for entry in (await limited.ask("GET", search)).json()["entry"]]
    assert sorted(ids) == ["b", "c", "d"]
    answer = await limited.ask("GET", "Patient?_include=Patient:organization:Organization")
    assert (answer.status_code, issue(answer)["expression"]) == (403, ["_include"])


async def test_the_count_alone(people: Fhir) -> None:
    body = (await people.ask("GET", "Patient?gender=male&_summary=count")).json()
    assert (body["total"], "entry" in body) == (2, False)


class TestPaging:
    """_count and the links to the next page."""

    async def pages(
        self, client: Fhir, search: str, between: Callable[[], Awaitable[object]] | None = None
    ) -> list[Any]:
        pages, url = [], f"{client.base}/{search}"
        while url:
            body = (await client.http.get(url, headers={"Authorization": f"Bearer {client.token}"})).json()
            pages.append([entry["resource"]["id"] for entry in body.get("entry", [])])
            links = {link["relation"]: link["url"] for link in body["link"]}
            url = links.get("next", "")
            assert url == "" or url.startswith(f"{NORTH}/Patient?")
            if between is not None:
                await between()
        return pages

    @pytest.mark.parametrize("sort", ["", "&_sort=family", "&_sort=-_lastUpdated", "&_sort=birthdate"])
    async def test_each_is_seen_once_whatever_is_inserted(self, client: Fhir, sort: str) -> None:
        sent = [patient(f"Name{n % 4}", id=f"p{n}", birthDate=f"19{80 + n % 3}") for n in range(25)]
        await client.transaction(*(entry("PUT", f"Patient/{p['id']}", p) for p in sent))
        number = iter(range(1000))

        async def insert() -> None:
            await client.create(patient(f"Name{next(number) % 4}", birthDate="1981"))

        pages = await self.pages(client, f"Patient?_count=7{sort}", insert)
        seen = [id for page in pages for id in page]
        assert len(seen) == len(set(seen))
        assert set(seen) >= {p["id"] for p in sent}
        assert all(len(page) <= 7 for page in pages)

    async def test_a_page_link_is_for_its_caller_and_search_only(self, people: Fhir, template: Template) -> None:
        south = Fhir(people.http, SOUTH, await issued(people.http, template, EVERYTHING, "south"))
        body = (await people.ask("GET", "Patient?_count=1")).json()
        url = next(link["url"] for link in body["link"] if link["relation"] == "next")
        query = url.partition("?")[2]
        assert (await people.ask("GET", f"Patient?{query}")).status_code == 200
        for client, path in (
            (south, f"Patient?{query}"),
            (people, f"Patient?gender=male&{query}"),
            (people, f"Patient?{query}x"),
        ):
            answer = await client.ask("GET", path)
            assert (answer.status_code, issue(answer)["expression"]) == (400, ["_page"])

    async def test_a_page_link_grants_nothing(self, people: Fhir, template: Template) -> None:
        body = (await people.ask("GET", "Patient?_count=1")).json()
        query = body["link"][1]["url"].partition("?")[2]
        reader = await narrowed(people, template, "system/Patient.r")
        assert (await reader.ask("GET", f"Patient?{query}")).status_code == 403

    async def test_links_hide_what_they_continue_from(self, people: Fhir) -> None:
        body = (await people.ask("GET", "Patient?_sort=family&_count=1")).json()
        assert "Adams" not in body["link"][1]["url"]


@pytest.mark.parametrize(
    ("search", "expression"),
    [
        ("Patient?birthdate=yesterday", "birthdate"),
        ("Patient?birthdate=2024-13", "birthdate"),
        ("Patient?birthdate=99999-01-01", "birthdate"),
        ("Patient?gender=", "gender"),
        ("Patient?family:fuzzy=x", "family"),
        ("Patient?_id=a b", "_id"),
        ("Patient?_count=-1", "_count"),
        ("Patient?_count=1e3", "_count"),
        ("Patient?_count=1&_count=2", "_count"),
        ("Patient?_sort=shoe", "_sort"),
        ("Patient?_sort=family;DROP TABLE resource", "_sort"),
        ("Patient?_sort=", "_sort"),
        ("Patient?_total=maybe", "_total"),
        ("Patient?_summary=yes", "_summary"),
        ("Patient?_include=Observation:subject", "_include"),
        ("Patient?_filter=x", "_filter"),
        ("Patient?_text=x", "_text"),
        ("Patient?_content=x", "_content"),
        ("Patient?_list=$current-allergies", "_list"),
        ("Patient?organization.address-city:fuzzy=x", "organization.address-city:fuzzy"),
        ("Patient?_elements=name,", "_elements"),
        ("Patient?_page=AAAA", "_page"),
        ("Patient?_page=%ff", "_page"),
        ("Patient?name=a%00b", "name"),
        ("Observation?value-quantity=1e999999999", "value-quantity"),
        ("Observation?subject=../Patient/1", "subject"),
    ],
)
async def test_refuses(people: Fhir, search: str, expression: str) -> None:
    answer = await people.ask("GET", search)
    assert answer.status_code == 400
    assert issue(answer)["expression"] == [expression]


@pytest.mark.parametrize("search", ["Patient?" + "&".join(["name=x"] * 65), "Patient?_id=" + ",".join(["x"] * 600)])
async def test_too_much_at_once(people: Fhir, search: str) -> None:
    answer = await people.ask("GET", search)
    assert (answer.status_code, issue(answer)["code"]) == (413, "too-long")


class TestUnknownParameters:
    """search.html#errors"""

    @pytest.mark.parametrize("name", ["shoe", "Gender", "_unknown"])
    async def test_are_warned_of(self, people: Fhir, name: str) -> None:
        answer = await people.ask("GET", f"Patient?{name}=9&family=adams")
        *matches, warning = answer.json()["entry"]
        assert [match["resource"]["id"] for match in matches] == ["c"]
        assert warning["search"] == {"mode": "outcome"}
        assert (issue(warning["resource"])["severity"], issue(warning["resource"])["expression"]) == ("warning", [name])
        assert answer.json()["total"] == 1
        assert name not in answer.json()["link"][0]["url"]

    @pytest.mark.parametrize("prefer", ["handling=strict", "return=minimal, handling=strict"])
    async def test_are_refused_by_the_strict(self, people: Fhir, prefer: str) -> None:
        answer = await people.ask("GET", "Patient?shoe=9", headers={"Prefer": prefer})
        assert (answer.status_code, issue(answer)["expression"]) == (400, ["shoe"])

    async def test_are_repeated_without_what_cannot_be_printed(self, people: Fhir) -> None:
        answer = await people.ask("GET", "Patient?" + "x%0d%0a%1b" * 100 + "=1")
        assert issue(answer.json()["entry"][-1]["resource"])["expression"] == ["x" * 16]


class TestPost:
    """[type]/_search"""

    async def test_parameters_of_url_and_body_hold_together(self, people: Fhir) -> None:
        answer = await people.ask("POST", "Patient/_search?gender=male", b"family=adams", headers=FORM)
        assert [entry["resource"]["id"] for entry in answer.json()["entry"]] == ["c"]

    @pytest.mark.parametrize("content_type", ["application/json", "", "multipart/form-data", "text/plain"])
    async def test_takes_forms_only(self, people: Fhir, content_type: str) -> None:
        answer = await people.ask("POST", "Patient/_search", b"a=b", headers={"Content-Type": content_type})
        assert (answer.status_code, issue(answer)["code"]) == (415, "not-supported")

    async def test_a_form_has_its_limit(self, people: Fhir) -> None:
        answer = await people.ask("POST", "Patient/_search", b"name=" + b"x" * 70_000, headers=FORM)
        assert (answer.status_code, issue(answer)["code"]) == (413, "too-long")

    async def test_bytes_that_are_no_text_match_nothing(self, people: Fhir) -> None:
        answer = await people.ask("POST", "Patient/_search", b"name=\xff\xfe", headers=FORM)
        assert (answer.status_code, answer.json()["total"]) == (200, 0)


async def test_a_type_that_is_not_served(people: Fhir) -> None:
    assert (await people.ask("GET", "Starship?name=x")).status_code == 404


async def test_in_a_batch(people: Fhir) -> None:
    answer = await people.ask("POST", "", bundle(entry("GET", "Patient?family=adams"), type="batch"))
    (only,) = answer.json()["entry"]
    assert only["response"]["status"] == "200 OK"
    assert only["resource"]["entry"][0]["resource"]["id"] == "c"
