"""$status of one Subscription and of several."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.definitions.contract import Definitions
from gateway.subscriptions.names import TOPIC
from tests.gateway.conftest import Fhir, issue
from tests.gateway.subscriptions.conftest import Line
from tests.gateway.subscriptions.wishes import coverage, topical, wish

Json = dict[str, Any]


def told(entry: Json) -> dict[str, Any]:
    """Parameter → value."""
    assert entry["search"] == {"mode": "match"}
    parameters = entry["resource"]["parameter"]
    return {each["name"]: next(value for key, value in each.items() if key != "name") for each in parameters}


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_of_one(line: Line, definitions: Definitions, method: str) -> None:
    id = await line.subscribe(topical(content="empty"))
    await line.client.create(coverage())
    await line.deliver()
    answer = await line.client.ask(method, f"Subscription/{id}/$status")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert definitions.validate(found) == ()
    assert (found["type"], found["total"]) == ("searchset", 1)
    (entry,) = found["entry"]
    assert told(entry) == {
        "subscription": {"reference": f"{line.client.base}/Subscription/{id}"},
        "topic": TOPIC,
        "status": "active",
        "type": "query-status",
        "events-since-subscription-start": "1",
    }


async def test_of_several(line: Line) -> None:
    first, second = await line.subscribe(wish()), await line.subscribe(wish())
    line.receiver.status = 500
    failed = await line.subscribe(wish())

    async def ids(answer: Any) -> list[str]:
        assert answer.status_code == 200, answer.text
        return sorted(told(e)["subscription"]["reference"].split("/")[-1] for e in answer.json().get("entry", []))

    async def ask(query: str) -> list[str]:
        return await ids(await line.client.ask("GET", f"Subscription/$status{query}"))

    assert await ask("") == sorted([first, second, failed])
    assert await ask("?status=error") == [failed]
    assert await ask(f"?id={first}&id={failed}&status=active") == [first]
    assert await ask("?status=off") == []
    posted = {"resourceType": "Parameters", "parameter": [{"name": "id", "valueId": second}]}
    assert await ids(await line.client.ask("POST", "Subscription/$status", posted)) == [second]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("Subscription/none/$status", None, 404),
        ("Subscription/$status?status=busy", None, 400),
        ("Subscription/$status?since=1", None, 400),
        ("Subscription/$status?id=no%20id", None, 400),
        ("Subscription/$status", {"resourceType": "Patient"}, 400),
        ("Subscription/$status", {"resourceType": "Parameters", "parameter": [{"name": "id"}]}, 400),
        ("Subscription/none/$events", None, 400),
    ],
)
async def test_what_is_refused(client: Fhir, path: str, body: Json | None, status: int) -> None:
    answer = await client.ask("POST" if body else "GET", path, body)
    assert answer.status_code == status, answer.text
    assert issue(answer)["severity"] == "error"


async def test_it_is_declared(client: Fhir) -> None:
    statement = (await client.ask("GET", "metadata")).json()
    (declared,) = [each for each in statement["rest"][0]["resource"] if each["type"] == "Subscription"]
    backport = "http://hl7.org/fhir/uv/subscriptions-backport"
    assert f"{backport}/StructureDefinition/backport-subscription" in declared["supportedProfile"]
    definition = f"{backport}/OperationDefinition/backport-subscription-status"
    assert {"name": "status", "definition": definition} in declared["operation"]
    assert declared["extension"] == [
        {
            "url": f"{backport}/StructureDefinition/capabilitystatement-subscriptiontopic-canonical",
            "valueCanonical": TOPIC,
        }
    ]
