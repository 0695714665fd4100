"""FHIR history: http.html#history."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import pytest

from tests.gateway.conftest import NORTH, Fhir, bundle, entry, issue, patient

Scoped = Callable[[str], Awaitable[Fhir]]


async def write_three_versions(client: Fhir) -> list[dict[str, Any]]:
    """A create, an update and a deletion of Patient/p, and one of another type."""
    first = await client.ask("PUT", "Patient/p", patient("One", id="p"))
    second = await client.ask("PUT", "Patient/p", patient("Two", id="p"))
    await client.ask("DELETE", "Patient/p")
    await client.create({"resourceType": "Organization", "name": "O"})
    return [first.json(), second.json()]


async def history(client: Fhir, path: str) -> dict[str, Any]:
    answer = await client.ask("GET", path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert (found["resourceType"], found["type"]) == ("Bundle", "history")
    return found


async def test_of_a_resource(client: Fhir) -> None:
    first, second = await write_three_versions(client)
    found = await history(client, "Patient/p/_history")
    assert found["total"] == 3
    assert [each["request"]["method"] for each in found["entry"]] == ["DELETE", "PUT", "PUT"]
    assert [each["response"]["status"] for each in found["entry"]] == ["204", "200", "201"]
    assert [each["response"]["etag"] for each in found["entry"]] == ['W/"3"', 'W/"2"', 'W/"1"']
    assert [each.get("resource") for each in found["entry"]] == [None, second, first]
    assert {each["fullUrl"] for each in found["entry"]} == {f"{NORTH}/Patient/p"}
    assert found["link"] == [{"relation": "self", "url": f"{NORTH}/Patient/p/_history"}]


async def test_each_version_tells_the_request_that_made_it(client: Fhir) -> None:
    made = await client.create(patient("One"))
    await client.ask("PUT", f"Patient/{made['id']}", {**patient("Two"), "id": made["id"]})
    add = [{"op": "add", "path": "/gender", "value": "other"}]
    await client.ask("PATCH", f"Patient/{made['id']}", add, {"Content-Type": "application/json-patch+json"})
    found = await history(client, f"Patient/{made['id']}/_history")
    place = f"Patient/{made['id']}"
    requests = [(each["request"]["method"], each["request"]["url"]) for each in found["entry"]]
    assert requests == [("PATCH", place), ("PUT", place), ("POST", "Patient")]
    assert [each["response"]["status"] for each in found["entry"]] == ["200", "200", "201"]


async def test_of_a_type_and_of_the_system(client: Fhir, south: Fhir) -> None:
    await write_three_versions(client)
    assert (await history(client, "Patient/_history"))["total"] == 3
    assert (await history(client, "Observation/_history"))["total"] == 0
    everything = await history(client, "_history")
    assert [each["fullUrl"].split("/")[-2] for each in everything["entry"]] == ["Organization", *["Patient"] * 3]
    assert (await history(south, "_history"))["total"] == 0


@pytest.mark.parametrize("path", ["Patient/p/_history", "Patient/_history", "_history"])
@pytest.mark.parametrize("count", [1, 2, 3])
async def test_pages_are_exact_while_others_write(client: Fhir, path: str, count: int) -> None:
    for version in range(5):
        await client.ask("PUT", "Patient/p", patient(f"V{version}", id="p"))
    seen: list[str] = []
    page = await history(client, f"{path}?_count={count}")
    while True:
        assert len(page["entry"]) <= count
        seen += [each["response"]["etag"] for each in page["entry"]]
        links = {link["relation"]: link["url"] for link in page["link"]}
        if "next" not in links:
            break
        await client.ask("PUT", "Patient/p", patient(f"Later{len(seen)}", id="p"))
        page = await history(client, links["next"].removeprefix(f"{NORTH}/"))
    assert seen == [f'W/"{version}"' for version in (5, 4, 3, 2, 1)]


async def test_versions_of_one_instant_are_paged_too(client: Fhir) -> None:
    entries = [entry("PUT", f"Patient/p{number}", patient(id=f"p{number}")) for number in range(7)]
    assert (await client.transaction(*entries)).status_code == 200
    page = await history(client, "_history?_count=3")
    seen = {each["fullUrl"] for each in page["entry"]}
    while len(page["link"]) == 2:
        page = await history(client, page["link"][1]["url"].removeprefix(f"{NORTH}/"))
        assert seen.isdisjoint(each["fullUrl"] for each in page["entry"])
        seen |= {each["fullUrl"] for each in page["entry"]}
    assert len(seen) == 7


async def test_since_before_and_at(client: Fhir) -> None:
    first, second = await write_three_versions(client)
    created, updated = (quote(each["meta"]["lastUpdated"]) for each in (first, second))

    async def etags(query: str) -> list[str]:
        found = await history(client, f"Patient/p/_history?{query}")
        return [each["response"]["etag"][3:-1] for each in found.get("entry", [])]

    assert await etags(f"_since={updated}") == ["3", "2"]
    assert await etags(f"_before={updated}") == ["1"]
    assert await etags(f"_since={created}&_before={updated}") == ["1"]
    assert await etags(f"_at={created}") == ["1"]
    assert await etags(f"_at={updated}") == ["2"]
    assert await etags("_at=2999") == ["3"]
    assert await etags("_at=1999") == await etags("_since=2999") == []
    assert len(await etags("_since=2020&_at=2020-01-01")) == 0
    assert await etags("_count=0") == []


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("_since=yesterday", "_since"),
        ("_at=", "_at"),
        ("_count=-1", "_count"),
        ("_count=x", "_count"),
        ("_since=2020&_since=2021", "_since"),
        ("_page=x", "_page"),
        ("name=x", "_history"),
    ],
)
async def test_wrong_parameters(client: Fhir, query: str, name: str) -> None:
    await client.ask("PUT", "Patient/p", patient(id="p"))
    answer = await client.ask("GET", f"Patient/p/_history?{query}")
    assert (answer.status_code, issue(answer)["expression"]) == (400, [name])


async def test_page_links_serve_their_query_only(client: Fhir) -> None:
    await write_three_versions(client)
    following = (await history(client, "Patient/_history?_count=1"))["link"][1]["url"].removeprefix(f"{NORTH}/")
    assert (await client.ask("GET", following)).status_code == 200
    for other in (following.replace("Patient/", "Organization/"), f"{following}&_since=2020"):
        assert (await client.ask("GET", other)).status_code == 400


async def test_what_never_was_has_no_history(client: Fhir) -> None:
    assert (await client.ask("GET", "Patient/none/_history")).status_code == 404
    assert (await client.ask("GET", "Starship/_history")).status_code == 404


async def test_scopes(client: Fhir, scoped: Scoped) -> None:
    await write_three_versions(client)
    reader, searcher = await scoped("system/Patient.r"), await scoped("system/Organization.s")
    assert (await reader.ask("GET", "Patient/p/_history")).status_code == 200
    assert (await reader.ask("GET", "Patient/_history")).status_code == 403
    assert (await reader.ask("GET", "_history")).status_code == 403
    assert (await history(searcher, "_history"))["total"] == 1
    assert (await searcher.ask("GET", "Patient/p/_history")).status_code == 403


async def test_in_bundles(client: Fhir) -> None:
    await client.ask("PUT", "Patient/p", patient("One", id="p"))
    entries = [
        entry("PUT", "Patient/p", patient("Two", id="p")),
        *(entry("GET", url) for url in ("Patient/p/_history", "Patient/_history?_count=1", "_history")),
        *(entry("GET", f"Patient/p/_history/{version}") for version in (1, 2)),
        entry("HEAD", "Patient/p"),
    ]
    for type, versions in (("transaction", 2), ("batch", 2)):
        answer = await client.ask("POST", "", bundle(*entries, type=type))
        assert answer.status_code == 200, answer.text
        answers = answer.json()["entry"]
        assert [answers[index]["resource"]["total"] for index in (1, 2, 3)] == [versions] * 3
        families = [answers[index]["resource"]["name"][0]["family"] for index in (4, 5)]
        assert families == ["One", "Two"]
        assert (answers[6]["response"]["status"], "resource" in answers[6]) == ("200 OK", False)
