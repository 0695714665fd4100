"""Patients: bodies and answers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from translators.internal.schema.page import ListOut, PageInfo
from translators.internal.schema.shapes import EntityRef, In, Out
from translators.internal.schema.values import (
    Date,
    Email,
    Flag,
    Instant,
    Kept,
    Key,
    Line,
    Name,
    Note,
    Phone,
    ShownDate,
    ShownInstant,
    ShownKey,
    Version,
    Whole,
)

AllergyReview = Literal["not_reviewed", "nkda", "reviewed"]
ContactMethod = Literal["email", "mail", "none", "phone", "text"]
Gender = Literal["female", "male", "non_binary", "other", "prefer_not_to_say", "unknown"]
MaritalStatus = Literal["divorced", "domestic_partner", "married", "other", "separated", "single", "widowed"]
Pronoun = Literal["he_him", "not_specified", "other", "she_her", "they_them"]
Status = Literal["active", "archived", "deceased", "inactive", "prospective"]
Signal = Literal["last_name_and_date_of_birth", "email", "mobile_phone", "social_security_number"]


class _PatientIn(In):
    """What create and update have in common."""

    address_line1: Line = None
    address_line2: Line = None
    address_note: Note = None
    appointment_module_note: Note = None
    ask_to_arrive_early_mins: Annotated[int, Whole(0, 120)] | None = None
    billing_cycle_day: Annotated[int, Whole(1, 31)] | None = None
    billing_type_uuid: Key | None = None
    chart_number: Line = None
    city: Line = None
    consent_flags: Annotated[int, Whole(0)] | None = Field(default=None, description="Bits, one for each consent.")
    country: Line = None
    date_first_visit: Date | None = None
    date_of_birth: Date | None = None
    date_time_deceased: Instant | None = None
    email: Email = None
    emergency_contact_name: Line = None
    emergency_contact_phone: Phone = None
    employer_uuid: Key | None = None
    fee_schedule_uuid: Key | None = None
    gender: Gender | None = None
    home_phone: Phone = None
    location_uuid: Key | None = None
    marital_status: MaritalStatus | None = None
    medicaid_id: Line = None
    medical_summary: Note = None
    medical_urgent_note: Note = None
    middle_name: Line = None
    mobile_phone: Phone = None
    postal_code: Line = None
    preferred_confirmation_method: ContactMethod | None = None
    preferred_contact_method: ContactMethod | None = None
    preferred_language: Line = None
    preferred_name: Line = None
    premedication_required: Flag | None = None
    primary_provider_uuid: Key | None = None
    pronoun: Pronoun | None = None
    receives_email: Flag | None = None
    receives_sms: Flag | None = None
    responsible_party_uuid: Key | None = Field(default=None, description="The guarantor, a patient too.")
    salutation: Line = None
    secondary_provider_uuid: Key | None = None
    social_security_number: Line = None
    state: Line = None
    title: Line = None
    treatment_notes: Note = None
    work_phone: Phone = None


class CreatePatientIn(_PatientIn):
    """A new patient."""

    first_name: Name
    last_name: Name
    allergy_review_status: AllergyReview | None = "not_reviewed"
    billing_account: dict[str, Any] | None = Field(
        default=None, description="The registration desk's decision; accounts are not kept here."
    )
    status: Status | None = Field(default=None, description="active where nothing is said.")


class UpdatePatientIn(_PatientIn):
    """The members to change; the others stay. The status has an operation of its own."""

    base_version: Version
    first_name: Annotated[Name | None, Kept] = None
    last_name: Annotated[Name | None, Kept] = None
    allergy_review_status: AllergyReview | None = None


class TransitionStatusIn(In):
    """The status to go to."""

    base_version: Version
    new_status: Status


class CheckDuplicatesIn(In):
    """What is known of a person before a record is made."""

    last_name: Name
    date_of_birth: Date | None = None
    email: Line = None
    mobile_phone: Line = None
    social_security_number: Line = None


class PatientBriefOut(Out):
    """What a list to choose from shows."""

    id: ShownKey
    first_name: str
    last_name: str
    middle_name: str | None = None
    preferred_name: str | None = None
    date_of_birth: ShownDate | None = None
    status: Status | None = None
    mobile_phone: str | None = None
    email: str | None = None
    chart_number: str | None = None


class DuplicateOut(PatientBriefOut):
    """A patient who may be the same person, and what speaks for it."""

    signals: list[Signal]


class PatientSearchOut(Out):
    """The first matches of a typeahead."""

    items: list[PatientBriefOut]
    total: int


class DuplicatesOut(Out):
    """Those who may be the same person."""

    items: list[DuplicateOut]
    total: int


class PatientOut(Out):
    """A patient, in full."""

    id: ShownKey
    version: int
    created_at: ShownInstant
    updated_at: ShownInstant
    deleted_at: ShownInstant | None = Field(default=None, description="Since when the record is archived.")
    first_name: str
    last_name: str
    middle_name: str | None = None
    preferred_name: str | None = None
    title: str | None = None
    salutation: str | None = None
    pronoun: Pronoun | None = None
    gender: Gender | None = None
    date_of_birth: ShownDate | None = None
    date_time_deceased: ShownInstant | None = None
    marital_status: MaritalStatus | None = None
    preferred_language: str | None = None
    status: Status | None = None
    chart_number: str | None = None
    social_security_number: str | None = None
    medicaid_id: str | None = None
    email: str | None = None
    mobile_phone: str | None = None
    home_phone: str | None = None
    work_phone: str | None = None
    preferred_contact_method: ContactMethod | None = None
    preferred_confirmation_method: ContactMethod | None = None
    receives_email: bool | None = None
    receives_sms: bool | None = None
    address_line1: str | None = None
    address_line2: str | None = None
    address_note: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None
    emergency_contact_name: str | None = None
    emergency_contact_phone: str | None = None
    employer: EntityRef | None = None
    location: EntityRef | None = None
    primary_provider: EntityRef | None = None
    secondary_provider: EntityRef | None = None
    responsible_party: EntityRef | None = Field(default=None, description="The guarantor.")
    billing_type: EntityRef | None = None
    fee_schedule: EntityRef | None = None
    billing_cycle_day: int | None = None
    balance_total: str | None = None
    balance_0_30: str | None = None
    balance_31_60: str | None = None
    balance_61_90: str | None = None
    balance_over_90: str | None = None
    estimated_balance: str | None = None
    insurance_estimate: str | None = None
    payment_plan_due: str | None = None
    allergy_review_status: AllergyReview | None = None
    medical_summary: str | None = None
    medical_urgent_note: str | None = None
    premedication_required: bool | None = None
    smoking_snomed: str | None = None
    latest_vitals_date: ShownDate | None = None
    treatment_notes: str | None = None
    appointment_module_note: str | None = None
    ask_to_arrive_early_mins: int | None = None
    consent_flags: int | None = None
    date_first_visit: ShownDate | None = None
    scheduling_restricted: bool | None = Field(default=None, description="Whether no appointment is to be made.")
    potential_duplicates: list[DuplicateOut] | None = Field(
        default=None, description="Told in the answer to a create only."
    )


class PatientListOut(ListOut):
    """A page of patients."""

    items: list[PatientOut]


class PatientCursorOut(Out):
    """A stretch of patients, and how to go on."""

    data: list[PatientOut]
    page_info: PageInfo


class LocationCountOut(Out):
    """How many patients a location has."""

    location: EntityRef
    count: int


class LocationCountsOut(Out):
    """Counts by location, without any patient."""

    items: list[LocationCountOut]
    total: int
    status_set: list[str]
    excluded_count: int | None = Field(default=None, description="Those who match and have no active location.")
    group_by: str | None = None
    date_from: ShownDate | None = None
    date_to: ShownDate | None = None
