"""$meta of the system, a type, a resource and an older version (https://hl7.org/fhir/R4/resource-operation-meta.html)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest

from gateway.operations import meta as operation
from tests.gateway.conftest import Fhir, bundle, entry, issue, patient

RED, BLUE = {"system": "urn:colours", "code": "red"}, {"system": "urn:colours", "code": "blue", "display": "Blue"}
SECRET = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "N"}
PROFILE = "https://profiles.example/one"


async def labels(client: Fhir, path: str, method: str = "GET") -> dict[str, Any]:
    answer = await client.ask(method, path)
    assert answer.status_code == 200, answer.text
    assert answer.json()["resourceType"] == "Parameters"
    (returned,) = answer.json()["parameter"]
    assert returned["name"] == "return"
    return cast("dict[str, Any]", returned.get("valueMeta", {}))


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_of_a_resource_it_is_what_a_read_shows(client: Fhir, method: str) -> None:
    made = await client.create(patient(meta={"tag": [BLUE], "source": "urn:crm"}))
    assert await labels(client, f"Patient/{made['id']}/$meta", method) == made["meta"]
    answer = await client.ask("GET", f"Patient/{made['id']}/$meta")
    assert answer.headers["etag"] == 'W/"1"'


async def test_of_an_older_version(client: Fhir) -> None:
    made = await client.create(patient(meta={"tag": [BLUE]}))
    await client.ask("PUT", f"Patient/{made['id']}", patient(id=made["id"]))
    assert await labels(client, f"Patient/{made['id']}/_history/1/$meta") == made["meta"]
    assert "tag" not in await labels(client, f"Patient/{made['id']}/_history/2/$meta")
    for version in ("9", "x", "9" * 30):
        assert (await client.ask("GET", f"Patient/{made['id']}/_history/{version}/$meta")).status_code == 404


async def test_of_a_type_and_of_the_system_it_is_what_is_in_use_now(client: Fhir, south: Fhir) -> None:
    made = await client.create(patient(meta={"tag": [BLUE, RED], "security": [SECRET]}))
    await client.create(patient(meta={"tag": [RED]}))
    await client.create(
        {"resourceType": "Organization", "name": "x", "meta": {"profile": [PROFILE], "tag": [{"code": "plain"}]}}
    )
    await south.create(patient(meta={"tag": [{"system": "urn:south", "code": "other"}]}))
    blue = {"system": "urn:colours", "code": "blue"}
    assert await labels(client, "Patient/$meta") == {"security": [SECRET], "tag": [blue, RED]}
    assert await labels(client, "Organization/$meta", "POST") == {"profile": [PROFILE], "tag": [{"code": "plain"}]}
    whole = await labels(client, "$meta")
    assert whole == {"profile": [PROFILE], "security": [SECRET], "tag": [{"code": "plain"}, blue, RED]}
    await client.ask("DELETE", f"Patient/{made['id']}")
    assert await labels(client, "Patient/$meta") == {"tag": [RED]}
    assert await labels(client, "Encounter/$meta") == {}


async def test_too_many_labels_are_not_cut_in_silence(client: Fhir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operation, "MOST_LABELS", 1)
    await client.create(patient(meta={"tag": [RED]}))
    assert await labels(client, "Patient/$meta") == {"tag": [RED]}
    await client.create(patient(meta={"tag": [BLUE]}))
    assert (await client.ask("GET", "Patient/$meta")).status_code == 413


async def test_what_is_not_there(client: Fhir) -> None:
    made = await client.create(patient())
    await client.ask("DELETE", f"Patient/{made['id']}")
    cases = (f"Patient/{made['id']}", 410), ("Patient/none", 404), ("Starship/1", 404), ("Starship", 404)
    for place, status in cases:
        assert (await client.ask("GET", f"{place}/$meta")).status_code == status, place


async def test_parameters_that_it_does_not_take(client: Fhir) -> None:
    made = await client.create(patient())
    answer = await client.ask("GET", f"Patient/{made['id']}/$meta?version=1")
    assert (answer.status_code, issue(answer)["expression"]) == (400, ["version"])


async def test_scopes(client: Fhir, scoped: Callable[[str], Awaitable[Fhir]]) -> None:
    made = await client.create(patient(meta={"tag": [RED]}))
    await client.create({"resourceType": "Organization", "name": "x", "meta": {"tag": [BLUE]}})
    reader, searcher, writer = [await scoped(f"system/Patient.{action}") for action in ("r", "s", "cud")]
    place = f"Patient/{made['id']}/$meta"
    statuses = {
        (who, path): (await one.ask("GET", path)).status_code
        for who, one in (("reader", reader), ("searcher", searcher), ("writer", writer))
        for path in (place, "Patient/$meta", "$meta")
    }
    allowed = {("reader", place), ("searcher", "Patient/$meta"), ("searcher", "$meta")}
    assert {asked for asked, status in statuses.items() if status == 200} == allowed
    assert {status for asked, status in statuses.items() if asked not in allowed} == {403}
    assert await labels(searcher, "$meta") == {"tag": [RED]}


async def test_labels_of_subscriptions_are_their_clients_affair(client: Fhir) -> None:
    assert (await client.ask("GET", "Subscription/$meta")).status_code == 403
    (answer,) = (await client.ask("POST", "", bundle(entry("GET", "Subscription/$meta"), type="batch"))).json()["entry"]
    assert answer["response"]["status"] == "403"
