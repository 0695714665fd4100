"""The codes of eClinicalWorks' Error Code Reference Guide 1.0: what each objects to, where in FHIR, and what to do.

Names are eCW's own, its slips of the pen included, so that its support recognises them. `place` is the element of what
we send that a code is about; None where no Patient that we send can be the cause, or eCW does not tell which element it
is. The words in `mend` are for whoever runs the CRM and the connection here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Code(NamedTuple):
    """One line of the guide."""

    name: str
    mend: str
    place: str | None = None


SUPPORT = "push again; if it stays, give the code and the time to eClinicalWorks support"
NOT_OURS = (
    "the gateway sends patients only, so eClinicalWorks has mistaken what it got: {}; give the code to its support"
)
CHARACTERS = "take characters such as < > ^ and control characters out of names, address and other texts"
ENCOUNTER, ORDER, SECTION = (NOT_OURS.format(f"it speaks of {what}") for what in ("an encounter", "an order", "a form"))
DRUG, CHARGE, PHARMACY = (NOT_OURS.format(f"it speaks of {what}") for what in ("a drug", "a charge", "a pharmacy"))
INSURANCE, TODO, FILE = (NOT_OURS.format(f"it speaks of {what}") for what in ("insurance", "a task", "a file"))

CODES: Mapping[int, Code] = {
    1: Code("SUCCESS", "nothing"),
    2: Code("FAILURE", "check that the practice has switched on writing of patients for this application", "Patient"),
    100: Code(
        "INVALID_PATIENT",
        "check whether the linked patient was merged or removed there, and have it restored",
        "Patient",
    ),
    101: Code(
        "INVALID_PROVIDER",
        "take as general practitioner only somebody whom a pull brought from there",
        "Patient.generalPractitioner",
    ),
    102: Code(
        "UNSUPPORTED_CODING_SYSTEM",
        "code marital status, race, ethnicity and language in the systems that US Core names",
        "Patient.maritalStatus",
    ),
    103: Code("UNKNOWN_MAPPING_ERROR", SUPPORT, "Patient"),
    104: Code("UNKNOWN_TODO_MODULE_ERROR", TODO),
    105: Code("INVALID_CATEGORY_FOR_ASSESSMENT", SECTION),
    106: Code("UNSUPPORTED_ENCOUNTER_STATUS", ENCOUNTER),
    107: Code(
        "INVALID_FACILITY",
        "map the location, or set `default_facility`, to the id of an active eClinicalWorks Location",
        "Patient.extension",
    ),
    108: Code("UNSUPPORTED_CHARACTERS", CHARACTERS, "Patient.name"),
    109: Code(
        "MAX_SIZE_LIMIT_EXCEEDED",
        "shorten names, address lines and texts that are longer than 2000 characters",
        "Patient",
    ),
    110: Code("INVALID_STATUS", "say in `active` whether the patient is one, with true or false", "Patient.active"),
    111: Code("UNSUPPORTED_ACTION_PRIORITY", TODO),
    112: Code("UPLOAD_FTP_FAILED", FILE),
    113: Code("UNSUPPORTED_TYPE_CODE", FILE),
    114: Code("UNSUPPORTED_MIME_TYPE_IN_ATTACHMENT", FILE),
    115: Code("INVALID_TODO_ID", TODO),
    116: Code("INVALID_PERIOD_ELEMENT", "correct periods that end before they begin", "Patient.address.period"),
    117: Code("INVALID_PATIENT_GENDER", "set `gender` to male, female, other or unknown", "Patient.gender"),
    118: Code("INVALID_PATIENT_NAME", "give the patient one name with family and given name", "Patient.name"),
    119: Code(
        "INVALID_PATIENT_DOB", "give a full date of birth, YYYY-MM-DD, that is not in the future", "Patient.birthDate"
    ),
    120: Code(
        "INVALID_CODING_ELEMENT",
        "give each code of marital status and language its system",
        "Patient.communication.language",
    ),
    121: Code("INVALID_INTENT", ORDER),
    122: Code("INVALID_CATEGORY", SECTION),
    123: Code("INVALID_ENCOUNTER", ENCOUNTER),
    124: Code("INVALID_PRIMARY_SOURCE", NOT_OURS.format("it speaks of an immunization")),
    132: Code(
        "NOT_FOUND_OR_INVALID_EXTENSION_IN_PATIENT_RESOURCE",
        "set `default_facility`, or give the patient a location that is mapped to an eClinicalWorks Location",
        "Patient.extension",
    ),
    133: Code("INVALID_PHARMACY_ID", PHARMACY),
    134: Code("PATINET_AND_PHARMACY_NOT_LINKED", PHARMACY),
    135: Code("PARAMETER_MAP_IS_EMPTY_ORG", PHARMACY),
    136: Code("UNKNOWN_ERROR_ON_ADT_ORG", PHARMACY),
    137: Code("INVALID_REQUEST_TYPE", PHARMACY),
    138: Code("INVALID_ENCOUNTER_TYPE", ENCOUNTER),
    139: Code("ENCOUNTER_IS_LOCKED", ENCOUNTER),
    141: Code(
        "INVALID_CODEABLE_CONCEPT", "give marital status and language a code with its system", "Patient.maritalStatus"
    ),
    142: Code("INVALID_AUTHORED_ON", ORDER),
    143: Code("INVALID_TEXT", "give codes of the patient a text that people read", "Patient.maritalStatus.text"),
    151: Code(
        "INVALID_EXTENSION",
        "send only extensions that eClinicalWorks knows, each once: race, ethnicity, birth sex, default facility",
        "Patient.extension",
    ),
    152: Code(
        "INVALID_EXTENSION_VALUE",
        "correct the value of race, ethnicity, birth sex or default facility",
        "Patient.extension.value",
    ),
    161: Code("INVALID_COMMUNICATION_PAYLOAD", NOT_OURS.format("it speaks of a message")),
    164: Code("INVALID_PATIENT_REFERENCE_IN_ENCOUNTER", ENCOUNTER),
    165: Code(
        "INVALID_ID",
        "check that the linked id is one of this practice: ids differ from practice to practice",
        "Patient.id",
    ),
    166: Code("FAILED_FOR_SERVICE_REQUEST_UPDATE", ORDER),
    167: Code("FAILURE_WHILE_CREATING_SURGICAL_HISTORY", NOT_OURS.format("it speaks of a medical history")),
    168: Code("FAILURE_WHILE_CREATING_MEDICAL_HISTORY", NOT_OURS.format("it speaks of a medical history")),
    201: Code(
        "INVALID_MULTIPLE_PATIENT_FOUND",
        "several patients there fit this one: have the practice merge them or tell them apart, then push again",
        "Patient",
    ),
    202: Code(
        "INVALID_PATIENT_ALREADY_EXIST",
        "a patient with this name and date of birth exists there: it is looked up",
        "Patient",
    ),
    203: Code(
        "UNSUPPORTED_PATIENT_DATA",
        "take out what eClinicalWorks does not store of a patient; check telephone numbers, state and postal code",
        "Patient",
    ),
    204: Code("INVALID_DATE_FORMAT", "write dates as YYYY-MM-DD", "Patient.birthDate"),
    205: Code("INSURANCE_NOT_FOUND", INSURANCE),
    206: Code("PATIENT_INSURANCE_MISMATCH", INSURANCE),
    207: Code(
        "PATIENT_NOT_FOUND",
        "check that the linked patient still exists there and belongs to this practice",
        "Patient.id",
    ),
    208: Code("SUBSCRIBER_NOT_FOUND", INSURANCE),
    301: Code("STRUCT_DATA_SECTION_ITEMS_MISSING", SECTION),
    302: Code("STRUCT_DATA_CATEGORY_ITEMS_MISSING", SECTION),
    303: Code("STRUCT_DATA_UNSUPPORTED_STRUCTURE", SECTION),
    304: Code("STRUCT_DATA_NO_ITEMS_MAPPED", SECTION),
    305: Code("STRUCT_DATA_NO_VALID_QUESTIONS", SECTION),
    306: Code("STRUCT_DATA_UPDATE_FAILED", SECTION),
    307: Code("STRUCT_DATA_INVALID_VALUE", SECTION),
    308: Code(
        "DEFAULT_WRITEBACK_USER_NOT_CONFIGURED",
        "ask eClinicalWorks to configure a default write-back user for the practice",
    ),
    600: Code("UNSUPPORTED_REASON_TEXT", ENCOUNTER),
    601: Code("INVALID_ANSWERED_BY_FIELD", ENCOUNTER),
    602: Code("FAILED_TO_CREATE_WEB_ENCOUNTER", ENCOUNTER),
    603: Code("INVALID_RX_ORDER_NO", DRUG),
    604: Code("FAILURE_RECEIVED_FOR_ADD_MEDICATION_IN_RENEWAL_INSIGHT", DRUG),
    605: Code(
        "INVALID_IDENTIFIER_ELEMENT",
        "set `assigner_oid` to the number that eClinicalWorks gave this application",
        "Patient.identifier",
    ),
    606: Code("INVALID_RENDERING_PROVIDER_EXTENSION", ENCOUNTER),
    607: Code(
        "INVALID_CODE_ELEMENT", "give each code of the patient its system and its value", "Patient.maritalStatus"
    ),
    608: Code("ID_NOT_MATCH_WITH_PATIENTID", "check the link between the patient here and there", "Patient.id"),
    609: Code("INVALID_ORGANIZATION_TYPE_CODE", PHARMACY),
    610: Code("UNKNOWN_REFERRAL_MODULE_ERROR", ORDER),
    611: Code("INVALID_UNIT", NOT_OURS.format("it speaks of an observation")),
    612: Code("INVALID_VITAL_VALUE", NOT_OURS.format("it speaks of an observation")),
    613: Code("UNSUPPORTED_OBSERVATION", NOT_OURS.format("it speaks of an observation")),
    614: Code("UNSUPPORTED_CHARACTER_FHIR_BUNDLE", CHARACTERS, "Patient"),
    615: Code("UPDATE_NOT_SUPPORTED_REFERRAL/INVALID_ORGNIZATION_ID", ORDER),
    616: Code("INVALID_REASON_CODE", ORDER),
    617: Code("INVALID_REFERRAL_PERIOD_ELEMENT", ORDER),
    618: Code("REASON_CODE_MAPPED_TO_DIFFERENT_PATIENT", ORDER),
    619: Code("INVALID_AUTH_TYPE_FORMAT", ORDER),
    620: Code("INVALID_REFERRAL_TYPE", ORDER),
    621: Code("INVALID_ICD_REASON_CODE", ORDER),
    701: Code("INVALID_CHARGE_ITEM_REFERENCE", CHARGE),
    702: Code("INVALID_CHARGE_ITEM_DATA", CHARGE),
    703: Code("DFT_PROCESSING_ERROR", CHARGE),
    2024: Code("RxNorm Code is mandatory for importing medication data", DRUG),
    2025: Code("One or more Rx Details is empty, RxItemID or RxStrength/Formulation not found", DRUG),
    2026: Code("Med type is unspecified, med type should be reconcile or new order", DRUG),
    2027: Code("RxNorm and NDC do not belong to the same drug compendia.", DRUG),
}
