"""Subscriptions as clients write them."""

from __future__ import annotations

from typing import Any

from gateway.subscriptions.names import CONTENT, FILTER, SECRET, TOPIC

ENDPOINT = "https://crm.example/hooks/coverage"
SECRET_TEXT = "a secret of the receiver's own"
FHIR_JSON = "application/fhir+json"
Json = dict[str, Any]


def extension(url: str, **value: Any) -> Json:
    return {"url": url, **value}


def wish(criteria: str = "Coverage?status=active", **channel: Any) -> Json:
    """A plain R4 one, which asks for the whole resource."""
    return {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "Verify benefits when a coverage changes",
        "criteria": criteria,
        "channel": {"type": "rest-hook", "endpoint": ENDPOINT, "payload": FHIR_JSON, **channel},
    }


def topical(filter: str = "Coverage?status=active", content: str | None = "id-only", **channel: Any) -> Json:
    """By topic, as the backport guide has it."""
    made = wish(TOPIC, **channel)
    made["_criteria"] = {"extension": [extension(FILTER, valueString=filter)]}
    if content is not None:
        made["channel"]["_payload"] = {"extension": [extension(CONTENT, valueCode=content)]}
    return made


def with_secret(wished: Json, secret: str = SECRET_TEXT) -> Json:
    channel = wished["channel"]
    others = [each for each in channel.get("extension", []) if each["url"] != SECRET]
    return {**wished, "channel": {**channel, "extension": [*others, extension(SECRET, valueString=secret)]}}


def secret_of(subscription: Json) -> str | None:
    found = [each["valueString"] for each in subscription["channel"].get("extension", []) if each["url"] == SECRET]
    return found[0] if found else None


def coverage(**more: Any) -> Json:
    return {
        "resourceType": "Coverage",
        "status": "active",
        "beneficiary": {"reference": "Patient/p"},
        "payor": [{"display": "Example Mutual"}],
        **more,
    }
