"""Medication: the field table of the API's patient medications, as MedicationStatement.

R4 takes a reference to a Medication or a concept, not both. A catalogue entry is the reference; what the staff wrote
beside it, in words or as an RxNorm code, stands in an extension then.
"""

from __future__ import annotations

from typing import Any

from gateway.canonical import extension_url
from gateway.translation.codec import Codec, Unreadable
from gateway.translation.lens import ResourceMap
from gateway.translation.path import get, parse
from gateway.translation.rows import Bindings, Field, Pair, Record, Resource
from translators.internal.facts import DELETED_AT, ID, related
from translators.internal.vocabulary import reference
from translators.internal.wording import (
    ABSENT,
    CODE,
    RXNORM,
    TERM,
    coding_words,
    date_of,
    day_in,
    flag,
    key_in,
    text_of,
    worded,
    words,
)

DESCRIPTION = extension_url("medication-description")
_DESCRIBED = parse(f"extension[url={DESCRIPTION}].valueCodeableConcept")
_KEY, _NAME = parse("medication_definition.id"), parse("medication_definition.name")

_STATUSES = {"active": "active", "completed": "completed", "discontinued": "stopped", "on_hold": "on-hold"}
_BACK = {code: status for status, code in _STATUSES.items()} | {"intended": "active", "not-taken": "discontinued"}


def _read_status(record: Record, resource: Resource, bindings: Bindings) -> None:
    status = record.get("status")
    resource["status"] = _STATUSES.get(status, "unknown") if isinstance(status, str) else "unknown"


def _write_status(resource: Resource, record: Record, bindings: Bindings) -> None:
    if status := _BACK.get(resource.get("status", "")):
        record["status"] = status


STATUS = Pair(("status",), ("status",), _read_status, _write_status)
"""R4 demands a status: the API's null is `unknown`. What is to be taken soon counts as taken, the safer word."""


def _said(value: Any) -> str | None:
    return value if value and isinstance(value, str) else None


def _concept(described: str | None, rx_cui: str | None) -> Resource:
    """What is no code stands where its name would."""
    kind = "code" if rx_cui and CODE.fullmatch(rx_cui) else "display"
    coding = {"coding": [{"system": RXNORM, kind: rx_cui}]} if rx_cui else {}
    return coding | ({"text": described} if described else {})


def _entry(record: Record, bindings: Bindings) -> Resource | None:
    try:
        target = {"reference": reference("Medication")(bindings).decode(get(record, _KEY))}
    except Unreadable:
        return None
    name = _said(get(record, _NAME))
    return target | ({"display": name} if name else {})


def _read_what(record: Record, resource: Resource, bindings: Bindings) -> None:
    """Refuses nothing: without a readable word it is a medication that nobody knows, as R4 demands one."""
    entry, concept = _entry(record, bindings), _concept(_said(record.get("med_descript")), _said(record.get("rx_cui")))
    if entry is None:
        resource["medicationCodeableConcept"] = concept or {"coding": [dict(ABSENT)]}
        return
    resource["medicationReference"] = entry
    if concept:
        resource["extension"] = [{"url": DESCRIPTION, "valueCodeableConcept": concept}]


def _write_what(resource: Resource, record: Record, bindings: Bindings) -> None:
    entry = resource.get("medicationReference") or {}
    key = key_in(entry, "Medication", bindings)
    if key:
        display = entry.get("display")
        record["medication_definition"] = {"id": key} | ({"name": display} if display else {})
        concept = get(resource, _DESCRIBED)
    else:
        concept = resource.get("medicationCodeableConcept") or _within(resource, entry)
    rx_cui = coding_words(concept, RXNORM)
    described = words(concept)
    told = {"rx_cui": rx_cui, "med_descript": (concept or {}).get("text") if described == rx_cui else described}
    record.update({name: value for name, value in told.items() if value})


def _within(resource: Resource, entry: Resource) -> Resource | None:
    """What a contained Medication says that it is; else what its reference is shown as."""
    contained = resource.get("contained", ())
    named = f"{entry.get('reference')}"
    code = next((each.get("code") for each in contained if f"#{each.get('id')}" == named), None)
    return code or ({"text": entry["display"]} if entry.get("display") else None)


WHAT = Pair(
    ("medication_definition.id", "medication_definition.name", "med_descript", "rx_cui"),
    ("medicationReference", "medicationCodeableConcept", f"extension[url={DESCRIPTION}]"),
    _read_what,
    _write_what,
)


def _read_period(record: Record, resource: Resource, bindings: Bindings) -> None:
    start, stop = date_of(record.get("date_start")), date_of(record.get("date_stop"))
    if start and stop and stop < start:
        raise Unreadable("expected a stop that is not before the start")
    if start or stop:
        resource["effectivePeriod"] = ({"start": start} if start else {}) | ({"end": stop} if stop else {})


def _write_period(resource: Resource, record: Record, bindings: Bindings) -> None:
    period: Any = resource.get("effectivePeriod") or {"start": resource.get("effectiveDateTime")}
    if start := day_in(period.get("start")):
        record["date_start"] = start
    if stop := day_in(period.get("end")):
        record["date_stop"] = stop


PERIOD = Pair(
    ("date_start", "date_stop"),
    ("effectivePeriod.start", "effectivePeriod.end", "effectiveDateTime"),
    _read_period,
    _write_period,
)


def _from_frequency(value: Any) -> Resource:
    return {"code": TERM.decode(value)}


def _to_frequency(timing: Any) -> str:
    return str(TERM.encode(timing.get("code") if isinstance(timing, dict) else None))


FREQUENCY = Codec(_from_frequency, _to_frequency)
"""Another frequency takes a structured timing away, which would contradict it."""


def _read_dosage(record: Record, resource: Resource, bindings: Bindings) -> None:
    if said := text_of(record.get("dosage")):
        resource["dosage"] = [{"text": said}]


def _write_dosage(resource: Resource, record: Record, bindings: Bindings) -> None:
    dosage: Resource = next(iter(resource.get("dosage", ())), {})
    amount = get(dosage, parse("doseAndRate[0].doseQuantity")) or {}
    unit = amount.get("unit") or amount.get("code")
    measured = f"{amount['value']} {unit}" if unit and "value" in amount else None
    if said := dosage.get("text") or measured:
        record["dosage"] = said


DOSAGE = Pair(("dosage",), ("dosage[0].text", "dosage[0].doseAndRate"), _read_dosage, _write_dosage)
"""A structured dose is told in words; other words take its place."""

MEDICATION = ResourceMap(
    "MedicationStatement",
    frozenset(),
    (
        ID,
        *related("patient", "subject", "Patient"),
        WHAT,
        STATUS,
        worded("discontinuation_reason", "statusReason[0]"),
        PERIOD,
        DOSAGE,
        Field("frequency", "dosage[0].timing", FREQUENCY),
        Field("route", "dosage[0].route", TERM),
        *related("provider", "informationSource", "Practitioner"),
        flag("is_cpoe", extension_url("is-cpoe")),
        Field("patient_note", "note[0].text"),
        DELETED_AT,
    ),
)
