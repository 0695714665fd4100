"""Whether two Patients are the same person, as far as names and birth dates can tell."""

from __future__ import annotations

from gateway.definitions.contract import Resource
from gateway.search.text import fold
from gateway.translation.path import get, parse

FAMILY = parse("name[use=official|usual|].family")
GIVEN = parse("name[use=official|usual|].given[0]")
BIRTH_DATE = parse("birthDate")


def same_person(one: Resource, other: Resource) -> bool:
    """Equal family name, first given name and birth date, case and accents aside; all three have to be there."""
    mine, theirs = _key(one), _key(other)
    return None not in mine and mine == theirs


def _key(patient: Resource) -> tuple[str | None, ...]:
    texts = [get(patient, steps) for steps in (FAMILY, GIVEN, BIRTH_DATE)]
    return tuple(fold(text.strip()) if isinstance(text, str) else None for text in texts)
