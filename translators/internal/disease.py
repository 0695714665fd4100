"""Disease: the field table of the API's patient diseases and problems, as Condition.

R4 takes an abatement of what is over only (con-4); the API's `date_stop` of a problem that is still active stands in
an extension until the status says that it is over.
"""

from __future__ import annotations

from typing import Any

from gateway.canonical import extension_url
from gateway.translation.codec import Coded, Unreadable, concept
from gateway.translation.lens import ResourceMap
from gateway.translation.path import get, parse
from gateway.translation.rows import Bindings, Field, Pair, Record, Resource
from translators.internal.facts import DELETED_AT, ID, own, related
from translators.internal.wording import SNOMED_CODING, catalogued, date_of, day_in

CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
CATEGORY = "http://terminology.hl7.org/CodeSystem/condition-category"
FUNCTION_STATUS = extension_url("function-status")
STOP_DATE = extension_url("stop-date")
PROBLEM = "problem"
FUNCTIONS = frozenset({"cognitive_problem", "cognitive_result", "functional_problem", "functional_result"})
"""`problem` besides, which R4 has a category for."""

STATUS = concept(
    (
        Coded("active", CLINICAL, "active", "Active"),
        Coded("inactive", CLINICAL, "inactive", "Inactive"),
        Coded("resolved", CLINICAL, "resolved", "Resolved"),
    ),
    back={"recurrence": "active", "relapse": "active", "remission": "inactive"},
    free_text=False,
)
_FUNCTION = parse(f"extension[url={FUNCTION_STATUS}].valueCode")
_LISTED = parse("category[coding.code=problem-list-item]")
_STOPPED = parse(f"extension[url={STOP_DATE}].valueDate")


def _read_course(record: Record, resource: Resource, bindings: Bindings) -> None:
    status, stopped = record.get("problem_status"), date_of(record.get("date_stop"))
    if status is not None:
        resource["clinicalStatus"] = STATUS.decode(status)
    if stopped and status in (None, "active"):
        resource["extension"] = [{"url": STOP_DATE, "valueDate": stopped}]
    elif stopped:
        resource["abatementDateTime"] = stopped


def _write_course(resource: Resource, record: Record, bindings: Bindings) -> None:
    if "clinicalStatus" in resource:
        record["problem_status"] = STATUS.encode(resource["clinicalStatus"])
    period = resource.get("abatementPeriod") or {}
    ends = (resource.get("abatementDateTime"), get(resource, _STOPPED), period.get("end"))
    if day := next((day for end in ends if (day := day_in(end))), None):
        record["date_stop"] = day


COURSE = Pair(
    ("problem_status", "date_stop"),
    ("clinicalStatus", "abatementDateTime", f"extension[url={STOP_DATE}]", "abatementPeriod"),
    _read_course,
    _write_course,
)


def _read_onset(record: Record, resource: Resource, bindings: Bindings) -> None:
    if day := date_of(record.get("date_start")):
        resource["onsetDateTime"] = day


def _write_onset(resource: Resource, record: Record, bindings: Bindings) -> None:
    period = resource.get("onsetPeriod") or {}
    if day := day_in(resource.get("onsetDateTime")) or day_in(period.get("start")):
        record["date_start"] = day


ONSETS = ("onsetDateTime", "onsetPeriod", "onsetAge", "onsetRange", "onsetString")
"""R4 takes one of these: a day that the staff give takes the place of what stood there."""
ONSET = Pair(("date_start",), ONSETS, _read_onset, _write_onset)


def _read_function(record: Record, resource: Resource, bindings: Bindings) -> None:
    function = record.get("function_status")
    if function == PROBLEM:
        coding = {"system": CATEGORY, "code": "problem-list-item", "display": "Problem List Item"}
        resource["category"] = [{"coding": [coding]}]
    elif isinstance(function, str) and function in FUNCTIONS:
        resource["extension"] = [{"url": FUNCTION_STATUS, "valueCode": function}]
    elif function is not None:
        raise Unreadable(f"expected one of {', '.join(sorted({PROBLEM, *FUNCTIONS}))}")


def _write_function(resource: Resource, record: Record, bindings: Bindings) -> None:
    function: Any = get(resource, _FUNCTION)
    if isinstance(function, str) and function in FUNCTIONS:
        record["function_status"] = function
    elif get(resource, _LISTED):
        record["function_status"] = PROBLEM


FUNCTION = Pair(
    ("function_status",),
    ("category[coding.code=problem-list-item]", f"extension[url={FUNCTION_STATUS}]"),
    _read_function,
    _write_function,
)

DISEASE = ResourceMap(
    "Condition",
    frozenset(),
    (
        ID,
        *related("patient", "subject", "Patient"),
        catalogued("disease_definition", "Basic", extension_url("disease-definition")),
        COURSE,
        ONSET,
        FUNCTION,
        own("snomed_problem_type", "snomed-problem-type", "valueCoding", SNOMED_CODING),
        Field("patient_note", "note[0].text"),
        DELETED_AT,
    ),
    silent={
        "clinicalStatus.coding.display": "repeats its code",
        "clinicalStatus.text": "repeats its code",
        "category.coding.display": "repeats its code",
        "category.text": "repeats its code",
    },
)
