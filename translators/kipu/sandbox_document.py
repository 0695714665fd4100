"""What KIPU takes in a create or update, and the chart that it makes of it; strict where the documentation is."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from translators.kipu.sandbox_signature import Refusal

Json = dict[str, Any]


def names(text: str) -> frozenset[str]:
    return frozenset(text.split())


DOCUMENT = names("recipient_id app_id sending_app_name data attachments_attributes")
PATIENT = names(
    "casefile_id sending_app_patient_master_id sending_app_patient_id first_name middle_name last_name preferred_name "
    "dob marital_status location_id patient_color_id address_street address_street2 address_city address_zip "
    "address_state address_country occupation employer_name employer_phone mr phone alternate_phone race ethnicity "
    "pre_admission_status pre_admission_status_short_code admission_status admission_date discharge_date "
    "anticipated_discharge_date ssn gender email first_contact_date first_contact_rep_on_call first_contact_name "
    "first_contact_information first_contact_relationship referrer_id referrer_name discharge_to_id discharge_to_name "
    "payment_method sobriety_date bed_name insurances_attributes patient_contacts_attributes "
    "health_care_card_attributes"
)
UPDATE = names("patient_id incoming_patch update_patient_attributes update ext_username")
INSURANCE = names(
    "insurance_company insurance_phone subscriber_first_name subscriber_middle_name subscriber_last_name "
    "subscriber_name subscriber_SSN subscriber_DOB subscriber_gender subscriber_relationship subscriber_employer "
    "subscriber_address_street subscriber_address_street2 subscriber_address_city subscriber_address_zip "
    "subscriber_address_state subscriber_address_country policy_no group_ID co_payment deductible notes insurance_type "
    "insurance_plan_type insurance_policy_type payer_synonym rx_name rx_phone rx_group rx_bin rx_pcn origin_id "
    "kipu_insurance_id migrating exclude_from_scheduling"
)
CONTACT = names("full_name phone alternative_phone address email notes contact_type relationship")
REQUIRED = ("first_name", "last_name", "dob")
GENDERS = names("Male male Female female Other other Unknown unknown")
DATES = names("dob anticipated_discharge_date sobriety_date first_contact_date")
TIMES = names("admission_date discharge_date")
UNSHOWN = names(
    "casefile_id marital_status occupation employer_name employer_phone patient_color_id admission_status referrer_id "
    "sending_app_patient_id sending_app_patient_master_id pre_admission_status_short_code health_care_card_attributes"
)
"""Kept, but in no read of the API."""
SHOWN_AS = {
    "address_state": "state",
    "mr": "mr_number",
    "discharge_to_id": "discharge_or_transition_id",
    "discharge_to_name": "discharge_or_transition_name",
}
FORMATS = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%m/%d/%Y")


def opened(body: Any, app_id: str) -> Json:
    """The document of a write, checked as far as create and update agree."""
    document = body.get("document") if isinstance(body, dict) else None
    if not isinstance(document, dict) or not isinstance(document.get("data"), dict):
        raise Refusal(422, "document[data] is missing")
    _only(document, DOCUMENT, "document")
    if document.get("recipient_id") != app_id:
        raise Refusal(403, "recipient is not allowed")
    if not document.get("sending_app_name"):
        raise Refusal(422, "document[sending_app_name] is missing")
    return document


def _only(found: Json, known: frozenset[str], place: str) -> None:
    if unknown := sorted(set(found) - known):
        raise Refusal(422, f"unknown fields of {place}: {', '.join(unknown)}")


def checked(data: Json, locations: list[Json], *, update: bool) -> None:
    _only(data, PATIENT | UPDATE if update else PATIENT, "data")
    for name in REQUIRED:
        if not data.get(name) and (not update or name in data):
            raise Refusal(422, f"{name} can't be blank")
    for name in DATES | TIMES:
        if data.get(name):
            parsed(data[name], name)
    if data.get("gender") and data["gender"] not in GENDERS:
        raise Refusal(422, "gender is not included in the list")
    if data.get("location_id") and not any(str(x["location_id"]) == str(data["location_id"]) for x in locations):
        raise Refusal(422, "location_id does not exist")
    for name, known in (("insurances_attributes", INSURANCE), ("patient_contacts_attributes", CONTACT)):
        items = data.get(name) or []
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise Refusal(422, f"{name} must be a list")
        for item in items:
            _only(item, known, name)
    for item in data.get("insurances_attributes") or ():
        if item.get("subscriber_DOB"):
            parsed(item["subscriber_DOB"], "subscriber_DOB")


def parsed(text: Any, name: str) -> datetime:
    for pattern in FORMATS:
        try:
            return datetime.strptime(text, pattern)  # noqa: DTZ007 - KIPU's dates come without a zone
        except (TypeError, ValueError):
            continue
    raise Refusal(422, f"{name} is not a date")


def instant(text: str, name: str, offset: str) -> str:
    """A wall clock of the facility, as KIPU shows it: in UTC with milliseconds."""
    local = parsed(text, name).isoformat() + offset
    return utc(datetime.fromisoformat(local))


def utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def shown(data: Json, offset: str) -> Json:
    """The fields of a write under the names of a read."""
    made: Json = {}
    for name, value in data.items():
        if name in UPDATE or name in UNSHOWN or name.endswith("_attributes"):
            continue
        if name == "mr" and not value:
            continue
        made[SHOWN_AS.get(name, name)] = _shown(name, value, offset)
    return made


def _shown(name: str, value: Any, offset: str) -> Any:
    if value and name in TIMES:
        return instant(value, name, offset)
    if value and name in DATES:
        return parsed(value, name).date().isoformat()
    if name in {"location_id", "discharge_to_id"} and re.fullmatch(r"[0-9]+", str(value)):
        return int(value)
    return "United States" if name == "address_country" and value == "US" else value
