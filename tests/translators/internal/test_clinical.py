"""The clinical tables: pairs that hold both ways, and valid FHIR."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.translation.lens import ResourceMap
from tests.translators.internal.clinical import face, own, problems
from translators.internal.allergy import ALLERGY
from translators.internal.clinical_examples import ALLERGIES, DISEASES, MEDICATIONS, VITAL_SIGNS
from translators.internal.disease import DISEASE
from translators.internal.medication import MEDICATION
from translators.internal.vitals import VITALS
from translators.internal.vocabulary import DATA_ABSENT_REASON, SNOMED
from translators.internal.wording import RXNORM

ACTIVE = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "code": "active"}]}
CONDITION = "http://terminology.hl7.org/CodeSystem/condition-clinical"
EXAMPLES = [
    pytest.param(table, record, id=f"{table.type}-{number}")
    for table, records in ((ALLERGY, ALLERGIES), (DISEASE, DISEASES), (MEDICATION, MEDICATIONS), (VITALS, VITAL_SIGNS))
    for number, record in enumerate(records)
]
UNKNOWN = {"system": DATA_ABSENT_REASON, "code": "unknown", "display": "Unknown"}


def reaction(**members: Any) -> dict[str, Any]:
    return {"reaction": [members]}


def ended(status: str, **members: Any) -> dict[str, Any]:
    display = status.capitalize()
    return {
        "clinicalStatus": {"coding": [{"system": CONDITION, "code": status, "display": display}], "text": status}
    } | members


GOLDENS: list[tuple[ResourceMap, dict[str, Any], dict[str, Any]]] = [
    (
        ALLERGY,
        {"allergy_definition": {"id": "s1", "name": "Penicillin"}},
        {
            "code": {"text": "Penicillin"},
            "extension": [
                own("allergy-definition", valueReference={"reference": "Substance/s1", "display": "Penicillin"})
            ],
        },
    ),
    (
        ALLERGY,
        {"reaction": "Hives", "snomed_reaction": "247472004", "severity": "severe"},
        reaction(
            manifestation=[{"text": "Hives", "coding": [{"system": SNOMED, "code": "247472004"}]}], severity="severe"
        ),
    ),
    (ALLERGY, {"severity": "mild"}, reaction(manifestation=[{"coding": [UNKNOWN]}], severity="mild")),
    (ALLERGY, {"severity": "so-so"}, {"extension": [own("allergy-severity", valueString="so-so")]}),
    (ALLERGY, {"date_adverse_reaction": "2019-08-14"}, {"lastOccurrence": "2019-08-14"}),
    (
        DISEASE,
        {"problem_status": "resolved", "date_stop": "2024-02-03"},
        ended("resolved", abatementDateTime="2024-02-03"),
    ),
    (
        DISEASE,
        {"problem_status": "active", "date_stop": "2024-02-03"},
        ended("active", extension=[own("stop-date", valueDate="2024-02-03")]),
    ),
    (
        DISEASE,
        {"function_status": "functional_result"},
        {"extension": [own("function-status", valueCode="functional_result")]},
    ),
    (
        DISEASE,
        {"snomed_problem_type": "55607006"},
        {"extension": [own("snomed-problem-type", valueCoding={"system": SNOMED, "code": "55607006"})]},
    ),
    (
        MEDICATION,
        {"medication_definition": {"id": "m1", "name": "Lisinopril"}},
        {"medicationReference": {"reference": "Medication/m1", "display": "Lisinopril"}, "status": "unknown"},
    ),
    (
        MEDICATION,
        {"medication_definition": {"id": "m1"}, "rx_cui": "314076", "status": "on_hold", "is_cpoe": True},
        {
            "medicationReference": {"reference": "Medication/m1"},
            "extension": [
                own(
                    "medication-description",
                    valueCodeableConcept={"coding": [{"system": RXNORM, "code": "314076"}]},
                ),
                own("is-cpoe", valueBoolean=True),
            ],
            "status": "on-hold",
        },
    ),
    (
        MEDICATION,
        {"status": "discontinued", "frequency": "daily", "date_stop": "2024-01-02"},
        {
            "medicationCodeableConcept": {"coding": [UNKNOWN]},
            "status": "stopped",
            "dosage": [{"timing": {"code": {"text": "daily"}}}],
            "effectivePeriod": {"end": "2024-01-02"},
        },
    ),
]


@pytest.mark.parametrize(("table", "record", "resource"), GOLDENS)
def test_a_golden_pair_holds_both_ways(table: ResourceMap, record: dict[str, Any], resource: dict[str, Any]) -> None:
    lens = face(table)
    whole = {"resourceType": table.type, **resource}
    assert lens.to_fhir(record).value == whole
    assert lens.to_vendor(whole).value == record
    assert lens.unmapped(whole) == ()


@pytest.mark.parametrize(("table", "record"), EXAMPLES)
def test_examples_are_valid_fhir_and_come_back(table: ResourceMap, record: dict[str, Any]) -> None:
    lens = face(table)
    carried = lens.to_fhir(record)
    assert carried.left_out == ()
    assert problems(carried.value) == []
    assert lens.to_vendor(carried.value, onto=record).value == record
    assert lens.unmapped(carried.value) == ()


LINES = st.text("abc äß.-09", min_size=1, max_size=9).map(str.strip).filter(bool)
DAYS = st.dates().map(str)
ENTITIES = st.fixed_dictionaries({"id": st.uuids().map(str), "name": LINES})
WHOLE = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def records(required: dict[str, st.SearchStrategy[Any]], **optional: st.SearchStrategy[Any]) -> Any:
    return st.fixed_dictionaries({"patient": ENTITIES, **required}, optional=optional)


DRAWN: dict[str, tuple[ResourceMap, Any]] = {
    "allergy": (
        ALLERGY,
        records(
            {"status_is_active": st.booleans()},
            allergy_definition=ENTITIES,
            reaction=LINES,
            snomed_reaction=st.from_regex(r"[0-9]{6,18}", fullmatch=True),
            severity=st.sampled_from(["mild", "moderate", "severe"]) | LINES,
            date_adverse_reaction=DAYS,
        ),
    ),
    "disease": (
        DISEASE,
        records(
            {
                "problem_status": st.sampled_from(["active", "resolved", "inactive"]),
                "function_status": st.sampled_from(["problem", "cognitive_result", "functional_problem"]),
            },
            disease_definition=ENTITIES,
            snomed_problem_type=st.from_regex(r"[0-9]{6,18}", fullmatch=True),
            date_start=DAYS,
            date_stop=DAYS,
            patient_note=LINES,
        ),
    ),
    "medication": (
        MEDICATION,
        records(
            {"is_cpoe": st.booleans()},
            medication_definition=ENTITIES,
            med_descript=LINES,
            rx_cui=LINES,
            status=st.sampled_from(["active", "completed", "discontinued", "on_hold"]),
            discontinuation_reason=LINES,
            dosage=LINES,
            frequency=LINES,
            route=LINES,
            date_start=st.dates(max_value=date(2000, 1, 1)).map(str),
            date_stop=st.dates(min_value=date(2000, 1, 1)).map(str),
            provider=ENTITIES,
            patient_note=LINES,
        ),
    ),
    "vitals": (
        VITALS,
        records(
            {"date_taken": DAYS, "has_followup_plan": st.booleans()},
            time_taken=st.times().map(lambda time: time.isoformat()),
            bp_systolic=st.integers(0, 400),
            oxygen_saturation=st.integers(0, 100),
            temperature_f=st.decimals(50, 130, places=2).map(str),
            weight_lbs=st.decimals(1, 900, places=1).map(str),
            bmi_percentile=st.integers(0, 100),
            weight_code=LINES,
            note=LINES,
            provider=ENTITIES,
        ),
    ),
}


@pytest.mark.parametrize("kind", DRAWN)
@WHOLE
@given(data=st.data())
def test_any_record_is_valid_fhir_and_comes_back(kind: str, data: st.DataObject) -> None:
    table, drawn = DRAWN[kind]
    record = data.draw(drawn)
    carried = face(table).to_fhir(record)
    assert carried.left_out == ()
    assert problems(carried.value) == []
    said = {name: value for name, value in record.items() if value is not False or name == "status_is_active"}
    assert face(table).to_vendor(carried.value).value == said  # a flag that is not there is false
