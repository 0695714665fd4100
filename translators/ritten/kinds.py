"""Ritten's documents, leaf by leaf: what is read, what is not and why, with examples of synthetic people."""

from __future__ import annotations

from gateway.translation.contract import RecordKind
from translators.ritten.coverage import COVERAGE, SUBSCRIBER
from translators.ritten.encounter import ENCOUNTER
from translators.ritten.examples import FACILITIES, PATCHES, PATIENTS, PAYERS, STAFF, STAYS
from translators.ritten.examples_lists import PROGRAMS, RELATIONSHIPS, WEBHOOKS
from translators.ritten.location import LOCATION
from translators.ritten.organization import PAYER
from translators.ritten.patient import PATIENT
from translators.ritten.practitioner import PRACTITIONER
from translators.ritten.program import PROGRAM
from translators.ritten.relationship import RELATED


def _leaves(prefix: str, names: str) -> frozenset[str]:
    return frozenset(f"{prefix}{name}" for name in names.split())


STAY = """id program.id program.programName program.programType levelOfCare admitDate admittedByUserId
    estimatedDischargeDate dischargeTypeId dischargeDate transferredFrom transferredTo"""
REFERRAL = "id referralTypeId organizationId personId isPrimary"
USER = "id email first middle last lastAccessedAt"
POLICY = """id payerId orderNumber groupNumber memberIdentifier rxBIN rxPCN rxGroup startDate expirationDate
    notSubscriber comments providerPhoneNumber firstName lastName address city state postalCode subscriberPhoneNumber
    birthDate sex relationship"""

_STAY_IGNORED = {
    "program.programType": "mapping.md gives an Encounter no place for whether its program is clinical",
}
_USER_IGNORED = {"lastAccessedAt": "when somebody last used Ritten is no fact about their profession"}
_CREATED = "when Ritten made its record; FHIR has no such element and meta.lastUpdated is the store's own"
_REFERRAL = "a push writes it from Encounter.hospitalization.origin; it is not read, because most integrations may not "
_REFERRAL += "read the organisation that it names (403)"

_ADDRESSES = _leaves("addresses[].", "id use country line line2 city region postalCode")
_DEMOGRAPHICS = _leaves(
    "demographics.",
    """race[] raceOther[] ethnicity[] ethnicityOther[] preferredLanguage sex gender[] genderDetail
    sexualOrientation sexualOrientationDetail maritalStatus""",
)
_WRITTEN = (
    _leaves("", "dob externalId phones[] emails[]")
    | _leaves("name.", "first middle last pronouns chosenName")
    | _ADDRESSES
    | _DEMOGRAPHICS
    | _leaves("referrals[].", REFERRAL)
    | _leaves("insurance[].", POLICY)
)
_WRITTEN_IGNORED = {
    "externalId": "our own id of the patient: it links the record, and says nothing about the person",
    "addresses[].id": "Ritten's key of the address: it stays with its element in the record and goes back with it",
    "demographics.sexualOrientation": "mapping.md has no place for it on Patient, and US Core makes it an Observation",
    "demographics.sexualOrientationDetail": "goes with sexualOrientation",
    "insurance[].comments": "an R4 Coverage has no note",
    "insurance[].providerPhoneNumber": "the payer's number for one policy; Organization.telecom is the payer's own",
    **dict.fromkeys(_leaves("referrals[].", REFERRAL), _REFERRAL),
}
_PATIENT = (
    _WRITTEN
    | _leaves("", "id createdAt mrn programStatus")
    | _leaves("programs[].", STAY)
    | _leaves("latestClinicalProgram.", STAY)
    | _leaves("latestClinicalDischarge.", "id name dischargeType")
    | _leaves("careTeam.", "id primaryClinicianId teamUserIds[]")
    | _leaves("careTeam.primaryClinician.", USER)
    | _leaves("diagnoses[].", "diagnosis isPrimary")
    | _leaves("insurance[].", "removed")
)
_PATIENT_IGNORED = {
    **_WRITTEN_IGNORED,
    "createdAt": _CREATED,
    "programStatus": "says whether a stay is open, which Encounter.status says of each stay",
    "programs": "each element is read as the kind `stay`, joined with the discharge that belongs to it",
    **dict.fromkeys(_leaves("latestClinicalProgram.", STAY), "repeats an element of programs"),
    "latestClinicalDischarge": "read as part of the stay that it belongs to, in the kind `stay`",
    "careTeam.id": "the team's key; mapping.md has no CareTeam",
    "careTeam.teamUserIds[]": "mapping.md has no CareTeam; the primary clinician is read",
    "diagnoses[].diagnosis": "an element without a key of its own, so that a Condition could not be known again",
    "diagnoses[].isPrimary": "an element without a key of its own, so that a Condition could not be known again",
    **{f"careTeam.primaryClinician.{name}": reason for name, reason in _USER_IGNORED.items()},
}
REMEMBERED = frozenset({"ssn"})
"""Written and never shown; the gateway keeps it in the record."""
_RELATIONSHIP = (
    _leaves("", "id personId type isEmergencyContact isGuarantor isGuardian removed")
    | _leaves("person.", "id first middle last dob mrn email createdAt")
    | _leaves("person.contactPoints[].", "id system use value valueExt isPrimary notes")
    | _leaves("person.address.", "id use country line line2 city region postalCode")
    | _leaves("person.organizations[].", "id name relationshipType isPrimary")
)
_RELATIONSHIP_IGNORED = {
    "personId": "names the contact or patient that the person was read from",
    "person.id": "the person's own key; the relationship has one, and a person may be related to several patients",
    "person.mrn": "that a related person is a patient as well is not told in this patient's record",
    "person.email": "repeats one of contactPoints",
    "person.createdAt": _CREATED,
    "person.contactPoints[].id": "Ritten's key of the number; telecom has no place for it",
    "person.contactPoints[].notes": "a ContactPoint has no note",
    "person.address.id": "Ritten's key of the address; a contact has but one",
    **dict.fromkeys(
        _leaves("person.organizations[].", "id name relationshipType isPrimary"),
        "a RelatedPerson has no organisation; most integrations may not read them (403)",
    ),
}
_WEBHOOK = _leaves("data.", "patientId mrn programId fromProgramId toProgramId caseId personSeekingTreatmentId")
_WEBHOOK |= _leaves("", "type data.status data.fromStatus data.toStatus")

