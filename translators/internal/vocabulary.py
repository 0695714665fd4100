"""The codes of the internal REST API and what they mean in FHIR."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from gateway.canonical import MARITAL_STATUS, NULL_FLAVOR
from gateway.translation.codec import Codec, Coded, Unreadable, codes, concept, written_object
from gateway.translation.rows import Bindings

SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
LANGUAGE = "urn:ietf:bcp:47"
DATA_ABSENT_REASON = "http://terminology.hl7.org/CodeSystem/data-absent-reason"

MARITAL = concept(
    (
        Coded("divorced", MARITAL_STATUS, "D", "Divorced"),
        Coded("domestic_partner", MARITAL_STATUS, "T", "Domestic partner"),
        Coded("married", MARITAL_STATUS, "M", "Married"),
        Coded("separated", MARITAL_STATUS, "L", "Legally Separated"),
        Coded("single", MARITAL_STATUS, "S", "Never Married"),
        Coded("widowed", MARITAL_STATUS, "W", "Widowed"),
        Coded("other", NULL_FLAVOR, "OTH", "other"),
    ),
    back={"U": "single", "C": "domestic_partner"},
    free_text=False,
)
PRONOUNS = concept(
    (
        Coded("he_him", LOINC, "LA29518-0", "he/him/his/his/himself"),
        Coded("she_her", LOINC, "LA29519-8", "she/her/her/hers/herself"),
        Coded("they_them", LOINC, "LA29520-6", "they/them/their/theirs/themselves"),
        Coded("other", NULL_FLAVOR, "OTH", "other"),
        Coded("not_specified", NULL_FLAVOR, "NI", "NoInformation"),
    ),
    free_text=False,
)


def same(*values: str) -> Codec:
    """A closed list of the API that FHIR has no vocabulary for: the code travels as it is."""
    return codes({value: value for value in values})


CONTACT_METHOD = same("email", "mail", "none", "phone", "text")
ALLERGY_REVIEW = same("not_reviewed", "nkda", "reviewed")

_TAG = re.compile(r"[a-z]{2}(-[A-Z]{2})?")
_LANGUAGES = {
    "ar": ("ara", "arabic"),
    "de": ("deu", "ger", "german"),
    "en": ("eng", "english"),
    "es": ("spa", "spanish"),
    "fr": ("fra", "fre", "french"),
    "hi": ("hin", "hindi"),
    "ht": ("hat", "haitian creole"),
    "it": ("ita", "italian"),
    "ja": ("jpn", "japanese"),
    "ko": ("kor", "korean"),
    "pl": ("pol", "polish"),
    "pt": ("por", "portuguese"),
    "ru": ("rus", "russian"),
    "tl": ("tgl", "tagalog"),
    "vi": ("vie", "vietnamese"),
    "zh": ("zho", "chi", "chinese"),
}
_TAG_OF = {word: tag for tag, words in _LANGUAGES.items() for word in words}


def _language(term: Any) -> dict[str, Any]:
    if not isinstance(term, str):
        raise Unreadable("expected text")
    tag = _TAG_OF.get(term.strip().lower()) or (term if _TAG.fullmatch(term) else None)
    return {"coding": [{"system": LANGUAGE, "code": tag}], "text": term} if tag else {"text": term}


def _tags(value: Any) -> set[str]:
    return {coding.get("code") for coding in value.get("coding", ()) if coding.get("system") == LANGUAGE}


def _language_term(value: Any) -> str:
    if not isinstance(value, dict):
        raise Unreadable("expected a CodeableConcept")
    tags, text = _tags(value), value.get("text")
    if text and (not tags or _tags(_language(text)) & tags):
        return str(text)
    if not tags:
        raise Unreadable("expected a language by name or BCP 47 tag")
    return min(tags)


LANGUAGE_TERM = Codec(_language, _language_term)
"""The API's `preferred_language` is free text: tags, ISO 639-2 codes and English names are understood."""


def _given(value: Any) -> list[str]:
    if not isinstance(value, str):
        raise Unreadable("expected text")
    return value.split() or [value]


MIDDLE_NAMES = Codec(_given, " ".join)
"""One string of middle names ↔ the given names after the first."""

DOCUMENT = written_object({"create_new": True}, {"deposit": Decimal("12.50"), "note": "self pay"})
"""An object whose shape the API leaves open, kept to the letter."""

_KEY = re.compile(r"[A-Za-z0-9.-]{1,64}")
_DRAWN = ("3f0c8f6e-6f1d-4a6b-9a51-0d8c5f6f2a01", "b7c4e0aa-12f3-4c39-8d0e-77e1c2a9d402")


def reference(type: str) -> Callable[[Bindings], Codec]:
    """A related entity's uuid ↔ a reference: `emr:Type/uuid`, or `Type/uuid` where the binding `references` is empty.

    The second is for whoever serves this API from the store, where the uuid is the resource's own id.
    """

    def bound(bindings: Bindings) -> Codec:
        prefix = f"{bindings.constants.get('references', 'emr:')}{type}/"

        def decode(key: Any) -> str:
            if not isinstance(key, str) or not _KEY.fullmatch(key):
                raise Unreadable("expected a uuid")
            return prefix + key

        def encode(value: Any) -> str:
            key = str(value).removeprefix(prefix)
            if key == value or not _KEY.fullmatch(key):
                raise Unreadable(f"expected a {type} that the EMR has")
            return key

        return Codec(decode, encode, "code", _DRAWN)

    return bound
