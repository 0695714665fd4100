"""Encounter in KIPU's patient document: a casefile is one stay.

`period` holds KIPU's times as they stand: an `admission_date` is the facility's local midnight in UTC, and shifting it
to a date would move the admission of every facility west of Greenwich (or its midnight east of it) to another day.

Level of care, program and bed are KIPU's to say: no field of the API takes them. Status and class follow from what the
document says: a stay is planned until KIPU has given the MR number, which it does at admission.
"""

from __future__ import annotations

import re

from gateway.canonical import ACT_CODE, LOCATION_PHYSICAL_TYPE, NULL_FLAVOR, extension_url
from gateway.translation.lens import Interaction, ResourceMap
from gateway.translation.rows import Bindings, Field, Pair, Record, Resource, Way
from translators.kipu.keyed import key_of
from translators.kipu.terms import DISCHARGE_TYPE, LEVEL_OF_CARE, WHEN, mapped

PAYMENT = f"extension[url={extension_url('payment-method')}]"
PLANNED_END = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Encounter.plannedEndDate"
"""R5's Encounter.plannedEndDate, as its official extension for R4."""
IN_HOUSE = re.compile(r"\b(residential|detox\w*|inpatient|withdrawal|rtc|hospital)\b", re.IGNORECASE)
BY_DAY = re.compile(r"\b(outpatient|partial|php|iop|op|ambulatory|aftercare|telehealth)\b", re.IGNORECASE)
INPATIENT = {"system": ACT_CODE, "code": "IMP", "display": "inpatient encounter"}
AMBULATORY = {"system": ACT_CODE, "code": "AMB", "display": "ambulatory"}
UNKNOWN_CLASS = {"system": NULL_FLAVOR, "code": "UNK", "display": "Unknown"}


def _status_in(record: Record, resource: Resource, bindings: Bindings) -> None:
    if record.get("discharge_date"):
        resource["status"] = "finished"
    elif record.get("mr_number") and record.get("admission_date"):
        resource["status"] = "in-progress"
    else:
        resource["status"] = "planned"


def _class_in(record: Record, resource: Resource, bindings: Bindings) -> None:
    level = record.get("level_of_care")
    if isinstance(level, str) and BY_DAY.search(level):
        resource["class"] = AMBULATORY
    elif record.get("bed_name") or (isinstance(level, str) and IN_HOUSE.search(level)):
        resource["class"] = INPATIENT
    else:
        resource["class"] = UNKNOWN_CLASS


def _not_written(resource: Resource, record: Record, bindings: Bindings) -> None:
    """Read only: derived from other facts."""


def place_of(kind: str) -> str:
    """Where an Encounter names its site, building, room or bed."""
    return f"location[physicalType.coding.code={kind}].location"


def _place(vendor: str, kind: str) -> Field:
    having = {"physicalType.coding.system": LOCATION_PHYSICAL_TYPE}
    return Field(vendor, f"{place_of(kind)}.display", way=Way.READ, having=having)


ENCOUNTER = ResourceMap(
    "Encounter",
    frozenset({Interaction.READ, Interaction.SEARCH}),
    (
        Field("casefile_id", "identifier[system=$id].value", way=Way.READ),
        Pair(("mr_number", "admission_date", "discharge_date"), ("status",), _status_in, _not_written, Way.READ),
        Pair(("level_of_care", "bed_name"), ("class",), _class_in, _not_written, Way.READ),
        Field("level_of_care", "type[0]", LEVEL_OF_CARE, Way.READ),
        Field("program", "serviceType.text", mapped("program"), Way.READ),
        Field("admission_date", "period.start", WHEN),
        Field("discharge_date", "period.end", WHEN),
        Field("anticipated_discharge_date", f"extension[url={PLANNED_END}].valueDateTime", WHEN),
        Field("payment_method", f"{PAYMENT}.extension[url=method].valueString"),
        Field("payment_method_category", f"{PAYMENT}.extension[url=category].valueString", way=Way.READ),
        _place("building_name", "bu"),
        _place("room_name", "ro"),
        _place("bed_name", "bd"),
        _place("location_name", "si"),
        Field("referrer_name", "hospitalization.origin.display"),
        key_of("referrer_id", "hospitalization.origin.identifier"),
        Field("discharge_type", "hospitalization.dischargeDisposition.text", way=Way.READ),
        Field(
            "discharge_type_code",
            f"hospitalization.dischargeDisposition.coding[system={DISCHARGE_TYPE}].code",
            way=Way.READ,
        ),
        Field("discharge_or_transition_name", "hospitalization.destination.display"),
        key_of("discharge_or_transition_id", "hospitalization.destination.identifier"),
    ),
    search={"_id": "casefile_id", "patient": "casefile_id", "subject": "casefile_id"},
    silent={
        "status": "follows from the dates and the MR number",
        "class": "follows from the level of care",
        "subject": "the stay lies in the patient's document",
        "serviceProvider": "the facility goes as location_id",
        "location.location": "the facility goes as location_id; beds are given in KIPU",
        "location.physicalType": "the facility goes as location_id; beds are given in KIPU",
        "hospitalization.origin.reference": "sent by name and key",
        "hospitalization.origin.type": "sent by name and key",
        "hospitalization.destination.reference": "sent by name and key",
        "hospitalization.destination.type": "sent by name and key",
    },
)
