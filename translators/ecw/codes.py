"""The numeric codes by which eCW tells the fate of a write: in the body, under HTTP 200.

Only `1`, and a status line in words (`201 Created`), is success: the bare numbers 201, 202 and 204 are refusals.
"""

from __future__ import annotations

import re

from gateway.faults import EmrRefused, Issue

SUCCESS = 1
INVALID_PATIENT = 100
ALREADY_EXISTS = 202
TRANSIENT = frozenset({103, 104})
"""To be tried once more."""
STATUS_LINE = re.compile(r"20[01] [A-Za-z ]+")

NAMES: dict[int, str] = {
    2: "FAILURE",
    100: "INVALID_PATIENT",
    101: "INVALID_PROVIDER",
    102: "UNSUPPORTED_CODING_SYSTEM",
    103: "UNKNOWN_MAPPING_ERROR",
    104: "UNKNOWN_TODO_MODULE_ERROR",
    105: "INVALID_CATEGORY_FOR_ASSESSMENT",
    106: "UNSUPPORTED_ENCOUNTER_STATUS",
    107: "INVALID_FACILITY",
    108: "UNSUPPORTED_CHARACTERS",
    109: "MAX_SIZE_LIMIT_EXCEEDED",
    110: "INVALID_STATUS",
    111: "UNSUPPORTED_ACTION_PRIORITY",
    112: "UPLOAD_FTP_FAILED",
    113: "UNSUPPORTED_TYPE_CODE",
    114: "UNSUPPORTED_MIME_TYPE_IN_ATTACHMENT",
    115: "INVALID_TODO_ID",
    116: "INVALID_PERIOD_ELEMENT",
    117: "INVALID_PATIENT_GENDER",
    118: "INVALID_PATIENT_NAME",
    119: "INVALID_PATIENT_DOB",
    120: "INVALID_CODING_ELEMENT",
    121: "INVALID_INTENT",
    122: "INVALID_CATEGORY",
    123: "INVALID_ENCOUNTER",
    124: "INVALID_PRIMARY_SOURCE",
    132: "NOT_FOUND_OR_INVALID_EXTENSION_IN_PATIENT_RESOURCE",
    133: "INVALID_PHARMACY_ID",
    134: "PATINET_AND_PHARMACY_NOT_LINKED",
    135: "PARAMETER_MAP_IS_EMPTY_ORG",
    136: "UNKNOWN_ERROR_ON_ADT_ORG",
    137: "INVALID_REQUEST_TYPE",
    138: "INVALID_ENCOUNTER_TYPE",
    139: "ENCOUNTER_IS_LOCKED",
    141: "INVALID_CODEABLE_CONCEPT",
    142: "INVALID_AUTHORED_ON",
    143: "INVALID_TEXT",
    151: "INVALID_EXTENSION",
    152: "INVALID_EXTENSION_VALUE",
    161: "INVALID_COMMUNICATION_PAYLOAD",
    164: "INVALID_PATIENT_REFERENCE_IN_ENCOUNTER",
    165: "INVALID_ID",
    166: "FAILED_FOR_SERVICE_REQUEST_UPDATE",
    167: "FAILURE_WHILE_CREATING_SURGICAL_HISTORY",
    168: "FAILURE_WHILE_CREATING_MEDICAL_HISTORY",
    201: "INVALID_MULTIPLE_PATIENT_FOUND",
    202: "INVALID_PATIENT_ALREADY_EXIST",
    203: "UNSUPPORTED_PATIENT_DATA",
    204: "INVALID_DATE_FORMAT",
    205: "INSURANCE_NOT_FOUND",
    206: "PATIENT_INSURANCE_MISMATCH",
    207: "PATIENT_NOT_FOUND",
    208: "SUBSCRIBER_NOT_FOUND",
    301: "STRUCT_DATA_SECTION_ITEMS_MISSING",
    302: "STRUCT_DATA_CATEGORY_ITEMS_MISSING",
    303: "STRUCT_DATA_UNSUPPORTED_STRUCTURE",
    304: "STRUCT_DATA_NO_ITEMS_MAPPED",
    305: "STRUCT_DATA_NO_VALID_QUESTIONS",
    306: "STRUCT_DATA_UPDATE_FAILED",
    307: "STRUCT_DATA_INVALID_VALUE",
    308: "DEFAULT_WRITEBACK_USER_NOT_CONFIGURED",
    600: "UNSUPPORTED_REASON_TEXT",
    601: "INVALID_ANSWERED_BY_FIELD",
    602: "FAILED_TO_CREATE_WEB_ENCOUNTER",
    603: "INVALID_RX_ORDER_NO",
    604: "FAILURE_RECEIVED_FOR_ADD_MEDICATION_IN_RENEWAL_INSIGHT",
    605: "INVALID_IDENTIFIER_ELEMENT",
    606: "INVALID_RENDERING_PROVIDER_EXTENSION",
    607: "INVALID_CODE_ELEMENT",
    608: "ID_NOT_MATCH_WITH_PATIENTID",
    609: "INVALID_ORGANIZATION_TYPE_CODE",
    610: "UNKNOWN_REFERRAL_MODULE_ERROR",
    611: "INVALID_UNIT",
    612: "INVALID_VITAL_VALUE",
    613: "UNSUPPORTED_OBSERVATION",
    614: "UNSUPPORTED_CHARACTER_FHIR_BUNDLE",
    615: "UPDATE_NOT_SUPPORTED_REFERRAL/INVALID_ORGNIZATION_ID",
    616: "INVALID_REASON_CODE",
    617: "INVALID_REFERRAL_PERIOD_ELEMENT",
    618: "REASON_CODE_MAPPED_TO_DIFFERENT_PATIENT",
    619: "INVALID_AUTH_TYPE_FORMAT",
    620: "INVALID_REFERRAL_TYPE",
    621: "INVALID_ICD_REASON_CODE",
    701: "INVALID_CHARGE_ITEM_REFERENCE",
    702: "INVALID_CHARGE_ITEM_DATA",
    703: "DFT_PROCESSING_ERROR",
}

