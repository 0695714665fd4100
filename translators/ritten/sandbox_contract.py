"""What Ritten's contract says about bodies, and the check of one against it. Written from the OpenAPI document."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from translators.ritten.states import is_united_states, state_code

Shape = Any
"""A type, a tuple of the values allowed, a predicate, [shape] for a list, or {name: shape} for an object."""


class BadRequest(ValueError):
    """Answered with 400 and no documented body."""


def is_date(value: Any) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _matches(pattern: str) -> Callable[[Any], bool]:
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


is_phone = _matches(r"\+[1-9]\d{7,14}")
is_email = _matches(r"[^@\s]+@[^@\s]+")
is_ssn = _matches(r"\d{9}|\d{3}-\d{2}-\d{4}")

SEXES = ("Male", "Female", "Unknown")
NAME = {"first": str, "middle": str, "last": str, "pronouns": str, "chosenName": str}
DEMOGRAPHICS = {
    "race": [
        (
            "American Indian or Alaska Native",
            "Asian",
            "Black or African American",
            "Native Hawaiian or Other Pacific Islander",
            "White",
            "Decline to Specify",
        )
    ],
    "raceOther": [str],
    "ethnicity": [("Hispanic or Latino", "Not Hispanic or Latino", "Decline to Specify")],
    "ethnicityOther": [str],
    "preferredLanguage": str,
    "sex": SEXES,
    "gender": [
        (
            "Male",
            "Female",
            "Transgender male",
            "Transgender female",
            "Genderqueer, neither exclusively male nor female",
            "Decline to answer",
            "Additional gender category, please specify.",
        )
    ],
    "genderDetail": str,
    "sexualOrientation": (
        "Straight or heterosexual",
        "Lesbian, gay, or homosexual",
        "Bisexual",
        "Something else (please describe below)",
        "Don\u2019t know",
        "Decline to Specify",
    ),
    "sexualOrientationDetail": str,
    "maritalStatus": ("Married", "Unmarried", "Unknown"),
}
ADDRESS = {
    "id": str,
    "use": ("HOME", "WORK", "OTHER"),
    "country": str,
    "line": str,
    "line2": str,
    "city": str,
    "region": str,
    "postalCode": str,
}
REFERRAL = {"id": str, "referralTypeId": str, "organizationId": str, "personId": str, "isPrimary": bool}
INSURANCE = {
    **dict.fromkeys(("id", "payerId", "groupNumber", "memberIdentifier", "rxBIN", "rxPCN", "rxGroup"), str),
    **dict.fromkeys(("comments", "providerPhoneNumber", "firstName", "lastName", "address", "city", "state"), str),
    **dict.fromkeys(("postalCode", "subscriberPhoneNumber", "sex"), str),
    **dict.fromkeys(("startDate", "expirationDate", "birthDate"), is_date),
    "orderNumber": int,
    "notSubscriber": bool,
    "relationship": (
        "The Beneficiary is a child of the Subscriber",
        "Parent",
        "Spouse",
        "Common-Law Spouse",
        "Other",
        "Self",
        "Injured Party",
    ),
}
POST_PATIENT: Mapping[str, Shape] = {"name": NAME, "dob": is_date, "externalId": str}
PATCH_PATIENT: Mapping[str, Shape] = {
    **POST_PATIENT,
    "ssn": is_ssn,
    "demographics": DEMOGRAPHICS,
    "emails": [is_email],
    "phones": [is_phone],
    "addresses": [ADDRESS],
    "referrals": [REFERRAL],
    "insurance": [INSURANCE],
}


def check(value: Any, shape: Shape, place: str = "body") -> None:
    """Raises BadRequest where the value has another shape, or fields that the contract does not have."""
    if isinstance(shape, Mapping):
        if not isinstance(value, dict) or set(value) - set(shape):
            raise BadRequest(place)
        for name, inner in value.items():
            check(inner, shape[name], f"{place}.{name}")
    elif isinstance(shape, list):
        if not isinstance(value, list):
            raise BadRequest(place)
        for item in value:
            check(item, shape[0], place)
    elif not _fits(value, shape):
        raise BadRequest(place)


def _fits(value: Any, shape: Shape) -> bool:
    if isinstance(shape, tuple):
        return value in shape
    if shape is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, shape) if isinstance(shape, type) else bool(shape(value))


def normalised(address: dict[str, Any]) -> dict[str, Any]:
    """Variants of the USA become `US`, and there the region has to be a state."""
    fixed = dict(address)
    if "country" in fixed and is_united_states(fixed["country"]):
        fixed["country"] = "US"
    if "region" in fixed and is_united_states(fixed.get("country")):
        code = state_code(fixed["region"])
        if code is None:
            raise BadRequest("region")
        fixed["region"] = code
    return fixed
