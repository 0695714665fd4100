"""The two forms of a patient in the API: `PatientOut` is read, and a flatter body is written.

The field table is about PatientOut. What create and update take differs in one way only: an entity `{id, name}` is
written as its uuid, under the name with `_uuid` behind it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from gateway.translation.rows import Record

UUID = "_uuid"
RELATIONS = (
    "billing_type",
    "employer",
    "fee_schedule",
    "location",
    "primary_provider",
    "responsible_party",
    "secondary_provider",
)
SCALARS = (
    "address_line1",
    "address_line2",
    "address_note",
    "allergy_review_status",
    "appointment_module_note",
    "ask_to_arrive_early_mins",
    "billing_cycle_day",
    "chart_number",
    "city",
    "consent_flags",
    "country",
    "date_first_visit",
    "date_of_birth",
    "date_time_deceased",
    "email",
    "emergency_contact_name",
    "emergency_contact_phone",
    "first_name",
    "gender",
    "home_phone",
    "last_name",
    "marital_status",
    "medicaid_id",
    "medical_summary",
    "medical_urgent_note",
    "middle_name",
    "mobile_phone",
    "postal_code",
    "preferred_confirmation_method",
    "preferred_contact_method",
    "preferred_language",
    "preferred_name",
    "premedication_required",
    "pronoun",
    "receives_email",
    "receives_sms",
    "salutation",
    "social_security_number",
    "state",
    "title",
    "treatment_notes",
    "work_phone",
)
"""What update takes besides the uuids and `base_version`. Create takes `status` and `billing_account` as well."""

IDENTITY = ("first_name", "last_name", "date_of_birth", "status")
"""What a patient is created with; push.py says why no more."""

NEVER_CLEARED = frozenset({"first_name", "last_name", *(f"{name}_uuid" for name in RELATIONS)})
"""Names are required. A reference may be absent here only because its target is not known here."""


def related(record: Record, name: str) -> Record:
    """The entity in this field; empty where there is none."""
    entity = record.get(name)
    return entity if isinstance(entity, dict) else {}


def body(record: Record) -> Record:
    """PatientOut as update would take it: what it says, and nothing that it leaves empty."""
    flat = {name: record.get(name) for name in SCALARS}
    flat |= {f"{name}_uuid": related(record, name).get("id") for name in RELATIONS}
    return {name: value for name, value in flat.items() if value is not None and value != ""}


def flat(record: Record, names: Iterable[str]) -> Record:
    """What a record says of these members of a body; an entity by its uuid."""
    told = {
        name: related(record, name[: -len(UUID)]).get("id") if name.endswith(UUID) else record.get(name)
        for name in names
    }
    return {name: value for name, value in told.items() if value is not None and value != ""}


def same(one: Any, other: Any) -> bool:
    """Whether two members of bodies say the same; a moment may be written in more than one way."""
    if one == other or not (isinstance(one, str) and isinstance(other, str)):
        return bool(one == other)
    try:
        first, second = datetime.fromisoformat(one), datetime.fromisoformat(other)
    except ValueError:
        return False
    return first.tzinfo is not None and second.tzinfo is not None and first == second


def changes(old: Record, new: Record) -> dict[str, Any]:
    """The update that makes the new record of the old one; null clears."""
    before, after = body(old), body(new)
    names = (name for name in (*SCALARS, *(f"{name}_uuid" for name in RELATIONS)))
    return {name: after.get(name) for name in names if before.get(name) != after.get(name)}


def identity(record: Record) -> Record:
    """The body of a create."""
    return {name: record[name] for name in IDENTITY if record.get(name) not in (None, "")}
