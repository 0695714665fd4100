"""FHIR string search over the names of a PatientOut (https://hl7.org/fhir/R4/search.html#string)."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from gateway.translation.rows import Record

_PARTS = {
    "family": ("last_name",),
    "given": ("first_name", "middle_name", "preferred_name"),
    "name": ("first_name", "middle_name", "last_name", "preferred_name"),
}


def matches(record: Record, names: Sequence[tuple[str, str]]) -> bool:
    """All parameters hold; of the values of one, any."""
    return all(any(_holds(record, name, value) for value in text.split(",")) for name, text in names)


def _holds(record: Record, name: str, value: str) -> bool:
    stem, _, modifier = name.partition(":")
    said = [word for part in _PARTS[stem] for word in _words(part, record.get(part))]
    if modifier == "exact":
        return value in said
    plain = _plain(value)
    if modifier == "contains":
        return any(plain in _plain(word) for word in said)
    return any(_plain(word).startswith(plain) for word in said)


def _words(part: str, text: str | None) -> list[str]:
    return [] if not text else [text, *text.split()] if part == "middle_name" else [text]


def narrowing(names: Sequence[tuple[str, str]]) -> str | None:
    """The longest plain word that a name of every answer has to begin with, as the API may search from the beginning.

    A comma means "or", so its words need not be there; what a name is to contain may stand anywhere in it.
    """
    plain = (value.split()[:1] for name, value in names if "," not in value and not name.endswith(":contains"))
    return max((word for words in plain for word in words if word.isascii()), key=len, default=None)


def _plain(text: str) -> str:
    """Without case and accents."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in apart if not unicodedata.combining(character))
