"""Patient: the field table of `PatientOut`, which create and update take in a flatter form (bodies.py)."""

from __future__ import annotations

from gateway.canonical import IDENTIFIER_TYPE, SSN, extension_url
from gateway.translation.codec import BOOLEAN, DATE, EMAIL, INTEGER
from gateway.translation.lens import Interaction, ResourceMap
from gateway.translation.rows import Field, Unbound, Way
from translators.internal.facts import ID, own, related, related_own
from translators.internal.patient_pairs import EMERGENCY_CONTACT, GENDER, LIFECYCLE
from translators.internal.vocabulary import (
    ALLERGY_REVIEW,
    CONTACT_METHOD,
    DOCUMENT,
    LANGUAGE_TERM,
    MARITAL,
    MIDDLE_NAMES,
    PRONOUNS,
    SNOMED,
)

NAME = "name[use=official|usual|]"
HOME = "address[use=home|]"
INDIVIDUAL_PRONOUNS = "http://hl7.org/fhir/StructureDefinition/individual-pronouns"


def _typed(code: str) -> dict[str, str]:
    return {"type.coding.system": IDENTIFIER_TYPE, "type.coding.code": code}


ROWS: tuple[Unbound, ...] = (
    ID,
    Field("chart_number", "identifier[system=$mr].value", having=_typed("PI")),
    Field("social_security_number", f"identifier[system={SSN}].value", having=_typed("SS")),
    Field(
        "medicaid_id",
        "identifier[type.coding.code=MA].value",
        having={"type.coding.system": IDENTIFIER_TYPE},
    ),
    Field("first_name", f"{NAME}.given[0]"),
    Field("middle_name", f"{NAME}.given[1:]", MIDDLE_NAMES),
    Field("last_name", f"{NAME}.family"),
    Field("title", f"{NAME}.prefix[0]"),
    Field("preferred_name", "name[use=nickname].given[0]"),
    own("salutation", "salutation", "valueString"),
    Field("date_of_birth", "birthDate", DATE),
    GENDER,
    Field("pronoun", f"extension[url={INDIVIDUAL_PRONOUNS}].extension[url=value].valueCodeableConcept", PRONOUNS),
    Field("marital_status", "maritalStatus", MARITAL),
    Field("preferred_language", "communication[preferred:=true|].language", LANGUAGE_TERM),
    LIFECYCLE,
    Field("mobile_phone", "telecom[system=phone,use=mobile].value"),
    Field("home_phone", "telecom[system=phone,use=home|].value"),
    Field("work_phone", "telecom[system=phone,use=work].value"),
    Field("email", "telecom[system=email,use=|home|work].value", EMAIL),
    Field("address_line1", f"{HOME}.line[0]"),
    Field("address_line2", f"{HOME}.line[1]"),
    Field("city", f"{HOME}.city"),
    Field("state", f"{HOME}.state"),
    Field("postal_code", f"{HOME}.postalCode"),
    Field("country", f"{HOME}.country"),
    Field("address_note", f"{HOME}.extension[url={extension_url('address-note')}].valueString"),
    EMERGENCY_CONTACT,
    *related("primary_provider", "generalPractitioner[type=Practitioner|]", "Practitioner"),
    *related_own("secondary_provider", "secondary-provider", "Practitioner"),
    *related_own("location", "facility", "Location"),
    *related_own("employer", "employer", "Organization"),
    *related_own("responsible_party", "responsible-party", "Patient"),
    *related_own("billing_type", "billing-type", "Basic"),
    *related_own("fee_schedule", "fee-schedule", "Basic"),
    own("billing_cycle_day", "billing-cycle-day", "valueInteger", INTEGER),
    own("receives_email", "receives-email", "valueBoolean", BOOLEAN),
    own("receives_sms", "receives-sms", "valueBoolean", BOOLEAN),
    own("preferred_contact_method", "preferred-contact-method", "valueCode", CONTACT_METHOD),
    own("preferred_confirmation_method", "preferred-confirmation-method", "valueCode", CONTACT_METHOD),
    own("consent_flags", "consent-flags", "valueInteger", INTEGER),
    own("allergy_review_status", "allergy-review-status", "valueCode", ALLERGY_REVIEW),
    own("premedication_required", "premedication-required", "valueBoolean", BOOLEAN),
    own("appointment_module_note", "appointment-note", "valueString"),
    own("ask_to_arrive_early_mins", "ask-to-arrive-early", "valueInteger", INTEGER),
    own("treatment_notes", "treatment-notes", "valueString"),
    own("medical_summary", "medical-summary", "valueString"),
    own("medical_urgent_note", "medical-urgent-note", "valueString"),
    own("billing_account", "billing-account", "valueString", DOCUMENT, Way.READ),
    own("date_first_visit", "first-visit-date", "valueDate", DATE),
    Field(
        "smoking_snomed",
        f"extension[url={extension_url('smoking-status')}].valueCoding.code",
        way=Way.READ,
        having={"valueCoding.system": SNOMED},
    ),
    own("scheduling_restricted", "scheduling-restricted", "valueBoolean", BOOLEAN, Way.READ),
)

PATIENT = ResourceMap(
    "Patient",
    frozenset(Interaction),
    ROWS,
    search={
        "_id": "patient_uuid",
        "name": "search",
        "family": "search",
        "given": "search",
        "birthdate": "dob_from, dob_to",
    },
    silent={
        "name.text": "repeats the name's parts",
        "address.text": "repeats the address's parts",
        "deceasedBoolean": "false is what every status but `deceased` says, and true is written as that status",
        "identifier.use": "the API has one field for each kind of identifier",
        "identifier.type.text": "repeats the type's code",
        "identifier.type.coding.display": "repeats its code",
        "maritalStatus.coding.display": "repeats its code",
        "communication.language.coding.display": "repeats its code",
    },
)
