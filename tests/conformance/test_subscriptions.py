"""Subscriptions on the live server: what the Subscriptions R5 Backport kit asks of an R4 server, and a CRM needs.

The tests that are of the kit bear its ids (subscriptions_r4_server_…) in their names, without that beginning.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.subscription import Subscription

from tests.blackbox.sync_world import ORG, World, until, world
from tests.conformance.hook_receiver import Notification, Receiver

pytestmark = pytest.mark.blackbox
Json = dict[str, Any]
SECRET = "the secret of a receiver on loopback"
BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition"
TOPIC = "https://crosswalk.example/fhir/SubscriptionTopic/resource-change"
SECRET_URL = "https://crosswalk.example/fhir/StructureDefinition/webhook-secret"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("subscriptions"), "internal") as made:
        yield made


@pytest.fixture(scope="module")
def hooks() -> Iterator[Receiver]:
    made = Receiver(SECRET)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def answering(hooks: Receiver) -> None:
    hooks.watch = lambda notification: 200


def extension(url: str, **value: Any) -> Json:
    return {"url": url, **value}


def wished(endpoint: str, filter: str = "Coverage?status=active", content: str = "id-only", *more: Json) -> Json:
    """As the guide's profile has it."""
    return {
        "resourceType": "Subscription",
        "meta": {"profile": [f"{BACKPORT}/backport-subscription"]},
        "status": "requested",
        "reason": "Verification of benefits",
        "criteria": TOPIC,
        "_criteria": {"extension": [extension(f"{BACKPORT}/backport-filter-criteria", valueString=filter)]},
        "channel": {
            "extension": [extension(SECRET_URL, valueString=SECRET), *more],
            "type": "rest-hook",
            "endpoint": endpoint,
            "payload": "application/fhir+json",
            "_payload": {"extension": [extension(f"{BACKPORT}/backport-payload-content", valueCode=content)]},
            "header": ["Authorization: Bearer of-the-receiver"],
        },
    }


def coverage(**more: Any) -> Json:
    return {
        "resourceType": "Coverage",
        "status": "active",
        "beneficiary": {"reference": "Patient/p"},
        "payor": [{"display": "Example Mutual"}],
        **more,
    }


class Wish:
    """A Subscription with a path of its own at the receiver."""

    def __init__(self, live: World, hooks: Receiver, filter: str, content: str, *more: Json) -> None:
        self.live, self.hooks, self.path = live, hooks, f"/{uuid4()}"
        answer = live.ask("POST", "Subscription", wished(hooks.url + self.path, filter, content, *more))
        assert answer.status_code == 201, answer.text
        self.made: Json = answer.json()
        self.id = str(self.made["id"])

    def has(self, status: str) -> Json:
        def condition() -> Json | None:
            found: Json = self.live.ask("GET", f"Subscription/{self.id}").json()
            return found if found["status"] == status else None

        found: Json = until(condition)
        return found

    def told(self, type: str, count: int = 1) -> list[Notification]:
        until(lambda: len(self.hooks.of(self.path, type)) >= count)
        return self.hooks.of(self.path, type)

    def off(self) -> None:
        found = self.live.ask("GET", f"Subscription/{self.id}").json()
        assert self.live.ask("PUT", f"Subscription/{self.id}", {**found, "status": "off"}).status_code == 200


def create(live: World, resource: Json) -> str:
    answer = live.ask("POST", resource["resourceType"], resource)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_cs_conformance_and_topic_discovery(live: World) -> None:
    statement = httpx.get(f"{live.base}/metadata").json()
    (declared,) = [each for each in statement["rest"][0]["resource"] if each["type"] == "Subscription"]
    assert f"{BACKPORT}/backport-subscription" in declared["supportedProfile"]
    topics = [e for e in declared["extension"] if e["url"].endswith("/capabilitystatement-subscriptiontopic-canonical")]
    assert [each["valueCanonical"] for each in topics] == [TOPIC]
    assert "status" in [each["name"] for each in declared["operation"]]


def test_creation_response_conformance_and_handshake_conformance(live: World, hooks: Receiver) -> None:
    wish = Wish(live, hooks, "Coverage?status=draft", "id-only")
    assert wish.made["status"] == "requested"
    Subscription.model_validate(wish.made)
    assert wish.made["channel"]["endpoint"] == hooks.url + wish.path
    (told,) = wish.told("handshake")
    assert told.parameter("status")["valueCode"] == "requested"
    assert told.headers["authorization"] == "Bearer of-the-receiver"
    conforms(told, wish.id)
    wish.has("active")


