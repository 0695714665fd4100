"""What other systems write, read through the clinical tables, and what the staff change about it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from gateway.canonical import extension_url
from gateway.translation.lens import ResourceMap
from tests.translators.internal.clinical import PATIENT, face
from translators.internal.allergy import ALLERGY
from translators.internal.disease import DISEASE
from translators.internal.medication import MEDICATION
from translators.internal.vitals import VITALS
from translators.internal.vocabulary import DATA_ABSENT_REASON, SNOMED
from translators.internal.wording import RXNORM, is_unlisted, unlisted

ACTIVE = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "code": "active"}]}
CONDITION = "http://terminology.hl7.org/CodeSystem/condition-clinical"
UNKNOWN = {"system": DATA_ABSENT_REASON, "code": "unknown", "display": "Unknown"}
RESOLVED = {
    "clinicalStatus": {"coding": [{"system": CONDITION, "code": "resolved", "display": "Resolved"}]},
    "abatementDateTime": "2024-02-03T04:05:06Z",
}


def read(table: ResourceMap, **resource: Any) -> dict[str, Any]:
    return face(table).to_vendor({"resourceType": table.type, **resource}).value


def test_an_allergy_without_a_catalogue_is_shown_by_name_with_an_id_that_is_nobody_s() -> None:
    code = {"coding": [{"system": RXNORM, "code": "7980", "display": "penicillin G"}]}
    shown = read(ALLERGY, clinicalStatus=ACTIVE, code=code, patient=PATIENT)
    assert shown["allergy_definition"] == {"id": unlisted("penicillin G"), "name": "penicillin G"}
    assert is_unlisted(shown["allergy_definition"])
    assert not is_unlisted({"id": "s1", "name": "penicillin G"})
    assert shown["status_is_active"] is True


def test_reactions_in_codes_are_told_in_words_and_an_onset_is_a_date() -> None:
    coded = {"coding": [{"system": SNOMED, "code": "247472004", "display": "Hives"}]}
    shown = read(ALLERGY, reaction=[{"manifestation": [coded], "onset": "2020-05-06T07:08:09Z", "severity": "mild"}])
    assert shown == {
        "reaction": "Hives",
        "snomed_reaction": "247472004",
        "severity": "mild",
        "date_adverse_reaction": "2020-05-06",
    }
    assert "date_adverse_reaction" not in read(ALLERGY, lastOccurrence="2020-05")


@pytest.mark.parametrize(
    ("code", "status"),
    [("recurrence", "active"), ("relapse", "active"), ("remission", "inactive"), ("resolved", "resolved")],
)
def test_the_richer_course_of_a_condition_is_told_in_the_api_s_words_and_stays(code: str, status: str) -> None:
    local = {"resourceType": "Condition", "clinicalStatus": {"coding": [{"system": CONDITION, "code": code}]}}
    lens = face(DISEASE)
    before = lens.to_vendor(local).value
    assert before == {"problem_status": status}
    noted = lens.absorb({**before, "patient_note": "x"}, onto=local, base=before).value
    assert noted["clinicalStatus"] == local["clinicalStatus"]


@pytest.mark.parametrize(
    ("code", "status"), [("intended", "active"), ("not-taken", "discontinued"), ("stopped", "discontinued")]
)
def test_statuses_of_medications(code: str, status: str) -> None:
    assert read(MEDICATION, status=code)["status"] == status


def test_a_contained_medication_and_a_structured_dose_are_told_in_words() -> None:
    shown = read(
        MEDICATION,
        contained=[
            {
                "resourceType": "Medication",
                "id": "m",
                "code": {"coding": [{"system": RXNORM, "code": "5640"}], "text": "X"},
            }
        ],
        medicationReference={"reference": "#m"},
        status="active",
        dosage=[{"doseAndRate": [{"doseQuantity": {"value": Decimal("200"), "unit": "mg"}}]}],
        effectiveDateTime="2024-03-02T08:00:00+01:00",
    )
    assert shown["med_descript"] == "X"
    assert (shown["rx_cui"], shown["dosage"], shown["date_start"]) == ("5640", "200 mg", "2024-03-02")


@pytest.mark.parametrize(
    ("code", "value", "unit", "key", "told"),
    [
        ("29463-7", Decimal("70.0"), "kg", "weight_lbs", "154.3"),
        ("8302-2", 170, "cm", "height_inches", "66.9"),
        ("8310-5", Decimal("37.20"), "Cel", "temperature_f", "99.0"),
        ("8310-5", Decimal("98.60"), "[degF]", "temperature_f", "98.60"),
        ("59408-5", Decimal("97.0"), "%", "oxygen_saturation", 97),
        ("8867-4", 61, "{beats}/min", "pulse", 61),
    ],
)
def test_a_single_measurement_is_a_set_with_one_value(code: str, value: Any, unit: str, key: str, told: Any) -> None:
    quantity = {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
    coding = {"coding": [{"system": "http://loinc.org", "code": code}]}
    shown = read(VITALS, status="final", code=coding, effectiveDateTime="2024-01-02T03:04:05Z", valueQuantity=quantity)
    assert shown == {"date_taken": "2024-01-02", "time_taken": "03:04:05Z", key: told}
    assert key not in read(VITALS, code=coding, valueQuantity={**quantity, "code": "furlong"})
    assert key not in read(VITALS, code=coding, valueQuantity={**quantity, "comparator": "<"})


# --- what the staff change about it ---


def changed(table: ResourceMap, local: dict[str, Any], **news: Any) -> dict[str, Any]:
    lens = face(table)
    before = lens.to_vendor(local).value
    after = {name: value for name, value in {**before, **news}.items() if value is not None}
    carried = lens.absorb(after, onto=local, base=before)
    assert carried.left_out == ()
    return carried.value


def test_another_definition_takes_the_codes_of_the_former_away_and_a_note_does_not() -> None:
    local = {
        "resourceType": "AllergyIntolerance",
        "code": {"coding": [{"system": RXNORM, "code": "7980", "display": "penicillin G"}]},
        "reaction": [{"manifestation": [{"text": "rash"}]}, {"manifestation": [{"text": "swelling"}]}],
    }
    assert changed(ALLERGY, local, severity="mild")["code"] == local["code"]
    renamed = changed(ALLERGY, local, allergy_definition={"id": "s2", "name": "Latex"})
    assert renamed["code"] == {"text": "Latex"}
    assert renamed["extension"][0]["url"] == extension_url("allergy-definition")


def test_a_change_of_the_first_reaction_leaves_the_others() -> None:
    second = {"manifestation": [{"text": "swelling"}], "severity": "severe"}
    local = {
        "resourceType": "AllergyIntolerance",
        "reaction": [{"manifestation": [{"coding": [dict(UNKNOWN)]}], "severity": "mild"}, second],
    }
    assert changed(ALLERGY, local, reaction="rash")["reaction"] == [
        {"manifestation": [{"text": "rash"}], "severity": "mild"},
        second,
    ]


def test_a_problem_that_becomes_active_again_keeps_its_stop_beside() -> None:
    local = {"resourceType": "Condition"} | RESOLVED
    assert changed(DISEASE, local, problem_status="inactive")["abatementDateTime"] == "2024-02-03T04:05:06Z"
    again = changed(DISEASE, local, problem_status="active")
    assert "abatementDateTime" not in again
    assert face(DISEASE).to_vendor(again).value == {"problem_status": "active", "date_stop": "2024-02-03"}


def test_another_frequency_takes_a_structured_timing_away() -> None:
    timing = {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}, "code": {"text": "BID"}}
    local = {"resourceType": "MedicationStatement", "status": "active", "dosage": [{"timing": timing, "text": "1 tab"}]}
    assert changed(MEDICATION, local, dosage="2 tabs")["dosage"] == [{"timing": timing, "text": "2 tabs"}]
    assert changed(MEDICATION, local, frequency="TID")["dosage"][0]["timing"] == {"code": {"text": "TID"}}


def single(code: str, value: Any, unit: str) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}], "text": "as they call it"},
        "effectiveDateTime": "2024-01-02",
        "interpretation": [{"text": "high"}],
        "valueQuantity": {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit},
    }


def test_a_changed_single_measurement_stays_single_and_loses_what_was_said_of_the_old_value() -> None:
    local = single("8867-4", 120, "/min")
    assert changed(VITALS, local, note="resting")["valueQuantity"] == local["valueQuantity"]
    assert changed(VITALS, local, note="resting")["interpretation"] == [{"text": "high"}]
    slower = changed(VITALS, local, pulse=70)
    assert (slower["code"], slower["valueQuantity"]["value"]) == (local["code"], 70)
    assert "interpretation" not in slower
    assert "component" not in slower


def test_a_value_of_another_kind_makes_a_panel_of_it() -> None:
    panel = changed(VITALS, single("8867-4", 120, "/min"), temperature_f="99.50")
    assert panel["code"]["coding"][0]["code"] == "85353-1"
    assert "valueQuantity" not in panel
    assert face(VITALS).to_vendor(panel).value == {
        "date_taken": "2024-01-02",
        "pulse": 120,
        "temperature_f": "99.50",
    }


def test_a_blood_pressure_panel_stays_one_until_it_is_told_more() -> None:
    values = {"8480-6": 130, "8462-4": 85}
    local = single("85354-9", 0, "x") | {
        "component": [
            {k: single(code, value, "mm[Hg]")[k] for k in ("code", "valueQuantity")} for code, value in values.items()
        ]
    }
    del local["valueQuantity"]
    assert changed(VITALS, local, bp_systolic=128)["code"] == local["code"]
    assert changed(VITALS, local, pulse=60)["code"]["coding"][0]["code"] == "85353-1"
