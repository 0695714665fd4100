"""The canonical URLs of the Subscriptions R5 Backport guide (1.1, for R4 servers), and our own beside them."""

from __future__ import annotations

import re
from typing import Any

from gateway.definitions.contract import Resource

SUBSCRIPTION = "Subscription"
BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport"
_STRUCTURE = f"{BACKPORT}/StructureDefinition"
PROFILE = f"{_STRUCTURE}/backport-subscription"
NOTIFICATION_PROFILE = f"{_STRUCTURE}/backport-subscription-notification-r4"
STATUS_PROFILE = f"{_STRUCTURE}/backport-subscription-status-r4"
STATUS_OPERATION = f"{BACKPORT}/OperationDefinition/backport-subscription-status"
TOPIC_EXTENSION = f"{_STRUCTURE}/capabilitystatement-subscriptiontopic-canonical"
FILTER = f"{_STRUCTURE}/backport-filter-criteria"
CONTENT = f"{_STRUCTURE}/backport-payload-content"
HEARTBEAT = f"{_STRUCTURE}/backport-heartbeat-period"
TIMEOUT = f"{_STRUCTURE}/backport-timeout"
MAX_COUNT = f"{_STRUCTURE}/backport-max-count"

OURS = "https://crosswalk.example/fhir"
TOPIC = f"{OURS}/SubscriptionTopic/resource-change"
"""The one topic: a resource of the type that the filter names was created, updated or deleted."""
SECRET = f"{OURS}/StructureDefinition/webhook-secret"
OWNER = f"{OURS}/CodeSystem/subscription-client"
"""System of the tag that names the client whose Subscription it is; see visibility.py."""

OTHER_RELEASE = re.compile(r"https?://hl7\.org/fhir/(?:[0-9]+\.[0-9]+/|uv/xver)|extension-[0-9]+\.[0-9]+-")
"""Extensions that stand in for elements of another FHIR release."""


def extensions(element: Any) -> list[dict[str, Any]]:
    """Of an element, or of a primitive's companion (`_criteria`)."""
    found = element.get("extension") if isinstance(element, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def channel_of(resource: Resource) -> dict[str, Any]:
    """Its shape is right: the validator has seen it."""
    channel: dict[str, Any] = resource["channel"]
    return channel
