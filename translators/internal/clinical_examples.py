"""Synthetic clinical records in the form of the API's contract. None of these people exists."""

from __future__ import annotations

from gateway.translation.rows import Record

_STORED: Record = {"version": 3, "created_at": "2025-02-01T15:04:05Z", "updated_at": "2025-06-30T09:41:12.250000Z"}
_PATIENT: Record = {"id": "6f9d2c3b-1e4a-4b5c-8d7e-9a0b1c2d3e08", "name": "Philippa Fenwick-Marsh"}
_PROVIDER: Record = {"id": "5d0f8a52-7d38-4a6f-9c1b-2e7a1d9b6c02", "name": "Dr. Ines Calloway"}
_GONE = "2025-07-01T08:00:00Z"

ALLERGIES: tuple[Record, ...] = (
    _STORED
    | {
        "id": "0c1d2e3f-4a5b-4c6d-8e7f-90a1b2c3d411",
        "patient": _PATIENT,
        "allergy_definition": {"id": "1d2e3f4a-5b6c-4d7e-8f90-a1b2c3d4e512", "name": "Penicillin"},
        "status_is_active": True,
        "reaction": "Hives",
        "snomed_reaction": "247472004",
        "severity": "moderate",
        "date_adverse_reaction": "2019-08-14",
        "interaction_warnings": [],
    },
    _STORED
    | {
        "id": "2e3f4a5b-6c7d-4e8f-90a1-b2c3d4e5f613",
        "patient": _PATIENT,
        "allergy_definition": {"id": "3f4a5b6c-7d8e-4f90-a1b2-c3d4e5f6a714", "name": "Latex"},
        "status_is_active": False,
        "severity": "itches for a day",
        "deleted_at": _GONE,
    },
    _STORED
    | {"id": "4a5b6c7d-8e9f-40a1-b2c3-d4e5f6a7b815", "patient": _PATIENT, "status_is_active": True, "severity": "mild"},
)
DISEASES: tuple[Record, ...] = (
    _STORED
    | {
        "id": "5b6c7d8e-9fa0-41b2-83d4-e5f6a7b8c916",
        "patient": _PATIENT,
        "disease_definition": {"id": "6c7d8e9f-a0b1-42c3-94e5-f6a7b8c9da17", "name": "Hypertension"},
        "problem_status": "active",
        "function_status": "problem",
        "snomed_problem_type": "55607006",
        "date_start": "2018-03-02",
        "date_stop": "2026-12-31",
        "patient_note": "Measures at home",
    },
    _STORED
    | {
        "id": "7d8e9fa0-b1c2-43d4-85f6-a7b8c9daeb18",
        "patient": _PATIENT,
        "disease_definition": {"id": "8e9fa0b1-c2d3-44e5-96a7-b8c9daebfc19", "name": "Concussion"},
        "problem_status": "resolved",
        "function_status": "cognitive_problem",
        "date_start": "2021-10-10",
        "date_stop": "2021-11-20",
        "deleted_at": _GONE,
    },
)
MEDICATIONS: tuple[Record, ...] = (
    _STORED
    | {
        "id": "9fa0b1c2-d3e4-45f6-87b8-c9daebfc0d20",
        "patient": _PATIENT,
        "medication_definition": {"id": "a0b1c2d3-e4f5-46a7-98c9-daebfc0d1e21", "name": "Lisinopril 10 mg tablet"},
        "med_descript": "the small white ones",
        "rx_cui": "314076",
        "status": "discontinued",
        "discontinuation_reason": "Dry cough",
        "dosage": "10 mg",
        "frequency": "once a day",
        "route": "by mouth",
        "date_start": "2022-01-10",
        "date_stop": "2023-04-01",
        "provider": _PROVIDER,
        "is_cpoe": True,
        "patient_note": "Took it in the morning",
        "interaction_warnings": [],
        "deleted_at": _GONE,
    },
    _STORED
    | {
        "id": "b1c2d3e4-f5a6-47b8-89da-ebfc0d1e2f22",
        "patient": _PATIENT,
        "med_descript": "Ibuprofen, over the counter",
        "rx_cui": "5640",
        "status": "active",
        "date_start": "2025-01-01",
        "is_cpoe": False,
    },
    _STORED | {"id": "c2d3e4f5-a6b7-48c9-9aeb-fc0d1e2f3a23", "patient": _PATIENT, "is_cpoe": False},
)
VITAL_SIGNS: tuple[Record, ...] = (
    _STORED
    | {
        "id": "d3e4f5a6-b7c8-49da-8bfc-0d1e2f3a4b24",
        "patient": _PATIENT,
        "date_taken": "2025-06-12",
        "time_taken": "09:41:00",
        "bp_systolic": 184,
        "bp_diastolic": 96,
        "pulse": 88,
        "oxygen_saturation": 97,
        "temperature_f": "98.60",
        "respiration_rate": 16,
        "height_inches": "66.5",
        "weight_lbs": "151",
        "weight_code": "shoes on",
        "bmi": "24.01",
        "bmi_percentile": 55,
        "has_followup_plan": True,
        "note": "Sat for five minutes before",
        "provider": _PROVIDER,
        "created_by": 7,
        "abnormal_flags": [
            {
                "field": "bp_systolic",
                "value": "184",
                "severity": "critical",
                "message": "Systolic blood pressure over 180 mmHg",
            }
        ],
        "is_procedure_blocking": True,
        "deleted_at": _GONE,
    },
    _STORED
    | {
        "id": "e4f5a6b7-c8d9-4aeb-9c0d-1e2f3a4b5c25",
        "patient": _PATIENT,
        "date_taken": "2025-05-02",
        "time_taken": "23:10:05+02:00",
        "pulse": 61,
        "has_followup_plan": False,
    },
    _STORED
    | {
        "id": "f5a6b7c8-d9ea-4bfc-8d1e-2f3a4b5c6d26",
        "patient": _PATIENT,
        "date_taken": "2024-11-30",
        "weight_lbs": "150.00",
        "has_followup_plan": False,
    },
)
