"""The medical summary: what the head of a chart shows of a patient, in one snapshot and as few searches as kinds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from gateway.translation.face import Asked, Kept, Operation, Params, Records, Search
from gateway.translation.rows import Record, Resource
from translators.internal.face import alerts
from translators.internal.face.archiving import HIDDEN
from translators.internal.face.bindings import FACE
from translators.internal.face.clinical import (
    ALLERGIES,
    DISEASES,
    MEDICATIONS,
    NEWEST,
    TAKEN,
    VITAL_SIGNS,
    of_course,
)
from translators.internal.face.references import name_of
from translators.internal.face.section import TAG, Alternatives
from translators.internal.face.subrecord import Entity, outs, patient
from translators.internal.face.wholly import every
from translators.internal.patient import PATIENT
from translators.internal.schema.summary import MedicalSummaryOut
from translators.internal.wording import day_in, words

_LENS = PATIENT.bound(FACE)
ALERTS = replace(alerts.ENTITY, only=(*alerts.ENTITY.only, ("flag-status", "active")))
"""Those that are active."""
_SOCIAL: Params = (
    HIDDEN,
    ("category", "http://terminology.hl7.org/CodeSystem/observation-category|social-history"),
    ("status:not", "entered-in-error,cancelled"),
)
_OF_ONE_DAY = 50


def summary(asked: Asked, records: Records) -> Any:
    of = patient(records, asked.path["patient_uuid"])
    record = _LENS.told(of.resource)
    medications = _all(records, MEDICATIONS, of)
    taken = {each.id for each in medications if each.resource.get("status") in TAKEN.split(",")}
    return {
        "patient": {"id": of.id, "name": name_of(of.resource)},
        "allergy_review_status": record.get("allergy_review_status") or "not_reviewed",
        "allergies": outs(records, ALLERGIES, _all(records, ALLERGIES, of, ((("clinical-status", "active"),),))),
        "active_problems": outs(records, DISEASES, _all(records, DISEASES, of, *of_course("active"))),
        "current_medications": outs(records, MEDICATIONS, (each for each in medications if each.id in taken)),
        "past_medications": outs(records, MEDICATIONS, (each for each in medications if each.id not in taken)),
        "social_history": list(social_history(_social(records, of))),
        "latest_vitals": latest_vitals(records, of),
        "alerts": outs(records, ALERTS, _all(records, ALERTS, of)),
        "medical_urgent_note": record.get("medical_urgent_note"),
        "premedication_required": record.get("premedication_required"),
    }


def _all(records: Records, entity: Entity, of: Kept, *either: tuple[Params, ...]) -> list[Kept]:
    groups: Alternatives = either
    params = (*entity.only, (entity.subject, of.reference))
    return list(every(records, Search(entity.type, params, groups, ("_created",))))


def latest_vitals(records: Records, of: Kept) -> Record | None:
    """Of the last day, the one with the latest time; of those without a time, the one that was recorded last."""
    params = (*VITAL_SIGNS.only, (VITAL_SIGNS.subject, of.reference))
    told = outs(records, VITAL_SIGNS, records.search(Search("Observation", params, (), NEWEST, count=_OF_ONE_DAY)).kept)
    return max(told, key=lambda each: (each["date_taken"], each["time_taken"] or ""), default=None)


# --- social history ---


def _social(records: Records, of: Kept) -> Iterator[Kept]:
    return every(records, Search("Observation", (*_SOCIAL, ("patient", of.reference)), (), NEWEST))


def social_history(newest_first: Iterable[Kept]) -> Iterator[Record]:
    """The newest entry of each category; the category is what the Observation is of."""
    seen: set[str] = set()
    for kept in newest_first:
        category = words(kept.resource.get("code"))
        if category is not None and category not in seen:
            seen.add(category)
            yield entry(kept, category)


def entry(kept: Kept, category: str) -> Record:
    resource = kept.resource
    note: Resource = next(iter(resource.get("note", ())), {})
    codings = resource.get("valueCodeableConcept", {}).get("coding", ())
    return {
        "id": kept.id,
        "category": category,
        "value": value_of(resource),
        "code": next((coding.get("code") for coding in codings if coding.get("code")), None),
        "date_recorded": day_in(resource.get("effectiveDateTime") or resource.get("effectivePeriod", {}).get("start")),
        "note": note.get("text"),
    }


def value_of(resource: Resource) -> str | None:
    """An answer in words."""
    if (said := words(resource.get("valueCodeableConcept"))) is not None:
        return said
    quantity = resource.get("valueQuantity") or {}
    if "value" in quantity:
        return f"{quantity['value']} {quantity.get('unit') or quantity.get('code') or ''}".strip()
    plain = (resource.get(name) for name in ("valueString", "valueInteger", "valueDateTime"))
    answered = {True: "yes", False: "no", None: None}[resource.get("valueBoolean")]
    return next((str(value) for value in plain if value is not None), answered)


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET",
        "/patients/{patient_uuid}/medical-summary",
        "get_patients_patient_uuid_medical_summary",
        "Get medical summary",
        TAG,
        summary,
        description="Active allergies and problems, medications that are taken and all others, the latest vital signs, "
        "the newest entry of each category of the social history, and active alerts.",
        answer=MedicalSummaryOut,
        refusals={404: "There is no such patient."},
    ),
)
