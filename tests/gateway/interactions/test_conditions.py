"""Conditional read, update and delete, alone and in transactions (http.html#cond-update, #3.1.0.7.1)."""

# ruff: noqa: E501 (tables, a row a line)

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from tests.gateway.conftest import Fhir, entry, identified, issue

SEARCH = "Patient?identifier=https://crm.example/id%7Cx"


async def test_update(client: Fhir) -> None:
    made = await client.ask("PUT", SEARCH, identified("x"))
    assert made.status_code == 201
    id = made.json()["id"]
    again = await client.ask("PUT", SEARCH, identified("x", active=True))
    assert (again.status_code, again.json()["id"], again.headers["etag"]) == (200, id, 'W/"2"')
    same = await client.ask("PUT", SEARCH, identified("x", active=True, id=id))
    assert (same.status_code, same.headers["etag"]) == (200, 'W/"2"')
    other = await client.ask("PUT", SEARCH, identified("x", id="other"))
    assert other.status_code == 400
    stale = await client.ask("PUT", SEARCH, identified("x"), headers={"If-Match": 'W/"1"'})
    assert stale.status_code == 412
    await client.create(identified("x"))
    assert (await client.ask("PUT", SEARCH, identified("x"))).status_code == 412


async def test_update_with_an_id_that_nothing_has_yet(client: Fhir) -> None:
    made = await client.ask("PUT", SEARCH, identified("x", id="mine"))
    assert (made.status_code, made.json()["id"]) == (201, "mine")
    taken = await client.ask("PUT", "Patient?identifier=y", identified("y", id="mine"))
    assert (taken.status_code, issue(taken)["code"]) == (409, "conflict")


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize("criteria", ["", "shoe=9", "_count=1", "_format=json", "birthdate=x"])
async def test_criteria_are_always_taken_strictly(client: Fhir, method: str, criteria: str) -> None:
    await client.create(identified("x"))
    headers = {"Prefer": "handling=lenient"}
    body = identified("x") if method == "PUT" else None
    answer = await client.ask(method, f"Patient?{criteria}", body, headers=headers)
    assert answer.status_code == 400
    assert await client.total("Patient?") == 1


async def test_delete(client: Fhir) -> None:
    assert (await client.ask("DELETE", SEARCH)).status_code == 204
    made = await client.create(identified("x"))
    assert (await client.ask("DELETE", SEARCH)).status_code == 204
    assert (await client.ask("GET", f"Patient/{made['id']}")).status_code == 410
    for _ in range(2):
        await client.create(identified("x"))
    assert (await client.ask("DELETE", SEARCH)).status_code == 412
    assert await client.total("Patient?") == 2


async def test_a_delete_that_tells(client: Fhir) -> None:
    await client.create(identified("x"))
    answer = await client.ask("DELETE", SEARCH, headers={"Prefer": "return=OperationOutcome"})
    assert (answer.status_code, answer.json()["resourceType"]) == (200, "OperationOutcome")


async def test_create_only(client: Fhir) -> None:
    only = {"If-None-Match": "*"}
    assert (await client.ask("PUT", "Patient/p", identified("x", id="p"), headers=only)).status_code == 201
    assert (await client.ask("PUT", "Patient/p", identified("x", id="p"), headers=only)).status_code == 412
    wrong = await client.ask("PUT", "Patient/p", identified("x", id="p"), headers={"If-None-Match": 'W/"1"'})
    assert wrong.status_code == 400


