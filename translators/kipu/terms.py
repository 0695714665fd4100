"""KIPU's vocabularies and formats as codecs. KIPU publishes no code lists: these are the words that its samples show.

Words outside of a table travel as text where FHIR has room for text, and are reported where it has none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from gateway.canonical import CANONICAL, MARITAL_STATUS, NULL_FLAVOR, RACE_AND_ETHNICITY, SUBSCRIBER_RELATIONSHIP
from gateway.translation.codec import DATE, INSTANT, Codec, Coded, Unreadable, codes, concept
from gateway.translation.rows import Bindings

ROLE_CODE = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
LANGUAGE_TAGS = "urn:ietf:bcp:47"
CONTACT_TYPE = f"{CANONICAL}CodeSystem/kipu-contact-type"
DISCHARGE_TYPE = f"{CANONICAL}CodeSystem/kipu-discharge-type"
COPAY_TYPE = "http://terminology.hl7.org/CodeSystem/coverage-copay-type"


def _text(value: Any, expected: str = "text") -> str:
    if not isinstance(value, str) or not value.strip():
        raise Unreadable(f"expected {expected}")
    return value


GENDER = codes(
    {
        "Male": "male",
        "male": "male",
        "M": "male",
        "Female": "female",
        "female": "female",
        "F": "female",
        "Other": "other",
        "other": "other",
        "Unknown": "unknown",
        "unknown": "unknown",
    },
    back={"male": "Male", "female": "Female", "other": "Other", "unknown": "Unknown"},
)

MARITAL = concept(
    (
        Coded("Single", MARITAL_STATUS, "S", "Never Married"),
        Coded("Married", MARITAL_STATUS, "M", "Married"),
        Coded("Divorced", MARITAL_STATUS, "D", "Divorced"),
        Coded("Separated", MARITAL_STATUS, "L", "Legally Separated"),
        Coded("Widowed", MARITAL_STATUS, "W", "Widowed"),
        Coded("Domestic Partner", MARITAL_STATUS, "T", "Domestic partner"),
    ),
    back={"U": "Single", "A": "Single", "I": "Separated", "P": "Married", "C": "Married"},
)

LANGUAGE = concept(
    Coded(display, LANGUAGE_TAGS, tag, display)
    for tag, display in (
        ("en", "English"),
        ("es", "Spanish"),
        ("fr", "French"),
        ("de", "German"),
        ("it", "Italian"),
        ("pt", "Portuguese"),
        ("ru", "Russian"),
        ("zh", "Chinese"),
        ("vi", "Vietnamese"),
        ("ko", "Korean"),
        ("tl", "Tagalog"),
        ("ar", "Arabic"),
        ("ht", "Haitian"),
    )
)

RELATIONSHIP = concept(
    Coded(term, ROLE_CODE, code, term.lower())
    for term, code in (
        ("Mother", "MTH"),
        ("Father", "FTH"),
        ("Parent", "PRN"),
        ("Spouse", "SPS"),
        ("Wife", "WIFE"),
        ("Husband", "HUSB"),
        ("Sister", "SIS"),
        ("Brother", "BRO"),
        ("Sibling", "SIB"),
        ("Daughter", "DAU"),
        ("Son", "SON"),
        ("Child", "CHILD"),
        ("Grandmother", "GRMTH"),
        ("Grandfather", "GRFTH"),
        ("Grandparent", "GRPRN"),
        ("Aunt", "AUNT"),
        ("Uncle", "UNCLE"),
        ("Friend", "FRND"),
        ("Guardian", "GUARD"),
    )
)

TO_SUBSCRIBER = concept(
    (
        Coded("Self", SUBSCRIBER_RELATIONSHIP, "self", "Self"),
        Coded("Spouse", SUBSCRIBER_RELATIONSHIP, "spouse", "Spouse"),
        Coded("Child", SUBSCRIBER_RELATIONSHIP, "child", "Child"),
        Coded("Parent", SUBSCRIBER_RELATIONSHIP, "parent", "Parent"),
        Coded("Common Law Spouse", SUBSCRIBER_RELATIONSHIP, "common", "Common Law Spouse"),
        Coded("Injured Party", SUBSCRIBER_RELATIONSHIP, "injured", "Injured Party"),
        Coded("Other", SUBSCRIBER_RELATIONSHIP, "other", "Other"),
    )
)


def omb(rows: Mapping[str, tuple[str, str]]) -> Codec:
    """One of KIPU's words ↔ the parts of a US Core race or ethnicity extension."""
    terms = {code: term for term, (_, code) in rows.items()}

    def decode(value: Any) -> list[dict[str, Any]]:
        term, parts = _text(value), []
        if term in rows:
            system, code = rows[term]
            parts.append({"url": "ombCategory", "valueCoding": {"system": system, "code": code, "display": term}})
        return [*parts, {"url": "text", "valueString": term}]

    def encode(parts: Any) -> str:
        categories = [part.get("valueCoding", {}).get("code") for part in parts if part.get("url") == "ombCategory"]
        texts = [part.get("valueString") for part in parts if part.get("url") == "text"]
        if len(categories) == 1 and categories[0] in terms:
            return terms[categories[0]]
        if texts and texts[0]:
            return str(texts[0])
        raise Unreadable("expected one category or a text")

    return Codec(decode, encode, "text", tuple(rows))