def conforms(told: Notification, id: str) -> None:
    """What holds of every notification."""
    Bundle.model_validate(told.bundle)
    assert told.headers["content-type"].startswith("application/fhir+json")
    assert told.headers["x-request-id"]
    assert (told.bundle["resourceType"], told.bundle["type"]) == ("Bundle", "history")
    first = told.bundle["entry"][0]
    assert first["resource"]["resourceType"] == "Parameters"
    assert first["request"]["url"].endswith(f"Subscription/{id}/$status")
    assert all(entry["request"]["method"] and entry["response"]["status"] for entry in told.bundle["entry"])
    assert told.parameter("subscription")["valueReference"]["reference"].endswith(f"Subscription/{id}")


@pytest.mark.parametrize("content", ["empty", "id-only", "full-resource"])
def test_empty_id_only_and_full_resource_conformance(live: World, hooks: Receiver, content: str) -> None:
    order = {"empty": 1, "id-only": 2, "full-resource": 3}[content]
    system = f"urn:kit:{content}"
    wish = Wish(live, hooks, f"Coverage?identifier={system}|", content)
    wish.has("active")
    made = create(live, coverage(identifier=[{"system": system, "value": "1"}], order=order))
    (told,) = wish.told("event-notification")
    conforms(told, wish.id)
    assert told.parameter("status")["valueCode"] == "active"
    assert told.parameter("events-since-subscription-start")["valueString"] == "1"
    (event,) = told.events
    entries = told.bundle["entry"][1:]
    if content == "empty":
        assert not {"focus", "additional-context"} & event.keys()
        assert (entries, told.parameter("topic")) == ([], {})
        return
    assert event["focus"]["valueReference"]["reference"] == f"{live.base}/Coverage/{made}"
    assert [entry["fullUrl"] for entry in entries] == [f"{live.base}/Coverage/{made}"]
    if content == "full-resource":
        assert told.parameter("topic")["valueCanonical"] == TOPIC
        assert entries[0]["resource"] == live.ask("GET", f"Coverage/{made}").json()
    else:
        assert "resource" not in entries[0]


def test_heartbeat_conformance(live: World, hooks: Receiver) -> None:
    period = extension(f"{BACKPORT}/backport-heartbeat-period", valueUnsignedInt=1)
    wish = Wish(live, hooks, "Coverage?status=draft", "empty", period)
    first, second = wish.told("heartbeat", 2)[:2]
    wish.off()
    conforms(first, wish.id)
    assert (first.parameter("status")["valueCode"], first.events) == ("active", [])
    assert 0.9 < second.at - first.at < 10


def test_status_invocation(live: World, hooks: Receiver) -> None:
    wish = Wish(live, hooks, "Coverage?status=draft", "id-only")
    wish.has("active")
    for method in ("GET", "POST"):
        answer = live.ask(method, f"Subscription/{wish.id}/$status")
        assert answer.status_code == 200, answer.text
        found = answer.json()
        Bundle.model_validate(found)
        assert found["type"] == "searchset"
        (entry,) = found["entry"]
        values = {each["name"]: each for each in entry["resource"]["parameter"]}
        assert values["type"]["valueCode"] == "query-status"
        assert values["status"]["valueCode"] == "active"
    several = live.ask("GET", f"Subscription/$status?id={wish.id}").json()
    assert several["total"] == 1


REJECTED: list[tuple[str, Json]] = [
    ("channel_endpoint", {"endpoint": "unsupported"}),
    ("channel_type", {"type": "websocket"}),
    ("channel_payload_combo", {"type": "email", "payload": "text/plain"}),
    ("payload_type", {"payload": "application/pdf"}),
]


@pytest.mark.parametrize(("name", "channel"), REJECTED, ids=[name for name, _ in REJECTED])
def test_reject_subscription_channel(live: World, hooks: Receiver, name: str, channel: Json) -> None:
    made = wished(hooks.url)
    rejected(live, {**made, "channel": {**made["channel"], **channel}}, "Subscription.channel")


def test_reject_subscription_filter(live: World, hooks: Receiver) -> None:
    rejected(live, wished(hooks.url, "Coverage?favourite-colour=blue"), "Subscription.criteria")


def test_reject_subscription_topic(live: World, hooks: Receiver) -> None:
    made = {**wished(hooks.url), "criteria": "http://topics.example/SubscriptionTopic/unknown"}
    rejected(live, made, "Subscription.criteria")


def test_reject_subscription_cross_version_extension(live: World, hooks: Receiver) -> None:
    url = "http://hl7.org/fhir/5.0/subscriptions-backport/StructureDefinition/backport-filter-criteria"
    filter = extension(url, valueString="Encounter?patient=Patient/123")
    rejected(live, {**wished(hooks.url), "_criteria": {"extension": [filter]}}, "Subscription.criteria")
    topic = extension("http://hl7.org/fhir/5.0/StructureDefinition/extension-Subscription.topic", valueUri=TOPIC)
    rejected(live, {**wished(hooks.url), "extension": [topic]}, "Subscription.extension")


