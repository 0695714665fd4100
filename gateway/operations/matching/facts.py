"""What of a Patient is compared, in a form without case, accents and punctuation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.definitions.contract import Resource
from gateway.search.text import fold

TELLING_GENDERS = frozenset({"male", "female"})
FEWEST_DIGITS, NATIONAL_DIGITS = 7, 10
WORD = re.compile(r"\w+")
STREET_WORDS: Mapping[str, str] = {
    "street": "st", "avenue": "ave", "av": "ave", "boulevard": "blvd", "drive": "dr", "road": "rd", "lane": "ln",
    "court": "ct", "place": "pl", "square": "sq", "terrace": "ter", "parkway": "pkwy", "highway": "hwy",
    "apartment": "apt", "suite": "ste", "floor": "fl", "north": "n", "south": "s", "east": "e", "west": "w",
}  # fmt: skip
REPLACED_BY = "replaced-by"


@dataclass(frozen=True, slots=True)
class Place:
    """An address: street with number, first part of the postal code, city, state; "" for what is not there."""

    street: str
    postal: str
    city: str
    state: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and numbers that agree are equal here."""

    identifiers: frozenset[tuple[str, str]]
    """(system, value)"""
    families: frozenset[str]
    givens: frozenset[str]
    birth: str
    """As written: a year, a month or a day."""
    gender: str
    phones: frozenset[str]
    emails: frozenset[str]
    places: frozenset[Place]
    active: bool
    deceased: bool
    replaced: bool

    @property
    def is_empty(self) -> bool:
        return not (self.identifiers or self.families or self.givens or self.birth or self.phones or self.emails)


def facts_of(patient: Resource) -> Facts:
    names, telecoms = patient.get("name", ()), patient.get("telecom", ())
    gender = patient.get("gender", "")
    return Facts(
        identifiers=frozenset(identifiers_of(patient)),
        families=frozenset(filter(None, (signs(text) for name in names for text in families_in(name)))),
        givens=frozenset(filter(None, (signs(text) for name in names for text in givens_in(name)))),
        birth=patient.get("birthDate", ""),
        gender=gender if gender in TELLING_GENDERS else "",
        phones=frozenset(filter(None, map(number, values_of(telecoms, "phone", "sms")))),
        emails=frozenset(fold(text.strip()) for text in values_of(telecoms, "email")),
        places=frozenset(filter(any_part, map(place, patient.get("address", ())))),
        active=patient.get("active", True),
        deceased=is_deceased(patient),
        replaced=any(link.get("type") == REPLACED_BY for link in patient.get("link", ())),
    )


def signs(text: str) -> str:
    """Letters and digits."""
    return "".join(WORD.findall(fold(text))).replace("_", "")


def identifiers_of(patient: Resource) -> Iterator[tuple[str, str]]:
    for identifier in patient.get("identifier", ()):
        value = signs(identifier.get("value", ""))
        if value and identifier.get("use") != "old":
            yield identifier.get("system", ""), value


def families_in(name: Mapping[str, Any]) -> list[str]:
    """The last word of a name that is not divided is the family."""
    if "family" in name:
        return [name["family"]]
    return name.get("text", "").split()[-1:] if "given" not in name else []


def givens_in(name: Mapping[str, Any]) -> list[str]:
    if "given" in name:
        return [word for text in name["given"] if text for word in {text, *text.split()}]
    return name.get("text", "").split()[:-1] if "family" not in name else []


def values_of(telecoms: Any, *systems: str) -> Iterator[str]:
    for telecom in telecoms:
        if telecom.get("system") in systems and telecom.get("value") and telecom.get("use") != "old":
            yield telecom["value"]


def number(text: str) -> str:
    """The last ten digits: what is the same with and without a country's code."""
    digits = "".join(character for character in text if character in "0123456789")
    return digits[-NATIONAL_DIGITS:] if len(digits) >= FEWEST_DIGITS else ""


def place(address: Mapping[str, Any]) -> Place:
    words = WORD.findall(fold(" ".join(line for line in address.get("line", ()) if line)))
    street = " ".join(STREET_WORDS.get(word, word) for word in words)
    postal = signs(address.get("postalCode", ""))[:5]
    return Place(street, postal, signs(address.get("city", "")), signs(address.get("state", "")))


def any_part(one: Place) -> bool:
    return bool(one.postal or one.city)


def is_deceased(patient: Resource) -> bool:
    return "deceasedDateTime" in patient or patient.get("deceasedBoolean", False) is True
