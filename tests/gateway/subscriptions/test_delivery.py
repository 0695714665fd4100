"""Handshakes, events, heartbeats: what is sent, in which order, and what becomes of the Subscription."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from fhir.resources.R4B.bundle import Bundle
from sqlmodel import Session, select

from gateway.auth.clients import disable_client
from gateway.auth.tables import Client
from gateway.definitions.contract import Definitions
from gateway.services import Services
from gateway.store.contract import Transaction
from gateway.subscriptions.names import HEARTBEAT, MAX_COUNT, TOPIC
from gateway.subscriptions.orders import Wake
from gateway.subscriptions.tables import EventRow, SubscriptionRow
from gateway.xml.decode import resource_from_xml
from tests.gateway.conftest import NORTH, bundle, entry
from tests.gateway.subscriptions.conftest import Line, Signed, events, numbers, parameter
from tests.gateway.subscriptions.wishes import coverage, extension, topical, wish

Json = dict[str, Any]


async def test_a_handshake_makes_it_active(line: Line, signed: Signed) -> None:
    id = await line.subscribe(topical())
    (request,) = line.receiver.got
    assert signed(request) == int(line.seconds)
    assert (request.method, str(request.url)) == ("POST", "https://crm.example/hooks/coverage")
    assert request.headers["content-type"] == "application/fhir+json;charset=utf-8"
    assert request.headers["x-request-id"]
    (told,) = line.receiver.told("handshake")
    assert parameter(told, "status")["valueCode"] == "requested"
    assert parameter(told, "events-since-subscription-start")["valueString"] == "0"
    assert told["entry"][0]["request"] == {"method": "GET", "url": f"{NORTH}/Subscription/{id}/$status"}
    found = await line.read(id)
    assert (found["status"], found["meta"]["versionId"]) == ("active", "2")


@pytest.mark.parametrize("status", [300, 302, 400, 404, 410, 500])
async def test_a_handshake_that_is_not_taken_is_an_error(line: Line, status: int) -> None:
    line.receiver.status = status
    id = await line.subscribe(wish())
    found = await line.read(id)
    assert found["status"] == "error"
    assert found["error"] == f"The handshake failed. The endpoint answered with status {status}"


async def test_the_client_revives_it(line: Line) -> None:
    line.receiver.status = 500
    id = await line.subscribe(wish())
    line.receiver.status = 204
    answer = await line.client.ask("PUT", f"Subscription/{id}", {**await line.read(id), "status": "requested"})
    assert (answer.json()["status"], "error" in answer.json()) == ("requested", False)
    await line.deliver()
    assert (await line.read(id))["status"] == "active"


@pytest.mark.parametrize("content", ["empty", "id-only", "full-resource"])
async def test_what_each_content_tells(line: Line, definitions: Definitions, signed: Signed, content: str) -> None:
    await line.subscribe(topical(content=content))
    made = await line.client.create(coverage())
    await line.deliver()
    (told,) = line.receiver.told("event-notification")
    signed(line.receiver.got[-1])
    Bundle.model_validate(told)
    assert [str(each) for each in definitions.validate(told)] == []
    assert told["type"] == "history"
    assert parameter(told, "status")["valueCode"] == "active"
    assert parameter(told, "events-since-subscription-start")["valueString"] == "1"
    (event,) = events(told)
    assert event["event-number"]["valueString"] == "1"
    url = f"{NORTH}/Coverage/{made['id']}"
    entries = told["entry"][1:]
    if content == "empty":
        assert (entries, "focus" in event, parameter(told, "topic")) == ([], False, {})
        assert made["id"] not in json.dumps(told)
        return
    assert event["focus"]["valueReference"] == {"reference": url}
    assert parameter(told, "topic")["valueCanonical"] == TOPIC
    assert [each["fullUrl"] for each in entries] == [url]
    assert entries[0]["request"] == {"method": "POST", "url": "Coverage"}
    assert entries[0].get("resource") == (made if content == "full-resource" else None)


async def test_plain_r4_without_a_payload_is_empty(line: Line) -> None:
    wished = wish()
    del wished["channel"]["payload"]
    await line.subscribe(wished)
    await line.client.create(coverage())
    await line.deliver()
    (told,) = line.receiver.told("event-notification")
    assert len(told["entry"]) == 1


async def test_xml(line: Line, signed: Signed) -> None:
    await line.subscribe(wish(payload="application/fhir+xml"))
    made = await line.client.create(coverage())
    await line.deliver()
    request = line.receiver.got[-1]
    signed(request)
    assert request.headers["content-type"] == "application/fhir+xml;charset=utf-8"
    read: Any = resource_from_xml(request.content)
    assert read["entry"][1]["resource"]["id"] == made["id"]


async def test_only_what_satisfies_the_criteria(line: Line) -> None:
    await line.subscribe(wish("Coverage?status=active&beneficiary=Patient/p"))
    await line.client.create(coverage(status="cancelled"))
    await line.client.create(coverage(beneficiary={"reference": "Patient/q"}))
    wanted = await line.client.create(coverage())
    await line.deliver()
    (told,) = line.receiver.told("event-notification")
    assert told["entry"][1]["resource"]["id"] == wanted["id"]


async def test_what_leaves_the_criteria_is_not_told(line: Line) -> None:
    await line.subscribe(wish())
    made = await line.client.create(coverage())
    await line.client.ask("PUT", f"Coverage/{made['id']}", {**made, "status": "cancelled"})
    await line.deliver()
    assert numbers(line.receiver.told("event-notification")) == [1]


async def test_versions_are_told_as_they_were_written_and_in_order(line: Line) -> None:
    await line.subscribe(wish("Coverage"))
    made = await line.client.create(coverage(order=1))
    for order in (2, 3):
        await line.client.ask("PUT", f"Coverage/{made['id']}", {**made, "order": order})
    await line.deliver()
    told = line.receiver.told("event-notification")
    assert [each["entry"][1]["resource"]["order"] for each in told] == [1, 2, 3]
    assert numbers(told) == [1, 2, 3]
    assert [each["entry"][1]["request"]["method"] for each in told] == ["POST", "PUT", "PUT"]


async def test_the_topic_tells_of_deletions_by_what_was_deleted(line: Line) -> None:
    await line.subscribe(topical("Coverage?status=active", "full-resource"))
    await line.subscribe(topical("Coverage?status=cancelled", "full-resource"))
    await line.subscribe(wish("Coverage?status=active"))
    made = await line.client.create(coverage())
    await line.client.ask("DELETE", f"Coverage/{made['id']}")
    await line.deliver()
    methods = [each["entry"][1]["request"]["method"] for each in line.receiver.told("event-notification")]
    assert sorted(methods) == ["DELETE", "POST", "POST"]
    (deletion,) = [each for each in line.receiver.bundles if each["entry"][-1]["request"]["method"] == "DELETE"]
    assert "resource" not in deletion["entry"][1]
    assert deletion["entry"][1]["response"]["status"] == "204"


async def test_events_come_in_batches_where_that_is_wanted(line: Line) -> None:
    await line.subscribe(wish("Coverage", extension=[extension(MAX_COUNT, valuePositiveInt=2)]))
    await line.client.transaction(*(entry("POST", "Coverage", coverage()) for _ in range(5)))
    await line.deliver()
    told = line.receiver.told("event-notification")
    assert [len(events(each)) for each in told] == [2, 2, 1]
    assert numbers(told) == [1, 2, 3, 4, 5]
    assert [parameter(each, "events-since-subscription-start")["valueString"] for each in told] == ["2", "4", "5"]


async def test_a_receiver_that_is_down_gets_everything_in_order_later(line: Line, signed: Signed) -> None:
    await line.subscribe(wish("Coverage"))
    line.receiver.status = 503
    await line.client.create(coverage(order=1))
    await line.client.create(coverage(order=2))
    await line.deliver()
    assert numbers(line.receiver.told("event-notification")) == [1], "the second waits for the first"
    line.receiver.failure = httpx.ConnectError("down")
    assert await line.later() == 5
    line.receiver.failure, line.receiver.status = None, 200
    line.seconds += 35
    assert await line.later() == 30
    told = line.receiver.told("event-notification")
    assert numbers(told) == [1, 1, 2]
    assert signed(line.receiver.got[-1]) == int(line.seconds), "each attempt is signed anew"


async def test_after_the_last_attempt_it_is_an_error(line: Line, services: Services, log_lines: list[Any]) -> None:
    id = await line.subscribe(wish("Coverage"))
    line.receiver.status = 500
    await line.client.create(coverage())
    await line.deliver()
    assert [await line.later() for _ in range(3)] == [5, 30, 120]
    assert line.waiting == []
    found = await line.read(id)
    assert found["status"] == "error"
    assert found["error"] == "Notifications did not arrive for a day. The endpoint answered with status 500"
    assert await count(services, EventRow) == 0
    assert [each["status"] for each in log_lines if each["event"] == "subscription"][-1] == "error"
    status = (await line.client.ask("GET", f"Subscription/{id}/$status")).json()
    assert parameter(status, "error")["valueCodeableConcept"]["text"] == found["error"]
    await line.client.create(coverage())
    assert line.wakes.made == []


async def count(services: Services, table: type[EventRow] | type[SubscriptionRow]) -> int:
    return await services.store.session_read(lambda session: len(session.exec(select(table)).all()))


async def test_numbers_go_on_after_an_error(line: Line) -> None:
    """The gap tells the client that it has missed something."""
    id = await line.subscribe(wish("Coverage"))
    line.receiver.status = 500
    await line.client.create(coverage())
    await line.deliver()
    while line.waiting:
        await line.later()
    line.receiver.status = 200
    await line.client.ask("PUT", f"Subscription/{id}", {**await line.read(id), "status": "requested"})
    await line.deliver()
    await line.client.create(coverage())
    await line.deliver()
    assert numbers(line.receiver.told("event-notification"))[-1] == 2


async def test_off_is_silence(line: Line, services: Services) -> None:
    id = await line.subscribe(wish("Coverage"))
    await line.client.create(coverage())
    await line.client.ask("PUT", f"Subscription/{id}", {**await line.read(id), "status": "off"})
    await line.deliver()
    await line.client.create(coverage())
    await line.deliver()
    assert line.receiver.told("event-notification") == []
    assert await count(services, EventRow) == 0


async def test_another_endpoint_has_to_agree_anew(line: Line) -> None:
    id = await line.subscribe(wish("Coverage"))
    found = await line.read(id)
    moved = {**found, "channel": {**found["channel"], "endpoint": "https://other.example/"}}
    answer = await line.client.ask("PUT", f"Subscription/{id}", moved)
    assert answer.json()["status"] == "requested"
    await line.deliver()
    assert str(line.receiver.got[-1].url) == "https://other.example/"
    assert len(line.receiver.told("handshake")) == 2


async def test_another_reason_needs_no_handshake(line: Line) -> None:
    id = await line.subscribe(wish("Coverage"))
    answer = await line.client.ask("PUT", f"Subscription/{id}", {**await line.read(id), "reason": "Another"})
    assert answer.json()["status"] == "active"
    await line.deliver()
    assert len(line.receiver.told("handshake")) == 1


async def test_a_handshake_of_an_older_version_changes_nothing(line: Line) -> None:
    id = await line.subscribe(wish("Coverage"))
    await line.client.ask("PUT", f"Subscription/{id}", {**await line.read(id), "status": "off"})
    await line.perform(Wake(1, id, "handshake", 1))
    assert (await line.read(id))["status"] == "off"


async def test_the_channels_headers_are_sent(line: Line) -> None:
    await line.subscribe(wish(header=["Authorization: Bearer hush-hush", "X-Tenant: t"]))
    headers = line.receiver.got[0].headers
    assert (headers["authorization"], headers["x-tenant"]) == ("Bearer hush-hush", "t")


async def test_a_disabled_client_is_told_nothing(line: Line, services: Services) -> None:
    id = await line.subscribe(wish("Coverage"))
    await line.client.create(coverage())

    def disable(session: Session) -> None:
        row = session.exec(select(SubscriptionRow)).one()
        disable_client(session, 1, row.client, now=1)

    await services.store.session_write(disable)
    await line.deliver()
    assert line.receiver.told("event-notification") == []
    stored = await services.store.read(1, "Subscription", id)
    assert stored is not None
    assert b'"error":"The client that made this Subscription is disabled or gone"' in stored.body


async def test_a_client_that_lost_its_scope_is_told_nothing(line: Line, services: Services) -> None:
    id = await line.subscribe(wish("Coverage"))
    await line.client.create(coverage())

    def narrow(session: Session) -> None:
        row = session.exec(select(SubscriptionRow)).one()
        client = session.get_one(Client, (1, row.client))
        client.scopes = "system/Patient.cruds system/Subscription.cruds"

    await services.store.session_write(narrow)
    await line.deliver()
    assert line.receiver.told("event-notification") == []
    stored = await services.store.read(1, "Subscription", id)
    assert stored is not None
    assert b"it needs system/Coverage.rs" in stored.body


async def test_heartbeats_come_where_nothing_else_did(line: Line) -> None:
    await line.subscribe(wish("Coverage", extension=[extension(HEARTBEAT, valueUnsignedInt=60)]))
    ((delay, wake),) = line.waiting
    assert (delay, wake.purpose) == (60, "heartbeat")
    assert 59 < await line.later() <= 60
    assert line.receiver.told("heartbeat") == [], "the handshake was a moment ago"
    line.services.store._clock = lambda: 4_000_000_000_000_000
    assert 59 < await line.later() <= 60
    (told,) = line.receiver.told("heartbeat")
    assert (events(told), parameter(told, "status")["valueCode"]) == ([], "active")
    assert [delay for delay, _ in line.waiting] == [60]


async def test_heartbeats_of_an_earlier_activation_stop(line: Line) -> None:
    id = await line.subscribe(wish("Coverage", extension=[extension(HEARTBEAT, valueUnsignedInt=60)]))
    await line.client.ask("PUT", f"Subscription/{id}", {**await line.read(id), "status": "requested"})
    await line.deliver()
    assert len(line.waiting) == 2
    await line.later()
    assert [wake.period for _, wake in line.waiting] == [2]


async def test_it_ends_when_its_end_has_come(line: Line) -> None:
    id = await line.subscribe({**wish("Coverage"), "end": "2090-01-01T00:00:00Z"})
    ((_, wake),) = line.waiting
    assert wake.purpose == "end"
    line.services.store._clock = lambda: 4_000_000_000_000_000
    await line.later()
    assert (await line.read(id))["status"] == "off"
    await line.client.create(coverage())
    assert line.wakes.made == []


async def test_a_transaction_that_fails_tells_nothing(line: Line, services: Services) -> None:
    await line.subscribe(wish("Coverage"))
    answer = await line.client.transaction(entry("POST", "Coverage", coverage()), entry("GET", "Patient/none"))
    assert answer.status_code == 404
    assert await count(services, EventRow) == 0


async def test_writes_that_no_client_makes_are_told(line: Line, services: Services) -> None:
    """As a pull does: in the store, by no interaction."""
    await line.subscribe(wish("Coverage?beneficiary=Patient/p"))

    def pull(transaction: Transaction) -> None:
        transaction.put({**coverage(), "id": "from-an-emr"})

    await services.store.write(1, pull)
    await line.deliver()
    (told,) = line.receiver.told("event-notification")
    assert told["entry"][1]["resource"]["id"] == "from-an-emr"


async def test_other_organisations_are_none_of_its_business(line: Line, services: Services) -> None:
    await line.subscribe(wish("Coverage"))
    await services.store.write(2, lambda tx: tx.put({**coverage(), "id": "southern"}))
    await line.deliver()
    assert line.receiver.told("event-notification") == []


async def test_a_delivery_cut_off_before_it_was_settled_is_repeated_with_its_number(line: Line) -> None:
    id = await line.subscribe(wish("Coverage"))
    await line.client.create(coverage())
    delivery = line.services.subscriptions.delivery
    due = await delivery._write(Wake(1, id, "events"), delivery._take)
    assert due is not None
    assert await delivery.sender.send(due.letter) is None
    await line.deliver()
    assert numbers(line.receiver.told("event-notification")) == [1, 1]


async def test_writes_at_once_are_numbered_without_gaps(line: Line) -> None:
    await line.subscribe(wish("Coverage", extension=[extension(MAX_COUNT, valuePositiveInt=10)]))
    made = await asyncio.gather(*(line.client.create(coverage(order=order)) for order in range(1, 17)))
    await line.deliver()
    told = line.receiver.told("event-notification")
    assert numbers(told) == list(range(1, 17))
    focuses = [event["focus"]["valueReference"]["reference"].split("/")[-1] for each in told for event in events(each)]
    assert sorted(focuses) == sorted(each["id"] for each in made)


async def test_a_read_is_no_news(line: Line) -> None:
    await line.subscribe(wish("Coverage"))
    await line.client.ask("POST", "", bundle(entry("GET", "Coverage"), type="batch"))
    assert line.wakes.made == []
