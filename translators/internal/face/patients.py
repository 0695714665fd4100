"""Patients: the operations."""

from __future__ import annotations

from typing import Any

from gateway.translation.face import Asked, Operation, Records
from translators.internal.face.patient_counts import by_location
from translators.internal.face.patient_duplicates import check, duplicates
from translators.internal.face.patient_facts import out, outs
from translators.internal.face.patient_lists import page, stretch, typeahead
from translators.internal.face.patient_status import archive, restore, transition
from translators.internal.face.patient_writing import registered, revised
from translators.internal.face.subrecord import living, patient
from translators.internal.schema.patient import (
    CheckDuplicatesIn,
    CreatePatientIn,
    DuplicatesOut,
    LocationCountsOut,
    PatientCursorOut,
    PatientListOut,
    PatientOut,
    PatientSearchOut,
    TransitionStatusIn,
    UpdatePatientIn,
)
from translators.internal.schema.patient_query import (
    CountPatientsQuery,
    CursorPatientsQuery,
    ListPatientsQuery,
    SearchPatientsQuery,
)

TAG = "patients"
ONE = "/patients/{patient_uuid}"
GONE = {404: "There is no such patient."}
STALE = {409: "The patient has changed since `base_version`."}


def create(asked: Asked, records: Records) -> Any:
    others = duplicates(records, asked.body.model_dump(mode="json"))
    [made] = outs(records, [registered(records, asked.body)])
    return made | {"potential_duplicates": others}


def get(asked: Asked, records: Records) -> Any:
    return out(records, patient(records, asked.path["patient_uuid"]))


def update(asked: Asked, records: Records) -> Any:
    kept = living(records, asked.path["patient_uuid"])
    return out(records, revised(records, kept, asked.body))


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET",
        "/patients",
        "get_patients",
        "List patients",
        TAG,
        page,
        description="A page of patients in full. Archived ones are listed by `status=archived` only. Of `search` each "
        "word has to be found among names, telephone numbers, e-mail addresses, chart number or birth date.",
        query=ListPatientsQuery,
        answer=PatientListOut,
        refusals={404: "There is no such provider, location or tag definition."},
    ),
    Operation(
        "POST",
        "/patients",
        "post_patients",
        "Create patient",
        TAG,
        create,
        description="`potential_duplicates` names patients who share a last name and birth date, an e-mail address, a "
        "mobile number or a social security number with the new one; they do not keep it from being created.",
        body=CreatePatientIn,
        answer=PatientOut,
        status=201,
        refusals={
            404: "There is no such provider, location, employer, guarantor, billing type or fee schedule.",
            409: "Another patient has the chart number, or another request had the Idempotency-Key.",
        },
        repeatable=True,
    ),
    Operation(
        "GET",
        "/patients/counts/by-location",
        "get_patients_counts_by_location",
        "Count patients by location",
        TAG,
        by_location,
        description="By date of the first visit, from `date_from` on and before `date_to`. `total` is the sum of the "
        "items; `excluded_count` are those who match and have no location that is in use.",
        query=CountPatientsQuery,
        answer=LocationCountsOut,
    ),
    Operation(
        "GET",
        "/patients/cursor",
        "get_patients_cursor",
        "List patients (cursor-paginated)",
        TAG,
        stretch,
        description="As the list, without counting: each answer names the cursor where the next begins. A cursor is "
        "good for the same filters and order, and for the same caller.",
        query=CursorPatientsQuery,
        answer=PatientCursorOut,
        refusals={404: "There is no such provider, location or tag definition."},
    ),
    Operation(
        "GET",
        "/patients/search",
        "get_patients_search",
        "Search patients",
        TAG,
        typeahead,
        description="Each word has to be the beginning of a name or of the chart number.",
        query=SearchPatientsQuery,
        answer=PatientSearchOut,
    ),
    Operation(
        "POST",
        "/patients/check-duplicates",
        "post_patients_check_duplicates",
        "Check for duplicate patients",
        TAG,
        check,
        description="Patients who share a last name and birth date, an e-mail address, a mobile number or a social "
        "security number with somebody, the most alike first.",
        body=CheckDuplicatesIn,
        answer=DuplicatesOut,
        reads_only=True,
    ),
    Operation(
        "GET",
        ONE,
        "get_patients_patient_uuid",
        "Get patient by ID",
        TAG,
        get,
        description="An archived patient can be looked at.",
        answer=PatientOut,
        refusals=GONE,
    ),
    Operation(
        "PATCH",
        ONE,
        "patch_patients_patient_uuid",
        "Update patient",
        TAG,
        update,
        description="Changes the members that are given; null clears. The status has operations of its own.",
        body=UpdatePatientIn,
        answer=PatientOut,
        refusals={
            404: "There is no such patient, provider, location, employer, guarantor, billing type or fee schedule.",
            409: "The patient has changed since `base_version`, or another one has the chart number.",
        },
    ),
    Operation(
        "POST",
        f"{ONE}/archive",
        "post_patients_patient_uuid_archive",
        "Archive patient",
        TAG,
        archive,
        description="Takes the patient out of the lists. Refused for the guarantor of others who are not archived.",
        answer=PatientOut,
        refusals=GONE,
    ),
    Operation(
        "POST",
        f"{ONE}/restore",
        "post_patients_patient_uuid_restore",
        "Restore archived patient",
        TAG,
        restore,
        description="The patient comes back as inactive.",
        answer=PatientOut,
        refusals=GONE,
    ),
    Operation(
        "POST",
        f"{ONE}/transition-status",
        "post_patients_patient_uuid_transition_status",
        "Transition patient status",
        TAG,
        transition,
        description="From prospective to active, from active to inactive or deceased, from inactive to active.",
        body=TransitionStatusIn,
        answer=PatientOut,
        refusals=GONE | STALE,
    ),
)
