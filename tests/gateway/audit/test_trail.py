"""Every access and refusal is an AuditEvent, for administrators alone, and nobody can write one."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import httpx
import pytest

from gateway.definitions.contract import Definitions
from tests.gateway.audit.administrator import ADMIN, events
from tests.gateway.conftest import NORTH, Fhir, Template, patient


def subtypes(found: list[dict[str, Any]]) -> list[str]:
    return [event["subtype"][0]["code"] for event in found]


async def test_every_interaction_is_an_event(admin: Fhir, definitions: Definitions) -> None:
    made = await admin.create(patient(family="Seen"))
    place = f"Patient/{made['id']}"
    await admin.ask("GET", place)
    await admin.ask("GET", f"{place}/_history/1")
    await admin.ask("GET", f"{place}/_history")
    await admin.ask("GET", "Patient?family=Seen")
    await admin.ask("PUT", place, {**made, "gender": "female"})
    await admin.ask("GET", f"{place}/$everything")
    await admin.ask("DELETE", place)
    found = await events(admin, f"entity={place}")
    assert subtypes(found)[::-1] == [
        "create", "read", "vread", "history-instance", "search-type", "update", "operation", "delete",
    ]  # fmt: skip
    assert [event["action"] for event in found][::-1] == ["C", "R", "R", "R", "E", "U", "E", "D"]
    for event in found:
        assert definitions.validate(event) == ()
        assert event["outcome"] == "0"
        assert sum(agent["requestor"] for agent in event["agent"]) == 1
    patients = [entity["what"]["reference"] for entity in found[0]["entity"] if "what" in entity and "role" in entity]
    assert place in patients


async def test_a_search_is_told_with_its_query_in_base64(admin: Fhir) -> None:
    await admin.ask("GET", "Patient?family=Abernathy&birthdate=gt1980")
    await admin.ask("POST", "Patient/_search", None, content=b"family=Zimmer", headers={
        "Content-Type": "application/x-www-form-urlencoded"
    })  # fmt: skip
    posted, asked = (await events(admin, "subtype=search-type&_count=10"))[:2]
    queries = [next(e["query"] for e in event["entity"] if "query" in e) for event in (asked, posted)]
    assert [b64decode(query).decode() for query in queries] == [
        "Patient?family=Abernathy&birthdate=gt1980", "Patient/_search?family=Zimmer",
    ]  # fmt: skip


async def test_histories_name_what_they_show(admin: Fhir) -> None:
    made = await admin.create(patient())
    for asked in ("_history", "Patient/_history"):
        await admin.ask("GET", asked)
    found = await events(admin, f"patient=Patient/{made['id']}&_count=2")
    assert subtypes(found) == ["history-type", "history-system"]


async def test_refusals_are_events(admin: Fhir, http: httpx.AsyncClient, template: Template) -> None:
    assert (await http.get(f"{NORTH}/Patient/1")).status_code == 401
    assert (await admin.ask("GET", "Patient/none")).status_code == 404
    form = {"grant_type": "client_credentials", "scope": "system/*.cruds"}
    client = template.clients["north"][0]
    assert (await http.post("/oauth/north/token", data=form, auth=(client, "wrong"))).status_code == 401
    refused = await events(admin, "outcome=4")
    assert [event["outcomeDesc"] for event in refused] == ["HTTP 401 invalid_client", "HTTP 404", "HTTP 401"]


async def test_tokens_are_events(admin: Fhir, template: Template) -> None:
    issued = [event for event in await events(admin, "type=110114") if event["outcome"] == "0"]
    assert issued[0]["agent"][0]["altId"] == template.clients["north"][0]
    assert issued[0]["outcomeDesc"] == f"HTTP 200 {ADMIN}"


async def test_only_administrators_see_events(admin: Fhir, client: Fhir, south: Fhir) -> None:
    assert (await client.ask("GET", "AuditEvent")).status_code == 403
    limited = Fhir(client.http, NORTH, client.token)
    (event, *_) = await events(admin)
    assert (await admin.ask("GET", f"AuditEvent/{event['id']}")).json() == event
    assert (await limited.ask("GET", f"AuditEvent/{event['id']}")).status_code == 403
    assert (await south.ask("GET", f"AuditEvent/{event['id']}")).status_code == 403


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_nobody_writes_one(admin: Fhir, method: str) -> None:
    (event, *_) = await events(admin)
    body = {**event, "outcome": "8"}
    assert (await admin.ask(method, f"AuditEvent/{event['id']}", body)).status_code == 405
    assert (await admin.ask("POST", "AuditEvent", body)).status_code == 405
    assert (await admin.ask("GET", f"AuditEvent/{event['id']}")).json() == event


async def test_every_declared_parameter_is_understood(admin: Fhir) -> None:
    statement = (await admin.ask("GET", "metadata")).json()
    (declared,) = [each for each in statement["rest"][0]["resource"] if each["type"] == "AuditEvent"]
    values = {"date": "gt2020", "reference": "Patient/1", "string": "x", "token": "x", "uri": "urn:x"}
    for parameter in declared["searchParam"]:
        asked = f"AuditEvent?{parameter['name']}={values[parameter['type']]}"
        answer = await admin.ask("GET", asked, None, headers={"Prefer": "handling=strict"})
        assert answer.status_code == 200, asked


async def test_nothing_else_reaches_the_trail(admin: Fhir) -> None:
    made = await admin.create(patient())
    for asked in ("Patient?_has:AuditEvent:entity:outcome=0", "?_type=AuditEvent", "_history"):
        assert "AuditEvent" not in str((await admin.ask("GET", asked)).json().get("entry", ""))
    assert (await admin.ask("GET", "AuditEvent?_has:Provenance:target:agent=x")).status_code == 400
    included = await admin.ask("GET", f"Patient?_id={made['id']}&_revinclude=*")
    assert [each["resource"]["resourceType"] for each in included.json()["entry"]] == ["Patient"]


async def test_pages_and_totals(admin: Fhir) -> None:
    for number in range(7):
        await admin.ask("GET", f"Patient/none-{number}")
    first = (await admin.ask("GET", "AuditEvent?subtype=read&_count=3&_total=accurate")).json()
    assert first["total"] == 7
    assert len(first["entry"]) == 3
    (following,) = [link["url"] for link in first["link"] if link["relation"] == "next"]
    second = (await admin.ask("GET", following.removeprefix(f"{NORTH}/"))).json()
    seen = [entry["resource"]["id"] for page in (first, second) for entry in page["entry"]]
    assert len(seen) == len(set(seen)) == 6
    assert seen == sorted(seen, reverse=True)
