"""Allergies, diseases, medications and vital signs: what is special about each section of the clinical chart."""

from __future__ import annotations

from typing import Any

from gateway.translation.face import Operation, Params
from translators.internal.allergy import ALLERGY
from translators.internal.disease import DISEASE
from translators.internal.face.archiving import HIDDEN
from translators.internal.face.finishing import allergic, noted
from translators.internal.face.interacting import warned_of_allergies, warned_of_medications
from translators.internal.face.references import Relation
from translators.internal.face.section import TAG, Alternatives, Section, operations
from translators.internal.face.subrecord import Entity
from translators.internal.medication import MEDICATION
from translators.internal.panels import KNOWN, is_measured
from translators.internal.schema.allergy import (
    AllergyListOut,
    AllergyOut,
    CreateAllergyIn,
    ListAllergiesQuery,
    UpdateAllergyIn,
)
from translators.internal.schema.disease import (
    CreateDiseaseIn,
    DiseaseListOut,
    DiseaseOut,
    ListDiseasesQuery,
    UpdateDiseaseIn,
)
from translators.internal.schema.medication import (
    CreateMedicationIn,
    ListMedicationsQuery,
    MedicationListOut,
    MedicationOut,
    UpdateMedicationIn,
)
from translators.internal.schema.vitals import (
    CreateVitalSignsIn,
    ListVitalSignsQuery,
    UpdateVitalSignsIn,
    VitalSignsListOut,
    VitalSignsOut,
)
from translators.internal.vitals import VITALS
from translators.internal.vitals_flags import judged
from translators.internal.vocabulary import LOINC

ERROR = "entered-in-error"
PROVIDER = Relation("provider", "Practitioner", "Provider")
SOUND: Params = (HIDDEN, ("verification-status:not", ERROR))
"""What was entered in error is none of the patient's facts (https://hl7.org/fhir/R4/lifecycle.html)."""


def is_sound(resource: dict[str, Any]) -> bool:
    codings = resource.get("verificationStatus", {}).get("coding", ())
    return all(coding.get("code") != ERROR for coding in codings) and resource.get("status") != ERROR


# --- allergies ---

ALLERGIES = Entity(
    "Allergy",
    ALLERGY,
    AllergyOut,
    (Relation("allergy_definition", "Substance", "Allergy definition"),),
    {"status_is_active": False},
    SOUND,
    is_sound,
    finished=allergic,
)


def of_activity(query: ListAllergiesQuery) -> Alternatives:
    if query.is_active is None:
        return ()
    return (((("clinical-status" if query.is_active else "clinical-status:not", "active"),),),)


# --- diseases ---

DISEASES = Entity(
    "Disease",
    DISEASE,
    DiseaseOut,
    (Relation("disease_definition", "Basic", "Disease definition", "disease-definition"),),
    {"problem_status": "active", "function_status": "problem"},
    SOUND,
    is_sound,
    finished=noted,
)
_COURSES = {"active": "active,recurrence,relapse", "inactive": "inactive,remission", "resolved": "resolved"}


def of_course(course: str | None) -> Alternatives:
    """A problem of which nothing is said counts as active."""
    if course is None:
        return ()
    silent: tuple[Params, ...] = ((("clinical-status:missing", "true"),),) if course == "active" else ()
    return (((("clinical-status", _COURSES[course]),), *silent),)


# --- medications ---

MEDICATIONS = Entity(
    "Medication",
    MEDICATION,
    MedicationOut,
    (Relation("medication_definition", "Medication", "Medication definition"), PROVIDER),
    {"is_cpoe": False},
    (HIDDEN, ("status:not", ERROR)),
    is_sound,
    finished=noted,
)
TAKEN = "active,intended"


def of_status(query: ListMedicationsQuery) -> Alternatives:
    if query.is_active is None:
        return ()
    return (((("status" if query.is_active else "status:not", TAKEN),),),)


# --- vital signs ---

VITAL_SIGNS = Entity(
    "Vital signs record",
    VITALS,
    VitalSignsOut,
    (PROVIDER,),
    {"has_followup_plan": False},
    (
        HIDDEN,
        ("status:not", f"{ERROR},cancelled"),
        ("code", ",".join(f"{LOINC}|{code}" for code in sorted(KNOWN))),
        ("date:missing", "false"),
    ),
    is_measured,
    computed=judged,
    finished=noted,
)
NEWEST = ("-date", "-_created")


def of_days(query: ListVitalSignsQuery) -> Alternatives:
    ends = (("ge", query.date_from), ("le", query.date_to))
    return tuple(((("date", f"{prefix}{day}"),),) for prefix, day in ends if day is not None)


SECTIONS = (
    Section(
        ALLERGIES,
        "allergies",
        "allergy_uuid",
        ("List patient allergies", "Record patient allergy", "Update patient allergy", "Archive patient allergy"),
        "allergy definition",
        ListAllergiesQuery,
        AllergyListOut,
        CreateAllergyIn,
        UpdateAllergyIn,
        "In the order in which they were recorded.",
        filters=of_activity,
        fresh=warned_of_medications,
    ),
    Section(
        DISEASES,
        "diseases",
        "disease_uuid",
        (
            "List patient diseases/problems",
            "Record patient disease/problem",
            "Update patient disease/problem",
            "Archive patient disease/problem",
        ),
        "disease definition",
        ListDiseasesQuery,
        DiseaseListOut,
        CreateDiseaseIn,
        UpdateDiseaseIn,
        "In the order in which they were recorded.",
        filters=lambda query: of_course(query.problem_status),
    ),
    Section(
        MEDICATIONS,
        "medications",
        "medication_uuid",
        (
            "List patient medications",
            "Record patient medication",
            "Update patient medication",
            "Archive patient medication",
        ),
        "medication definition or provider",
        ListMedicationsQuery,
        MedicationListOut,
        CreateMedicationIn,
        UpdateMedicationIn,
        "In the order in which they were recorded.",
        filters=of_status,
        begun=(("status", "active"),),
        fresh=warned_of_allergies,
    ),
    Section(
        VITAL_SIGNS,
        "vital-signs",
        "vitals_uuid",
        ("List vital signs history", "Record vital signs", "Update vital signs", "Archive vital signs"),
        "provider",
        ListVitalSignsQuery,
        VitalSignsListOut,
        CreateVitalSignsIn,
        UpdateVitalSignsIn,
        "Newest first.",
        sort=NEWEST,
        filters=of_days,
    ),
)

OPERATIONS: tuple[Operation, ...] = (
    *(operation for section in SECTIONS for operation in operations(section)),
    Operation(
        "GET",
        SECTIONS[-1].one,
        "get_patients_patient_uuid_vital_signs_vitals_uuid",
        "Get vital signs by ID",
        TAG,
        SECTIONS[-1].get,
        answer=VitalSignsOut,
        refusals={404: "There is no such patient or vital signs record."},
    ),
)
