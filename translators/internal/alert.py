"""Alert: the field table of `PatientAlertOut`.

What an alert says is the name of its definition; the definition itself is an entry of a catalogue (definition.py). A
Flag that was made without one is shown by its code, as allergies are (wording.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.canonical import extension_url
from gateway.translation.codec import INSTANT, INTEGER, Unreadable
from gateway.translation.lens import Interaction, ResourceMap
from gateway.translation.path import get, parse
from gateway.translation.rows import Bindings, Field, Pair, Record, Resource
from translators.internal.facts import ID, own, related
from translators.internal.vocabulary import same
from translators.internal.wording import ABSENT, DAY, catalogued

FLAG_PRIORITY = "http://hl7.org/fhir/StructureDefinition/flag-priority"
PRIORITY_CODES = "http://hl7.org/fhir/flag-priority-code"
ALERT_STATUS = extension_url("alert-status")
SCOPE = same("patient", "family")
STATUSES: Mapping[str, str] = {"active": "active", "disabled": "inactive", "archived": "inactive"}
"""The API's status → Flag.status."""
UNSAID: Mapping[str, Any] = {"alert_scope": "patient", "is_urgent": False, "status": "active"}
"""What an alert of another system, which does not say it, is shown with."""

_STATUS = parse(f"extension[url={ALERT_STATUS}].valueCode")
_PRIORITY = parse(f"extension[url={FLAG_PRIORITY}].valueCodeableConcept.coding")
_URGENT = {"coding": [{"system": PRIORITY_CODES, "code": "PH", "display": "High priority"}]}


def _read_status(record: Record, resource: Resource, bindings: Bindings) -> None:
    status = record.get("status")
    resource["status"] = STATUSES.get(status, "active") if isinstance(status, str) else "active"
    if status == "archived":
        resource["extension"] = [{"url": ALERT_STATUS, "valueCode": status}]


def _write_status(resource: Resource, record: Record, bindings: Bindings) -> None:
    status = resource.get("status")
    if status == "entered-in-error":
        record["status"] = "archived"
    elif status == "inactive":
        record["status"] = "archived" if get(resource, _STATUS) == "archived" else "disabled"
    elif status == "active":
        record["status"] = "active"


STATUS = Pair(("status",), ("status", f"extension[url={ALERT_STATUS}]"), _read_status, _write_status)
"""An alert of a status that is not known is shown rather than hidden. A Flag that was entered in error is archived."""


def _read_urgency(record: Record, resource: Resource, bindings: Bindings) -> None:
    is_urgent = record.get("is_urgent")
    if not isinstance(is_urgent or False, bool):
        raise Unreadable("expected true or false")
    if is_urgent:
        resource["extension"] = [{"url": FLAG_PRIORITY, "valueCodeableConcept": _URGENT}]


def _write_urgency(resource: Resource, record: Record, bindings: Bindings) -> None:
    codings = get(resource, _PRIORITY) or ()
    record["is_urgent"] = any(
        coding.get("code") == "PH" and coding.get("system") in (PRIORITY_CODES, None) for coding in codings
    )


URGENCY = Pair(("is_urgent",), (f"extension[url={FLAG_PRIORITY}]",), _read_urgency, _write_urgency)
"""The priority "high" of HL7's extension. The others are not urgent, and stay as they are until somebody says more."""


_ENTRY = catalogued("alert_definition", "Basic", extension_url("alert-definition"))


def _read_kind(record: Record, resource: Resource, bindings: Bindings) -> None:
    """R4 demands a code (Flag.code, 1..1): an alert of a definition that cannot be read is one of an unknown kind."""
    try:
        _ENTRY.decode(record, resource, bindings)
    except Unreadable:
        resource.clear()
    resource.setdefault("code", {"coding": [dict(ABSENT)]})


KIND = Pair(_ENTRY.vendor, _ENTRY.fhir, _read_kind, _ENTRY.encode)

ALERT = ResourceMap(
    "Flag",
    frozenset({Interaction.READ, Interaction.CREATE, Interaction.UPDATE}),
    (
        ID,
        *related("patient", "subject", "Patient"),
        KIND,
        STATUS,
        own("alert_scope", "alert-scope", "valueCode", SCOPE),
        URGENCY,
        own("note", "note", "valueString"),
        Field("disable_on", "period.end", DAY),
        own("date_disabled", "disabled-at", "valueDateTime", INSTANT),
        own("created_by", "created-by", "valueInteger", INTEGER),
    ),
)
