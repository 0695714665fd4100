"""What the contract says about the bodies and parameters of the patient operations, and how it refuses the rest.

Written from the OpenAPI description. Unknown members are refused too: the description lists all that there are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

Body = dict[str, Any]
Check = Callable[[Any], bool]
Detail = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Refused(Exception):
    """An error answer in the API's shape."""

    status: int
    detail: str | list[Detail]


def invalid(place: str, name: str, message: str) -> Refused:
    return Refused(422, [{"loc": [place, name], "msg": message, "type": "value_error"}])


def _is_date(value: Any) -> bool:
    try:
        return isinstance(value, str) and len(value) == 10 and bool(date.fromisoformat(value))
    except ValueError:
        return False


def _is_time(value: Any) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _is_uuid(value: Any) -> bool:
    try:
        return isinstance(value, str) and str(UUID(value)) == value.lower()
    except ValueError:
        return False


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_email(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value) is not None


def _is_boolean(value: Any) -> bool:
    return isinstance(value, bool)


def _whole(first: int, last: int) -> Check:
    return lambda value: type(value) is int and first <= value <= last


def _one_of(*values: str) -> Check:
    return lambda value: isinstance(value, str) and value in values


STATUSES = ("active", "archived", "deceased", "inactive", "prospective")
_METHODS = ("email", "mail", "none", "phone", "text")
_TEXTS = [
    "address_line1",
    "address_line2",
    "address_note",
    "appointment_module_note",
    "chart_number",
    "city",
    "country",
    "emergency_contact_name",
    "emergency_contact_phone",
    "home_phone",
    "medicaid_id",
    "medical_summary",
    "medical_urgent_note",
    "middle_name",
    "mobile_phone",
    "postal_code",
    "preferred_language",
    "preferred_name",
    "salutation",
    "social_security_number",
    "state",
    "title",
    "treatment_notes",
    "work_phone",
]
_FLAGS = ("premedication_required", "receives_email", "receives_sms")
RELATED = (
    "billing_type",
    "employer",
    "fee_schedule",
    "location",
    "primary_provider",
    "responsible_party",
    "secondary_provider",
)
PATIENT: Mapping[str, Check] = {
    **dict.fromkeys(_TEXTS, _is_text),
    **dict.fromkeys(_FLAGS, _is_boolean),
    **{f"{name}_uuid": _is_uuid for name in RELATED},
    "first_name": _is_name,
    "last_name": _is_name,
    "email": _is_email,
    "date_of_birth": _is_date,
    "date_first_visit": _is_date,
    "date_time_deceased": _is_time,
    "allergy_review_status": _one_of("not_reviewed", "nkda", "reviewed"),
    "gender": _one_of("female", "male", "non_binary", "other", "prefer_not_to_say", "unknown"),
    "marital_status": _one_of("divorced", "domestic_partner", "married", "other", "separated", "single", "widowed"),
    "pronoun": _one_of("he_him", "not_specified", "other", "she_her", "they_them"),
    "preferred_confirmation_method": _one_of(*_METHODS),
    "preferred_contact_method": _one_of(*_METHODS),
    "ask_to_arrive_early_mins": _whole(0, 120),
    "billing_cycle_day": _whole(1, 31),
    "consent_flags": _whole(0, 2**31 - 1),
}
CREATE = {**PATIENT, "status": _one_of(*STATUSES), "billing_account": lambda value: isinstance(value, dict)}
UPDATE = {**PATIENT, "base_version": _whole(1, 2**31 - 1)}
TRANSITION = {"base_version": _whole(1, 2**31 - 1), "new_status": _one_of(*STATUSES)}
DUPLICATES = {name: PATIENT[name] for name in ("last_name", "date_of_birth", "email", "mobile_phone")}
DUPLICATES["social_security_number"] = _is_text

NEVER_NULL = frozenset({"first_name", "last_name", "base_version", "new_status"})

_DIRECTIONS = _one_of("asc", "desc")
_SORTS = ("chart_number", "created_at", "date_of_birth", "first_name", "last_name", "status")


def _count(last: int) -> Check:
    return lambda text: re.fullmatch(r"[0-9]{1,6}", text) is not None and 1 <= int(text) <= last


_FILTERS: Mapping[str, Check] = {
    "status": _one_of(*STATUSES),
    "search": _is_text,
    "primary_provider_uuid": _is_uuid,
    "location_uuid": _is_uuid,
    "dob_from": _is_date,
    "dob_to": _is_date,
    "tag_definition_uuid": _is_uuid,
    "sort_dir": _DIRECTIONS,
}
LIST_QUERY = {**_FILTERS, "page": _count(999_999), "page_size": _count(100), "sort_by": _one_of(*_SORTS)}
CURSOR_QUERY = {**_FILTERS, "first": _count(100), "after": _is_text, "sort_by": _one_of(*_SORTS, "updated_at")}
SEARCH_QUERY = {"q": _is_text, "limit": _count(100)}
NO_QUERY: Mapping[str, Check] = {}


def checked(place: str, values: Mapping[str, Any], checks: Mapping[str, Check], *required: str) -> Body:
    """The values, or a 422 that lists everything wrong with them."""
    wrong = [(name, "Field required") for name in required if name not in values]
    for name, value in values.items():
        if name not in checks:
            wrong.append((name, "Extra inputs are not permitted"))
        elif (value is None and name in NEVER_NULL) or (value is not None and not checks[name](value)):
            wrong.append((name, "Input is not valid"))
    if wrong:
        raise Refused(422, [{"loc": [place, name], "msg": text, "type": "value_error"} for name, text in wrong])
    return dict(values)