async def test_scopes(client: Fhir, scoped: Callable[[str], Awaitable[Fhir]]) -> None:
    writer = await scoped("system/Patient.ud")
    for method, body in (("PUT", identified("x")), ("DELETE", None)):
        assert (await writer.ask(method, SEARCH, body)).status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-None-Match": 'W/"2"'}, 304),
        ({"If-None-Match": '"1", W/"2"'}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": 'W/"1"'}, 200),
        ({"If-None-Match": "nonsense"}, 200),
        ({"If-Modified-Since": "Sat, 01 Jan 2999 00:00:00 GMT"}, 304),
        ({"If-Modified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"}, 200),
        ({"If-Modified-Since": "yesterday"}, 200),
        ({"If-None-Match": 'W/"1"', "If-Modified-Since": "Sat, 01 Jan 2999 00:00:00 GMT"}, 200),
    ],
)
async def test_read(client: Fhir, headers: dict[str, str], status: int) -> None:
    await client.ask("PUT", "Patient/p", identified("x", id="p"))
    await client.ask("PUT", "Patient/p", identified("y", id="p"))
    for method in ("GET", "HEAD"):
        answer = await client.ask(method, "Patient/p", headers=headers)
        assert (answer.status_code, answer.headers["etag"]) == (status, 'W/"2"')
        assert bool(answer.content) == (status == 200 and method == "GET")


async def test_reads_in_a_transaction(client: Fhir) -> None:
    made = await client.ask("PUT", "Patient/p", identified("x", id="p"))
    updated = made.json()["meta"]["lastUpdated"]
    answer = await client.transaction(
        entry("GET", "Patient/p", ifNoneMatch='W/"1"'),
        entry("GET", "Patient/p", ifNoneMatch='W/"2"'),
        entry("GET", "Patient/p", ifModifiedSince=updated),
        entry("GET", "Patient/p", ifModifiedSince="2000-01-01T00:00:00Z"),
    )
    answers = answer.json()["entry"]
    assert [each["response"]["status"][:3] for each in answers] == ["304", "200", "304", "200"]
    assert ["resource" in each for each in answers] == [False, True, False, True]


async def test_writes_in_a_transaction(client: Fhir) -> None:
    gone = await client.create(identified("gone"))
    urn = "urn:oid:2.16.840.1.113883.4.349"
    observation = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "subject": {"reference": urn}}  # fmt: skip
    answer = await client.transaction(
        entry("POST", "Observation", observation),
        entry("PUT", SEARCH, identified("x"), fullUrl=urn),
        entry("DELETE", SEARCH.replace("%7Cx", "%7Cgone")),
    )
    assert answer.status_code == 200, answer.text
    assert [each["response"]["status"][:3] for each in answer.json()["entry"]] == ["201", "201", "204"]
    id = answer.json()["entry"][1]["response"]["location"].split("/")[-3]
    found = (await client.ask("GET", "Observation")).json()["entry"][0]["resource"]
    assert found["subject"] == {"reference": f"Patient/{id}"}
    assert (await client.ask("GET", f"Patient/{gone['id']}")).status_code == 410


async def test_what_criteria_find_twice_is_one_identity(client: Fhir) -> None:
    made = await client.create(identified("x"))
    both = ["Bundle.entry[0]", "Bundle.entry[1]"]
    for other in (entry("DELETE", f"Patient/{made['id']}"), entry("PUT", SEARCH, identified("x"))):
        answer = await client.transaction(entry("PUT", SEARCH, identified("x", active=True)), other)
        assert (answer.status_code, issue(answer)["expression"]) == (400, both)
    assert (await client.ask("GET", f"Patient/{made['id']}")).headers["etag"] == 'W/"1"'


async def test_a_bundle_may_not_write_what_its_own_criteria_find(client: Fhir) -> None:
    answer = await client.transaction(entry("POST", "Patient", identified("x")), entry("PUT", SEARCH, identified("x")))
    assert (answer.status_code, issue(answer)["expression"]) == (400, ["Bundle.entry[1].request.url"])
    assert await client.total("Patient?") == 0


async def test_create_only_in_a_transaction(client: Fhir) -> None:
    only = entry("PUT", "Patient/p", identified("x", id="p"), ifNoneMatch="*")
    assert (await client.transaction(only)).status_code == 200
    answer = await client.transaction(only)
    assert (answer.status_code, issue(answer)["expression"]) == (412, ["Bundle.entry[0]"])
