"""Where in the search index the records of a patient are to be found, even with a part of the facts wrong.

A record that shares none of these with what is asked for is not looked at: an identifier, a phone number, an e-mail
address, the day of birth, the name, or a part of the name with the year of birth or the postal code.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.definitions.contract import Resource
from gateway.operations.matching.facts import NATIONAL_DIGITS, families_in, givens_in, number, signs, values_of
from gateway.operations.matching.nicknames import nicknames
from gateway.operations.matching.slips import date_slips
from gateway.search.dates import date_range
from gateway.search.text import fold_token
from gateway.store.candidates_sql import Block, Codes, Days, Prefixes

MOST_VALUES = 20
"""Of each fact; a record with more of them is found by these."""
PART = 3
"""Letters of a name that are likely right."""
DAY = 10


def blocks_of(patient: Resource) -> Iterator[Block]:
    names, telecoms = patient.get("name", ())[:MOST_VALUES], patient.get("telecom", ())[:MOST_VALUES]
    families = tuple(dict.fromkeys(text for name in names for text in families_in(name) if signs(text)))[:MOST_VALUES]
    givens = tuple(dict.fromkeys(text for name in names for text in givens_in(name) if signs(text)))[:MOST_VALUES]
    yield from of_identifiers(patient)
    if phones := [fold_token(form) for text in values_of(telecoms, "phone", "sms") for form in phone_forms(text)]:
        yield Block(Codes("phone", tuple(phones)))
    if emails := [fold_token(text) for text in values_of(telecoms, "email")]:
        yield Block(Codes("email", tuple(emails)))
    yield from of_names(families, givens)
    yield from of_birth(patient.get("birthDate", ""), families)
    postal = tuple(code[:5] for each in patient.get("address", ())[:MOST_VALUES] if (code := each.get("postalCode")))
    if postal and givens:
        yield Block(Prefixes("address-postalcode", postal), (alike(givens),))


def of_identifiers(patient: Resource) -> Iterator[Block]:
    for identifier in patient.get("identifier", ())[:MOST_VALUES]:
        value = identifier.get("value", "")
        if signs(value):
            bare = value.replace("-", "").replace(" ", "")
            yield Block(Codes("identifier", (value, bare, *security_number(bare)), identifier.get("system", "")))


def security_number(digits: str) -> tuple[str, ...]:
    """Nine digits are written 3-2-4."""
    return (f"{digits[:3]}-{digits[3:5]}-{digits[5:]}",) if len(digits) == 9 and digits.isdigit() else ()


def of_names(families: tuple[str, ...], givens: tuple[str, ...]) -> Iterator[Block]:
    if families and givens:
        yield Block(Prefixes("family", families), (alike(givens),))
    elif families or givens:
        yield Block(Prefixes("family", families) if families else Prefixes("given", givens))


def of_birth(date: str, families: tuple[str, ...]) -> Iterator[Block]:
    if len(date) == DAY:
        yield Block(Days("birthdate", (date_range(date),)))
        if families and (slips := tuple(ranges(date_slips(date)))):
            yield Block(Days("birthdate", slips), (beginnings("family", families),))
    if date and families:
        yield Block(beginnings("family", families), (Days("birthdate", (date_range(date[:4]),)),))


def ranges(dates: list[str]) -> Iterator[tuple[int, int]]:
    """Of those that are days."""
    for date in dates:
        try:
            yield date_range(date)
        except ValueError:
            continue


def alike(givens: tuple[str, ...]) -> Prefixes:
    """The beginnings of given names and of what they are called for short, down to the initial."""
    names = {text[:PART] for text in givens} | {short for text in givens for short in nicknames(signs(text))}
    return Prefixes("given", tuple(sorted(names)))


def beginnings(param: str, texts: tuple[str, ...]) -> Prefixes:
    return Prefixes(param, tuple(sorted({text[:PART] for text in texts})))


def phone_forms(text: str) -> list[str]:
    """As it was written, and as numbers are written."""
    digits = number(text)
    if len(digits) != NATIONAL_DIGITS:
        return [text]
    area, middle, last = digits[:3], digits[3:6], digits[6:]
    national = [digits, f"{area}-{middle}-{last}", f"({area}) {middle}-{last}", f"({area}){middle}-{last}"]
    national += [f"{area}.{middle}.{last}", f"{area} {middle} {last}"]
    return list(
        dict.fromkeys([text, *(f"{code}{form}" for code in ("", "1", "+1", "1-", "+1-", "+1 ") for form in national)])
    )