MEND: dict[int, str] = {
    2: "check that the practice has switched on writing for this application",
    100: "check that the linked patient still exists in eClinicalWorks; unlink and push again if not",
    101: "refer only to providers that were pulled from eClinicalWorks",
    102: "code marital status, race, ethnicity and language in the systems that US Core names",
    103: "push again; if it stays, ask eClinicalWorks support",
    104: "push again; if it stays, ask eClinicalWorks support",
    107: "map the location, or set `default_facility`, to the id of an active eClinicalWorks Location",
    108: "take special characters out of names and address",
    109: "shorten the longest texts of the patient",
    117: "set `gender` to male, female, other or unknown",
    118: "give the patient one name with family and given name",
    119: "give the patient a full date of birth, YYYY-MM-DD, not in the future",
    120: "give each code of the patient its system",
    132: "set `default_facility`, or give the patient a location that is mapped to an eClinicalWorks Location",
    141: "give marital status and language a code",
    151: "send only extensions that eClinicalWorks knows: race, ethnicity, birth sex, default facility",
    152: "correct the value of race, ethnicity, birth sex or default facility",
    165: "check that the linked id is one of this practice",
    201: "several patients there fit: merge them in eClinicalWorks or link the right one",
    202: "a patient with this name and date of birth exists there: link it",
    203: "take out what eClinicalWorks does not store of a patient",
    204: "write dates as YYYY-MM-DD",
    207: "check that the linked patient still exists in eClinicalWorks and belongs to this practice",
    308: "ask eClinicalWorks to configure a default write-back user for the practice",
    605: "set `assigner_oid` to the number that eClinicalWorks gave this application",
    608: "check the link between the patient here and there",
    614: "take special characters out of names and address",
}
ASK = "look the code up in the Error Code Reference Guide of eClinicalWorks, or ask its support"


def code_of(status: object) -> int | None:
    """The code of an entry's status; None where it is none."""
    text = str(status).strip()
    if STATUS_LINE.fullmatch(text):
        return SUCCESS
    return int(text) if re.fullmatch(r"\d{1,4}", text) else None


def refusal(code: int | None) -> EmrRefused:
    """Says what eCW objects to and what to do about it; holds nothing of the record or the answer."""
    if code is None:
        return EmrRefused("eClinicalWorks refused the patient without one of its codes; ask its support")
    name = NAMES.get(code, "a code that its guide does not list")
    return EmrRefused(
        (Issue(f"eClinicalWorks refused the patient: {code} {name}. What to do: {MEND.get(code, ASK)}", ("Patient",)),)
    )
