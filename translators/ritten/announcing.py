"""What Ritten's webhooks say. They are unsigned, so that nothing of them is taken as true but whom to read.

Ritten's staff sets a clinic's subscription up, for one address or for several: every printed address takes all six
types, and which of them was heard is told from the body. A type that is not known yet is read by the same rule.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from gateway.faults import Malformed
from gateway.translation.announced import Heard

TYPES = {
    "patient.created": "patient-created",
    "patient.admit": "patient-admit",
    "patient.transfer": "patient-transfer",
    "patient.discharge": "patient-discharge",
    "case.created": "case-created",
    "case.status.update": "case-status-update",
}
"""Ritten's name → the webhook's name in its address."""
WEBHOOKS = tuple(TYPES.values())
INCIDENTAL = frozenset({"patient-transfer", "case-created", "case-status-update"})
"""A clinic may never move anybody, or not use the cases of Ritten's CRM."""
PATIENTS = ("patientId", "personSeekingTreatmentId")
KEY = re.compile(r"[0-9A-Za-z-]{1,64}")


def heard(body: bytes) -> Heard:
    """Raises Malformed where it is no webhook of Ritten's."""
    try:
        told = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        raise Malformed("The body is not JSON; a webhook of Ritten's is an object with `type` and `data`") from None
    if not isinstance(told, dict) or not isinstance(told.get("type"), str) or not isinstance(told.get("data"), dict):
        raise Malformed("A webhook of Ritten's is an object with a text `type` and an object `data`", "type", "data")
    keys = tuple(dict.fromkeys(key for name in PATIENTS if (key := told["data"].get(name)) and _is_key(key)))
    return Heard(TYPES.get(told["type"]), keys)


def named(body: bytes) -> tuple[str, ...]:
    """The same, of whatever form the body is."""
    try:
        return heard(body).keys
    except Malformed:
        return ()


def _is_key(value: Any) -> bool:
    return isinstance(value, str) and KEY.fullmatch(value) is not None