def rejected(live: World, made: Json, place: str) -> None:
    answer = live.ask("POST", "Subscription", made)
    assert answer.status_code in (400, 422), answer.text
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome"
    assert outcome["issue"][0]["expression"][0].startswith(place)


def test_a_receiver_with_another_secret_takes_nothing(live: World) -> None:
    other = Receiver("not the secret of the Subscription")
    try:
        wish = Wish(live, other, "Coverage?status=draft", "empty")
        assert wish.has("error")["error"].endswith("The endpoint answered with status 401")
        assert (other.taken, other.forged >= 1) == ([], True)
    finally:
        other.close()


def test_redirects_are_not_followed(live: World, hooks: Receiver) -> None:
    hooks.watch = lambda told: 302
    wish = Wish(live, hooks, "Coverage?status=draft", "empty")
    assert wish.has("error")["error"].endswith("status 302")
    assert hooks.of("/elsewhere", "handshake") == []


def test_a_receiver_that_was_down_gets_what_it_missed_in_order(live: World, hooks: Receiver) -> None:
    wish = Wish(live, hooks, "Coverage?identifier=urn:kit:down|", "id-only")
    wish.has("active")
    refusals: list[list[int]] = []

    def watch(told: Notification) -> int:
        if told.path == wish.path and not refusals:
            refusals.append(told.numbers)
            return 503
        return 200

    hooks.watch = watch
    for value in "123":
        create(live, coverage(identifier=[{"system": "urn:kit:down", "value": value}]))
    told = wish.told("event-notification", 3)
    assert refusals == [[1]]
    assert [number for each in told for number in each.numbers] == [1, 2, 3]


def test_a_server_killed_during_a_delivery_repeats_it_with_its_number(live: World, hooks: Receiver) -> None:
    wish = Wish(live, hooks, "Coverage?identifier=urn:kit:killed|", "id-only")
    wish.has("active")
    happened = threading.Event()
    heard: list[int] = []

    def watch(told: Notification) -> int:
        if told.path == wish.path and told.type == "event-notification":
            heard.extend(told.numbers)
            if not happened.is_set():
                live.kill()
                happened.set()
                return 503
        return 200

    hooks.watch = watch
    made = create(live, coverage(identifier=[{"system": "urn:kit:killed", "value": "1"}]))
    assert happened.wait(30)
    live.serve()
    (told,) = wish.told("event-notification")
    assert (heard, told.numbers) == ([1, 1], [1])
    assert told.events[0]["focus"]["valueReference"]["reference"].endswith(f"Coverage/{made}")
    create(live, coverage(identifier=[{"system": "urn:kit:killed", "value": "2"}]))
    assert wish.told("event-notification", 2)[-1].numbers == [2]


def test_a_failed_transaction_tells_nothing(live: World, hooks: Receiver) -> None:
    wish = Wish(live, hooks, "Coverage?identifier=urn:kit:rollback|", "id-only")
    wish.has("active")
    body = coverage(identifier=[{"system": "urn:kit:rollback", "value": "1"}])
    entries = [
        {"request": {"method": "POST", "url": "Coverage"}, "resource": body},
        {"request": {"method": "GET", "url": "Patient/nobody"}},
    ]
    failed = live.ask("POST", "", {"resourceType": "Bundle", "type": "transaction", "entry": entries})
    assert failed.status_code == 404
    create(live, {**body, "order": 7})
    (told,) = wish.told("event-notification")
    assert told.numbers == [1], "the one that failed has taken no number"


def test_a_pull_from_an_emr_tells(live: World, hooks: Receiver) -> None:
    wish = Wish(live, hooks, "Patient?_lastUpdated=ge2020-01-01", "id-only")
    wish.has("active")
    pulled = live.do("connection", "pull", "--org", ORG, "internal")
    assert pulled["created"] + pulled["updated"] > 0, pulled
    told = wish.told("event-notification", 1)
    assert "/Patient/" in told[0].events[0]["focus"]["valueReference"]["reference"]
    wish.off()


def test_a_write_of_what_nobody_wants_is_told_nobody(live: World, hooks: Receiver) -> None:
    wish = Wish(live, hooks, "Coverage?identifier=urn:kit:wanted|", "id-only")
    wish.has("active")
    create(live, coverage(identifier=[{"system": "urn:kit:other", "value": "1"}]))
    create(live, coverage(identifier=[{"system": "urn:kit:wanted", "value": "1"}]))
    (told,) = wish.told("event-notification")
    assert told.numbers == [1]
    assert time.monotonic() - told.at < 60
