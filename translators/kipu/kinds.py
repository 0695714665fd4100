"""Every leaf of KIPU's documents: mapped by a table, or ignored with the reason. The examples are synthetic."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.translation.contract import RecordKind
from translators.kipu.coverage import COVERAGE, SUBSCRIBER
from translators.kipu.document import UNSHOWN, fields
from translators.kipu.encounter import ENCOUNTER
from translators.kipu.examples import (
    BEDS,
    BUILDINGS,
    CARE_LEVELS,
    INSURANCES,
    PATIENTS,
    PAYORS,
    PROVIDERS,
    REFERRERS,
    SITES,
    USERS,
)
from translators.kipu.location import (
    BED,
    BUILDING,
    DESTINATION,
    FACILITY,
    LISTED_BED,
    NAMED_PAYER,
    PAYER,
    REFERRER,
    ROOM,
    SITE,
)
from translators.kipu.patient import PATIENT
from translators.kipu.referral import REFERRAL, REFERRAL_LEAVES, REFERRALS
from translators.kipu.staff import (
    CARE_LEVEL,
    LISTED_PAYER,
    LISTED_REFERRER,
    PROVIDER,
    PROVIDER_ROLE,
    USER,
    USER_ROLE,
)

PATIENT_FIELDS = fields(
    "casefile_id first_name middle_name last_name dob admission_date discharge_date mr_number payment_method_category "
    "created_at last_updated_at diagnosis_codes insurance_company phone pronouns preferred_language maiden_name "
    "preferred_contact location_id discharge_type discharge_type_code payment_method gender gender_identity race "
    "ethnicity address_street address_street2 address_city state address_zip address_country email "
    "pre_admission_status anticipated_discharge_date date_of_death cause_of_death discharge_or_transition_id "
    "discharge_or_transition_name first_contact_name referrer_name pre_admission_status_id preferred_name "
    "alternate_phone sobriety_date ssn first_contact_date first_contact_information first_contact_relationship "
    "first_contact_rep_on_call level_of_care next_level_of_care next_level_of_care_date program bed_name room_name "
    "building_name location_name record_source"
)
LISTS = frozenset(
    {"alternate_addresses[]", "patient_statuses[]", "external_apps[]", "ext_id_mappings[]", "patient_tags[]"}
)
"""Documented as lists, without the fields of their items."""
CONTACT_FIELDS = fields("full_name name phone alternative_phone address email notes contact_type relationship")
INSURANCE_FIELDS = fields(
    "id insurance_company insurance_phone subscriber_first_name subscriber_middle_name subscriber_last_name "
    "subscriber_name subscriber_SSN subscriber_DOB subscriber_gender subscriber_relationship subscriber_employer "
    "subscriber_address_street subscriber_address_street2 subscriber_address_city subscriber_address_zip "
    "subscriber_address_state subscriber_address_country policy_no member_id group_ID group_number co_payment "
    "deductible notes insurance_type insurance_plan_type insurance_policy_type payer_synonym rx_name rx_phone rx_group "
    "rx_bin rx_pcn origin_id kipu_insurance_id migrating exclude_from_scheduling"
)
PATIENT_LEAVES = (
    PATIENT_FIELDS
    | LISTS
    | {"ext_id_mappings[].external_app", "ext_id_mappings[].external_id"}
    | {f"patient_contacts[].{name}" for name in CONTACT_FIELDS}
    | {f"insurances[].{name}" for name in INSURANCE_FIELDS}
)

INSURANCE_IGNORED: Mapping[str, str] = {
    "member_id": "another name of policy_no, which it becomes on the way in (document.py)",
    "group_number": "another name of group_ID, which it becomes on the way in (document.py)",
    "subscriber_employer": "RelatedPerson has no employer; the policy's group says through whom it is held",
    "notes": "remarks of the billing staff, written for KIPU's own verification of benefits; Coverage has no note",
    "insurance_policy_type": "KIPU publishes neither its values nor how it differs from the type and the plan type",
    "payer_synonym": "a second spelling of insurance_company, for KIPU's claims",
    "rx_name": "the pharmacy plan's name; Coverage.class identifies it by BIN, PCN and group",
    "rx_phone": "the pharmacy help desk's number, printed on the card; Coverage has no telecom",
    "origin_id": "ties the pictures of a card to its policy; ours follows from the Coverage (`attachments.py`)",
    "kipu_insurance_id": "how a write names the policy's id; a read has it as id",
    "migrating": "a mark of KIPU's own data migrations",
    "exclude_from_scheduling": "a setting of KIPU's calendar",
}
IGNORED: Mapping[str, str] = {
    "created_at": "when KIPU made its copy; the store dates its own versions",
    "last_updated_at": "drives the pull (pull.py); meta.lastUpdated is the store's own",
    "diagnosis_codes": "codes in one text without a published separator or code system; a Condition needs both",
    "insurance_company": "repeats the first policy's company",
    "cause_of_death": "a clinical finding; only the date of death is demographic",
    "pre_admission_status_id": "KIPU's row number of pre_admission_status, which is mapped",
    "next_level_of_care": "a plan of the treatment team; an Encounter tells what is",
    "next_level_of_care_date": "belongs to next_level_of_care",
    "record_source": "which of KIPU's screens made the chart; Provenance says where a version here came from",
    "alternate_addresses[]": "KIPU publishes no field names of its items",
    "patient_statuses[]": "KIPU publishes no field names of its items",
    "patient_tags[]": "KIPU publishes no field names of its items",
    "external_apps[]": "shows our own id (casefile.py), which is the local id of the link",
    "ext_id_mappings[]": "shows our own id (casefile.py), which is the local id of the link",
    "ext_id_mappings[].external_app": "whose id external_id is; KIPU publishes no names, these are the sandbox's",
    "ext_id_mappings[].external_id": "our own id (casefile.py), which is the local id of the link",
    "patient_contacts[].name": "another name of full_name, which it becomes on the way in (document.py)",
    "patient_contacts[].notes": "remarks of the staff about relatives; Patient.contact has no note",
    "insurances[].insurance_phone": "read by the payer's table: kind insurance",
    **{f"insurances[].{name}": reason for name, reason in INSURANCE_IGNORED.items()},
}

CHANGE_FIELDS = fields("patient_casefile_id updated_at")
SITE_FIELDS = fields("location_id location_name enabled")
OF_SITE = fields("location_id location_name")
BUILDING_FIELDS = fields("building_name")
BED_FIELDS = fields("bed_name room_name building_name status casefile_id")
PERSON_FIELDS = fields("id first_name middle_name last_name credentials title npi email phone enabled")
PARTY_FIELDS = fields(
    "id name phone fax email address_street address_city address_state address_zip address_country enabled"
)
SITE_IGNORED = dict.fromkeys(OF_SITE, "names the site around the place: the Location that is its partOf")
BED_IGNORED: Mapping[str, str] = {"casefile_id": "who lies in a bed is told by the stay: Encounter.location"}
USER_IGNORED: Mapping[str, str] = {"username": "how someone signs in to KIPU; no business of anybody else"}
REFERRER_IGNORED: Mapping[str, str] = {
    "contact_type": "KIPU's sorting of its address book; every row of this list is a referrer"
}

KINDS: tuple[RecordKind, ...] = (
    RecordKind(
        "patient",
        PATIENT_LEAVES | UNSHOWN,
        (PATIENT, ENCOUNTER, COVERAGE, SUBSCRIBER, FACILITY, BUILDING, ROOM, BED, REFERRER, DESTINATION),
        IGNORED,
        {"Coverage": "insurances[]", "RelatedPerson": "insurances[]"},
        PATIENTS,
    ),
    RecordKind(
        "insurance", INSURANCE_FIELDS, (COVERAGE, SUBSCRIBER, PAYER, NAMED_PAYER), INSURANCE_IGNORED, {}, INSURANCES
    ),
    RecordKind(
        "changed insurance",
        INSURANCE_FIELDS | CHANGE_FIELDS,
        (),
        {
            **dict.fromkeys(INSURANCE_FIELDS, "the row says that a policy changed; the policy is read in its chart"),
            **dict.fromkeys(CHANGE_FIELDS, "drives the pull (policies.py): which chart is fetched again"),
        },
    ),
    RecordKind("location", SITE_FIELDS, (SITE, FACILITY), {}, {}, SITES),
    RecordKind("building", BUILDING_FIELDS | OF_SITE, (BUILDING,), SITE_IGNORED, {}, BUILDINGS),
    RecordKind("bed", BED_FIELDS | OF_SITE, (LISTED_BED, ROOM, BUILDING), {**SITE_IGNORED, **BED_IGNORED}, {}, BEDS),
    RecordKind("user", PERSON_FIELDS | {"username"}, (USER, USER_ROLE), USER_IGNORED, {}, USERS),
    RecordKind("provider", PERSON_FIELDS | {"specialty", "fax"}, (PROVIDER, PROVIDER_ROLE), {}, {}, PROVIDERS),
    RecordKind("referrer", PARTY_FIELDS | {"contact_type"}, (LISTED_REFERRER,), REFERRER_IGNORED, {}, REFERRERS),
    RecordKind("payor", PARTY_FIELDS, (LISTED_PAYER,), {}, {}, PAYORS),
    RecordKind("referral", REFERRAL_LEAVES, (REFERRAL,), {}, {}, REFERRALS),
    RecordKind("care level", fields("id name enabled"), (CARE_LEVEL,), {}, {}, CARE_LEVELS),
)
