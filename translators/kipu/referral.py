"""The outbound referral that KIPU's "Discharging To" stands for, and what else of a stay is told beside its resources.

An order is known by its stay and KIPU's key of the destination, or by the name where no key is shown: a destination
that is renamed is still the same order. The record of an order is what the patient's document says of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from gateway.canonical import CANONICAL
from gateway.translation.contract import Account, DischargeLock, Part, Referral, Stay
from gateway.translation.lens import ResourceMap
from gateway.translation.rows import Field, Record, Way
from translators.kipu import casefile
from translators.kipu.document import fields
from translators.kipu.keyed import key_of
from translators.kipu.terms import WHEN

LOCK = DischargeLock("chart-update", "Patient Discharged: EMR Updates Locked")
SNOMED = "http://snomed.info/sct"
CATEGORY = {"system": f"{CANONICAL}CodeSystem/service-request-category", "code": "outbound-referral"}
REFERRED = {"coding": [{"system": SNOMED, "code": "3457005", "display": "Patient referral"}], "text": "Referral"}

REFERRAL = ResourceMap(
    "ServiceRequest",
    frozenset(),
    (
        Field("status", "status", way=Way.READ),
        Field("discharge_or_transition_name", "performer[0].display", way=Way.READ),
        key_of("discharge_or_transition_id", "performer[0].identifier"),
        Field("discharge_date", "occurrenceDateTime", WHEN, Way.READ),
    ),
    constants={
        "intent": "order",
        "category": [{"coding": [{**CATEGORY, "display": "Outbound referral"}], "text": "Outbound referral"}],
        "code": REFERRED,
    },
)
REFERRAL_LEAVES = fields("status discharge_or_transition_name discharge_or_transition_id discharge_date")
"""What the patient's document says of a destination, and whether it still does."""
REFERRALS: tuple[Record, ...] = (
    {
        "status": "active",
        "discharge_or_transition_name": "Lakeside Outpatient Program",
        "discharge_or_transition_id": "4",
        "discharge_date": "2025-05-20T17:30:00.000Z",
    },
    {"status": "revoked", "discharge_or_transition_name": "Cedar Sober Living"},
)
SAID = ("discharge_or_transition_name", "discharge_or_transition_id", "discharge_date")


def destination(record: Mapping[str, Any]) -> str | None:
    """The key of the Organization that a stay discharges to; None where "Discharging To" is empty."""
    number, name = (str(record.get(f"discharge_or_transition_{what}") or "").strip() for what in ("id", "name"))
    if number:
        return f"destination-id:{number}"
    return f"destination:{name}" if name else None


def stay(account: Account, record: Record, patient: str, facility: str | None) -> Stay:
    """`patient`, `facility`: the keys of those parts of the chart."""
    to = _referral(account, record, patient, facility)
    ended = bool(record.get("discharge_date"))
    return Stay(str(record["casefile_id"]), changed(record), casefile.number(record), ended, to, LOCK)


def _referral(account: Account, record: Record, patient: str, facility: str | None) -> Referral:
    lens, to = REFERRAL.bound(account.bindings), destination(record)
    if to is None:
        return Referral(None, lens, {"status": "revoked"})
    key = str(record["casefile_id"])
    references = {"subject": f"emr:Patient/{patient}", "encounter": f"emr:Encounter/{key}"}
    if record.get("discharge_or_transition_name"):
        references["performer[0]"] = f"emr:Organization/{to}"
    if facility:
        references["requester"] = f"emr:Organization/{facility}"
    said = {"status": "active", **{name: record[name] for name in SAID if record.get(name) not in (None, "")}}
    return Referral(Part(lens, f"{key}/{to}", said, references), lens, {"status": "revoked"})


def changed(record: Mapping[str, Any]) -> datetime | None:
    """When KIPU last changed the chart; None where that cannot be told, so that nothing is taken for outdated."""
    try:
        moment = datetime.fromisoformat(str(record.get("last_updated_at") or ""))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
