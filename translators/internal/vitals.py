"""Vital signs: the field table of one set of measurements, as one Observation with a component for each value.

LOINC 85353-1 is R4's vital signs panel. Measurements that others wrote, one Observation each or a blood pressure panel,
are read through panels.py as sets of their own. Digits stay as they were written; other units of theirs are converted.

The API's day and time have no zone. A time that says its zone makes an instant; one that does not stands beside the
day in an extension, since nobody knows which instant it was (docs/decisions/2611-times-of-vital-signs.md).
"""

from __future__ import annotations

import re
from typing import Any

from gateway.canonical import extension_url
from gateway.translation.codec import Unreadable
from gateway.translation.path import get, parse
from gateway.translation.rows import Bindings, Field, Pair, Record, Resource
from translators.internal.facts import DELETED_AT, ID, own, related
from translators.internal.panels import Panel
from translators.internal.vitals_values import VITALS as VALUES
from translators.internal.vitals_values import value_of
from translators.internal.vocabulary import LOINC
from translators.internal.wording import date_of, day_in, flag, text_of

TIME_TAKEN = extension_url("time-taken")
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_LOCAL = parse(f"extension[url={TIME_TAKEN}].valueTime")
_TIME = re.compile(
    r"(?P<clock>([01]\d|2[0-3]):[0-5]\d)(?P<seconds>:[0-5]\d(\.\d{1,9})?)?"
    r"(?P<zone>Z|[+-](0\d|1[0-3]):[0-5]\d|[+-]14:00)?",
    re.ASCII,
)


def _read_when(record: Record, resource: Resource, bindings: Bindings) -> None:
    day, time = date_of(record.get("date_taken")), text_of(record.get("time_taken"))
    found = _TIME.fullmatch(time) if time else None
    if time and not (found and day):
        raise Unreadable("expected a time, hh:mm:ss with or without a zone of at most 14 hours, of a day")
    clock = f"{found['clock']}{found['seconds'] or ':00'}" if found else ""
    if found and found["zone"]:
        resource["effectiveDateTime"] = f"{day}T{clock}{found['zone']}"
        return
    if day:
        resource["effectiveDateTime"] = day
    if clock:
        resource["extension"] = [{"url": TIME_TAKEN, "valueTime": clock}]


def _write_when(resource: Resource, record: Record, bindings: Bindings) -> None:
    period: Any = resource.get("effectivePeriod") or {}
    moment = resource.get("effectiveDateTime") or resource.get("effectiveInstant") or period.get("start")
    if day := day_in(moment) or first_day(moment):
        time = str(moment)[11:] or get(resource, _LOCAL)
        record.update({"date_taken": day} | ({"time_taken": time} if time else {}))


def first_day(moment: Any) -> str | None:
    """Of a year or a month, which FHIR takes for a time: the API demands a day."""
    return day_in(f"{moment}{'-01-01'[len(moment) - len('2000') :]}") if isinstance(moment, str) else None


WHEN = Pair(
    ("date_taken", "time_taken"),
    ("effectiveDateTime", f"extension[url={TIME_TAKEN}]", "effectiveInstant", "effectivePeriod"),
    _read_when,
    _write_when,
)

VITALS = Panel(
    "Observation",
    frozenset(),
    (
        ID,
        *related("patient", "subject", "Patient"),
        WHEN,
        *(value_of(vital) for vital in VALUES),
        *related("provider", "performer[type=Practitioner|]", "Practitioner"),
        own("weight_code", "weight-code", "valueString"),
        flag("has_followup_plan", extension_url("has-followup-plan")),
        Field("note", "note[0].text"),
        DELETED_AT,
    ),
    constants={
        "status": "final",
        "category": [{"coding": [{"system": CATEGORY, "code": "vital-signs", "display": "Vital Signs"}]}],
        "code": {"coding": [{"system": LOINC, "code": "85353-1", "display": "Vital signs panel"}]},
    },
    silent={
        "status": "the API has no word for how final a measurement is",
        "category": "all of the API's measurements are vital signs",
        "code": "the API knows one kind of set",
        "component.code.text": "repeats its code",
        "component.valueQuantity.unit": "repeats its code",
    },
)