RACE = omb(
    {
        "White": (RACE_AND_ETHNICITY, "2106-3"),
        "Black or African American": (RACE_AND_ETHNICITY, "2054-5"),
        "Asian": (RACE_AND_ETHNICITY, "2028-9"),
        "American Indian or Alaska Native": (RACE_AND_ETHNICITY, "1002-5"),
        "Native Hawaiian or Other Pacific Islander": (RACE_AND_ETHNICITY, "2076-8"),
        "Declined to Specify": (NULL_FLAVOR, "ASKU"),
        "Unknown": (NULL_FLAVOR, "UNK"),
    }
)
ETHNICITY = omb(
    {
        "Hispanic or Latino": (RACE_AND_ETHNICITY, "2135-2"),
        "Not Hispanic or Latino": (RACE_AND_ETHNICITY, "2186-5"),
        "Declined to Specify": (NULL_FLAVOR, "ASKU"),
        "Unknown": (NULL_FLAVOR, "UNK"),
    }
)


COUNTRY = Codec(
    lambda name: "US" if name == "United States" else _text(name),
    lambda code: "United States" if code == "US" else _text(code),
    "text",
    ("United States", "Canada"),
)
"""KIPU shows `United States` where the CRM sent `US`."""


def _when(value: Any) -> str:
    """A FHIR dateTime: a date, or a time with its zone. Kept as it is written: an instant is never shifted."""
    codec = DATE if isinstance(value, str) and len(value) == len("YYYY-MM-DD") else INSTANT
    return str(codec.decode(value))


WHEN = Codec(_when, _when, "instant")


def _ssn_in(value: Any) -> str:
    digits = _text(value).replace("-", "")
    if not re.fullmatch(r"[0-9]{9}", digits):
        raise Unreadable("expected the nine digits of an SSN")
    return digits


def _ssn_out(value: Any) -> str:
    digits = _ssn_in(value)
    return f"{digits[:3]}-{digits[3:5]}-{digits[5:]}"


SSN_DIGITS = Codec(_ssn_in, _ssn_out, "code", ("900-12-3456", "900-65-4329"))
"""http://hl7.org/fhir/sid/us-ssn goes without dashes."""


def _key_in(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        raise Unreadable("expected a key")
    return str(value)


def _key_out(value: Any) -> int | str:
    text = _text(value, "a key")
    return int(text) if re.fullmatch(r"0|[1-9][0-9]{0,17}", text) else text


KEY = Codec(_key_in, _key_out, "integer")
"""KIPU's own keys: whole numbers, which its samples also print as text."""


def _money_in(value: Any) -> dict[str, Any]:
    text = str(value).removeprefix("$").replace(",", "") if isinstance(value, str | int | Decimal) else ""
    try:
        amount = Decimal(text)
    except InvalidOperation as error:
        raise Unreadable("expected an amount in US dollars") from error
    if not amount.is_finite():
        raise Unreadable("expected an amount in US dollars")
    return {"value": amount, "currency": "USD"}


def _money_out(value: Any) -> str:
    if value.get("currency", "USD") != "USD" or value.get("value") is None:
        raise Unreadable("expected an amount in US dollars")
    return str(value["value"])


DOLLARS = Codec(_money_in, _money_out, "code", ("25.00", "1500"))

REVIEW_PREFIX = "UR LOC: "


def _level(value: Any) -> dict[str, str]:
    text = _text(value).removeprefix(REVIEW_PREFIX).strip()
    if not text:
        raise Unreadable("expected a level of care")
    return {"text": text}


LEVEL_OF_CARE = Codec(_level, lambda concept: _text(concept.get("text")), "code", ("Residential", "UR LOC: Detox"))
"""A level that a utilization review has set carries a prefix."""


def mapped(table: str) -> Callable[[Bindings], Codec]:
    """A word of the CRM ↔ KIPU's, through one of the connection's mapping tables; other words stay as they are."""

    def bound(bindings: Bindings) -> Codec:
        there = bindings.tables.get(table, {})
        back = {word: name for name, word in reversed(tuple(there.items()))}

        def encode(name: Any) -> str:
            return there.get(text := _text(name), text)

        def decode(word: Any) -> str:
            return back.get(text := _text(word), text)

        return Codec(decode, encode, "text")

    return bound


def full_name(name: Mapping[str, Any]) -> str:
    """A HumanName in one line."""
    return str(name.get("text") or " ".join((*name.get("given", ()), *([name["family"]] if "family" in name else []))))


def one_line(address: Mapping[str, Any]) -> str:
    """An Address in one line."""
    if address.get("text"):
        return str(address["text"])
    area = " ".join(str(address[key]) for key in ("state", "postalCode") if address.get(key))
    parts = (*address.get("line", ()), address.get("city", ""), area, address.get("country", ""))
    return ", ".join(part for part in parts if part)


FULL_NAME = Codec(lambda text: {"text": _text(text)}, lambda name: _text(full_name(name)))
ONE_LINE = Codec(lambda text: {"text": _text(text)}, lambda address: _text(one_line(address)))
