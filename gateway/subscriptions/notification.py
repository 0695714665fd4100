"""Notifications: history Bundles whose first entry tells the state of the Subscription (backport guide, R4).

The state is a Parameters resource of the profile backport-subscription-status-r4; $status answers with the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import msgspec

from gateway.definitions.contract import Resource
from gateway.formats import FHIR_XML
from gateway.store.document import encode, instant
from gateway.subscriptions.channel import EMPTY, FULL
from gateway.subscriptions.names import NOTIFICATION_PROFILE, STATUS_PROFILE, SUBSCRIPTION
from gateway.xml.encode import xml_from_json

HANDSHAKE, HEARTBEAT, EVENTS, QUERY = "handshake", "heartbeat", "event-notification", "query-status"


@dataclass(frozen=True, slots=True)
class Event:
    """A version that was written, and its number in the Subscription."""

    number: int
    type: str
    id: str
    version: int
    deleted: bool
    time: int
    body: bytes
    """Empty where it is not to be sent."""


@dataclass(frozen=True, slots=True)
class State:
    """A Subscription as notifications tell it."""

    base: str
    id: str
    status: str
    topic: str | None
    content: str
    events: int
    """Since it started; inclusive of those that are told with it."""
    error: str | None = None

    @property
    def url(self) -> str:
        return f"{self.base}/{SUBSCRIPTION}/{self.id}"


def status_parameters(state: State, type: str, events: Sequence[Event] = ()) -> Resource:
    parameters: list[dict[str, Any]] = [{"name": "subscription", "valueReference": {"reference": state.url}}]
    if state.topic is not None and (state.content != EMPTY or type == QUERY):
        # An empty notification says nothing that could be told from its topic.
        parameters.append({"name": "topic", "valueCanonical": state.topic})
    parameters += [
        {"name": "status", "valueCode": state.status},
        {"name": "type", "valueCode": type},
        {"name": "events-since-subscription-start", "valueString": str(state.events)},
        *({"name": "notification-event", "part": _parts(state, event)} for event in events),
    ]
    if state.error is not None:
        parameters.append({"name": "error", "valueCodeableConcept": {"text": state.error}})
    return {
        "resourceType": "Parameters",
        "id": str(uuid4()),
        "meta": {"profile": [STATUS_PROFILE]},
        "parameter": parameters,
    }


def _parts(state: State, event: Event) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = [
        {"name": "event-number", "valueString": str(event.number)},
        {"name": "timestamp", "valueInstant": instant(event.time)},
    ]
    if state.content != EMPTY:
        parts.append({"name": "focus", "valueReference": {"reference": f"{state.base}/{event.type}/{event.id}"}})
    return parts


def notification(state: State, type: str, now: int, events: Sequence[Event] = ()) -> Resource:
    """The Bundle that is sent."""
    told = status_parameters(state, type, events)
    first = {
        "fullUrl": f"urn:uuid:{told['id']}",
        "resource": told,
        "request": {"method": "GET", "url": f"{state.url}/$status"},
        "response": {"status": "200"},
    }
    entries = [] if state.content == EMPTY else [_entry(state, event) for event in events]
    return {
        "resourceType": "Bundle",
        "id": str(uuid4()),
        "meta": {"profile": [NOTIFICATION_PROFILE]},
        "type": "history",
        "timestamp": instant(now),
        "entry": [first, *entries],
    }


def _entry(state: State, event: Event) -> dict[str, Any]:
    """As the history of the resource tells the version; see interactions/history.py."""
    place, first = f"{event.type}/{event.id}", event.version == 1
    method = "DELETE" if event.deleted else "POST" if first else "PUT"
    entry: dict[str, Any] = {"fullUrl": f"{state.base}/{place}"}
    if state.content == FULL and event.body:
        entry["resource"] = msgspec.Raw(event.body)
    entry["request"] = {"method": method, "url": event.type if method == "POST" else place}
    entry["response"] = {"status": "204" if event.deleted else "201" if first else "200"}
    return entry


def written(bundle: Resource, mime: str) -> bytes:
    """The bytes that are signed and sent."""
    body = encode(bundle)
    return xml_from_json(body) if mime == FHIR_XML else body
