"""The facts of a patient that take a function pair: one FHIR element for several fields of the API, or the reverse."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from gateway.canonical import US_CORE, extension_url
from gateway.translation.codec import Unreadable
from gateway.translation.path import get, parse
from gateway.translation.rows import Bindings, Pair, Record, Resource
from translators.internal.vocabulary import DATA_ABSENT_REASON, SNOMED

GENDER_IDENTITY = f"{US_CORE}us-core-genderIdentity"
PATIENT_STATUS = extension_url("patient-status")
CONTACT_ROLE = "http://terminology.hl7.org/CodeSystem/v2-0131"

ACTIVE = {"active": True, "prospective": True, "inactive": False, "archived": False, "deceased": None}
"""The API's lifecycle status → Patient.active; of the dead it says nothing."""
_GENDERS = {
    "female": "female",
    "male": "male",
    "other": "other",
    "unknown": "unknown",
    "non_binary": "other",
    "prefer_not_to_say": "unknown",
}
_IDENTITIES = {
    "non_binary": {"system": SNOMED, "code": "33791000087105", "display": "Identifies as nonbinary gender (finding)"},
    "prefer_not_to_say": {"system": DATA_ABSENT_REASON, "code": "asked-declined", "display": "Asked But Declined"},
}
_IDENTITY = parse(
    f"extension[url={GENDER_IDENTITY},valueCodeableConcept.text=non_binary|prefer_not_to_say].valueCodeableConcept.text"
)
_STATUS = parse(f"extension[url={PATIENT_STATUS}].valueCode")
_EMERGENCY = parse("contact[relationship.coding.code=C]")


def _read_gender(record: Record, resource: Resource, bindings: Bindings) -> None:
    value = record.get("gender")
    if value is None:
        return
    if not isinstance(value, str) or value not in _GENDERS:
        raise Unreadable("expected one of the API's genders")
    resource["gender"] = _GENDERS[value]
    if value in _IDENTITIES:
        concept = {"coding": [dict(_IDENTITIES[value])], "text": value}
        resource["extension"] = [{"url": GENDER_IDENTITY, "valueCodeableConcept": concept}]


def _write_gender(resource: Resource, record: Record, bindings: Bindings) -> None:
    gender, identity = resource.get("gender"), get(resource, _IDENTITY)
    if gender is None:
        return
    if not isinstance(gender, str) or gender not in _GENDERS:
        raise Unreadable("expected an administrative gender")
    record["gender"] = identity if isinstance(identity, str) and _GENDERS.get(identity) == gender else gender


GENDER = Pair(
    ("gender",),
    ("gender", f"extension[url={GENDER_IDENTITY},valueCodeableConcept.text=non_binary|prefer_not_to_say]"),
    _read_gender,
    _write_gender,
)


def _implied(active: Any, deceased: Any) -> str | None:
    """The lifecycle status that R4's own elements speak of."""
    if deceased:
        return "deceased"
    return None if active is None else "active" if active else "inactive"


def _is_status(value: Any) -> bool:
    return isinstance(value, str) and value in ACTIVE


def _zoned(value: Any) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False


def _read_lifecycle(record: Record, resource: Resource, bindings: Bindings) -> None:
    status, died = record.get("status"), record.get("date_time_deceased")
    if not (status is None or _is_status(status)) or not (died is None or _zoned(died)):
        raise Unreadable("expected one of the API's statuses, and a time with a zone")
    if died is not None:
        resource["deceasedDateTime"] = died
    elif status == "deceased":
        resource["deceasedBoolean"] = True
    if status is None:
        return
    if ACTIVE[status] is not None:
        resource["active"] = ACTIVE[status]
    if _implied(resource.get("active"), died or status == "deceased") != status:
        resource["extension"] = [{"url": PATIENT_STATUS, "valueCode": status}]


def _write_lifecycle(resource: Resource, record: Record, bindings: Bindings) -> None:
    died, active, exact = resource.get("deceasedDateTime"), resource.get("active"), get(resource, _STATUS)
    implied = _implied(active, died or resource.get("deceasedBoolean"))
    status = exact if _is_status(exact) and ACTIVE[exact] == active else implied
    if status is not None:
        record["status"] = status
    if died is not None and _zoned(died):
        record["date_time_deceased"] = died


LIFECYCLE = Pair(
    ("status", "date_time_deceased"),
    ("active", "deceasedBoolean", "deceasedDateTime", f"extension[url={PATIENT_STATUS}]"),
    _read_lifecycle,
    _write_lifecycle,
)
"""`prospective` and `archived` have no R4 element: they, and contradictions, keep the exact status in an extension."""


def full_name(name: dict[str, Any]) -> str | None:
    """A HumanName in one string."""
    parts = [*name.get("given", ()), name.get("family")]
    return name.get("text") or " ".join(part for part in parts if part) or None


def _read_emergency(record: Record, resource: Resource, bindings: Bindings) -> None:
    name, phone = record.get("emergency_contact_name"), record.get("emergency_contact_phone")
    if not name and not phone:
        return
    if not isinstance(name or "", str) or not isinstance(phone or "", str):
        raise Unreadable("expected text")
    contact: dict[str, Any] = {"relationship": [{"coding": [{"system": CONTACT_ROLE, "code": "C"}]}]}
    if name:
        contact["name"] = {"text": name}
    if phone:
        contact["telecom"] = [{"system": "phone", "value": phone}]
    resource["contact"] = [contact]


def _write_emergency(resource: Resource, record: Record, bindings: Bindings) -> None:
    contact = get(resource, _EMERGENCY) or {}
    name = full_name(contact.get("name", {}))
    phones = [t["value"] for t in contact.get("telecom", ()) if t.get("system") == "phone" and t.get("value")]
    if name:
        record["emergency_contact_name"] = name
    if phones:
        record["emergency_contact_phone"] = phones[0]


EMERGENCY_CONTACT = Pair(
    ("emergency_contact_name", "emergency_contact_phone"),
    ("contact[relationship.coding.code=C]",),
    _read_emergency,
    _write_emergency,
)
"""v2-0131 code C. The API has one name string: a split name goes out joined."""