KINDS = (
    RecordKind(
        "patient",
        _PATIENT,
        (PATIENT, COVERAGE, SUBSCRIBER, PRACTITIONER),
        ignored=_PATIENT_IGNORED,
        within={
            "Coverage": "insurance[]",
            "RelatedPerson": "insurance[]",
            "Practitioner": "careTeam.primaryClinician",
        },
        examples=PATIENTS,
    ),
    RecordKind(
        "patient-patch",
        _WRITTEN | REMEMBERED,
        (PATIENT, COVERAGE, SUBSCRIBER),
        ignored=_WRITTEN_IGNORED,
        within={"Coverage": "insurance[]", "RelatedPerson": "insurance[]"},
        examples=PATCHES,
    ),
    RecordKind(
        "stay",
        _leaves("", f"{STAY} removed facilityId") | _leaves("latestClinicalDischarge.", "id name dischargeType"),
        (ENCOUNTER,),
        ignored=_STAY_IGNORED
        | {
            "latestClinicalDischarge.id": "tells that the discharge belongs to this stay",
            "latestClinicalDischarge.dischargeType": "the class of the discharge type, which dischargeTypeId names",
        },
        examples=STAYS,
    ),
    RecordKind(
        "relationship",
        _RELATIONSHIP,
        (RELATED,),
        ignored=_RELATIONSHIP_IGNORED,
        examples=RELATIONSHIPS,
    ),
    RecordKind(
        "webhook",
        _WEBHOOK,
        (),
        ignored=dict.fromkeys(_WEBHOOK, "a webhook says whom to read, and nothing else of it is taken as true"),
        examples=WEBHOOKS,
    ),
    RecordKind(
        "program",
        _leaves("", "id name facility.id programType levelOfCare[] createdAt removed"),
        (PROGRAM,),
        ignored={"createdAt": _CREATED},
        examples=PROGRAMS,
    ),
    RecordKind(
        "facility",
        _leaves("", "id name nationalProviderId phone createdAt removed")
        | _leaves("address.", "id use country line line2 city region postalCode"),
        (LOCATION,),
        ignored={
            "createdAt": _CREATED,
            "address.id": "Ritten's key of the address; a facility has but one",
            "address.use": "a facility's address is where it is, whatever its use is called",
        },
        examples=FACILITIES,
    ),
    RecordKind(
        "payer",
        _leaves("", "id payerIdentifier payerGroupId name address city state postalCode notes removed"),
        (PAYER,),
        ignored={
            "payerGroupId": "the contract has no operation that tells what the group is",
            "notes": "an R4 Organization has no note",
        },
        examples=PAYERS,
    ),
    RecordKind("user", _leaves("", USER), (PRACTITIONER,), ignored=_USER_IGNORED, examples=STAFF),
)


def unaccounted(kind: RecordKind, names: frozenset[str]) -> tuple[str, ...]:
    """Vendor paths that the contract does not have."""
    return tuple(sorted(names - kind.leaves - REMEMBERED))
