"""Entries that modifiers search (https://hl7.org/fhir/R4/search.html#token, #reference), beside those of the parameter.

code:text            the text of a concept, the display of its codings, the text of an identifier's type
identifier:of-type   an identifier with a coding of its type
subject:identifier   what a logical reference says in place of an address
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from gateway.definitions.indexing.texts import string_entries
from gateway.definitions.indexing.tokens import identifier_entries, text_at
from gateway.search.entries import Entry, TokenEntry
from gateway.search.plan import IDENTIFIER, OF_TYPE, TEXT


def concept_texts(param: str, value: Any) -> Iterator[Entry]:
    yield from display_at("text")(param, value)
    for coding in codings_of(value):
        yield from display_at("display")(param, coding)


def display_at(key: str) -> Callable[[str, Any], Iterator[Entry]]:
    def texts(param: str, value: Any) -> Iterator[Entry]:
        if text := text_at(value, key):
            yield from string_entries(param, text)

    return texts


def type_texts(param: str, value: Any) -> Iterator[Entry]:
    yield from display_at("text")(param, value.get("type") if isinstance(value, dict) else None)


def typed_identifiers(param: str, value: Any) -> Iterator[Entry]:
    number = text_at(value, "value")
    for coding in codings_of(value.get("type")) if number else ():
        if code := text_at(coding, "code"):
            yield TokenEntry(param, text_at(coding, "system"), f"{code}|{number}")


def codings_of(concept: Any) -> Iterable[Any]:
    codings = concept.get("coding") if isinstance(concept, dict) else None
    return codings if isinstance(codings, list) else ()


def logical_references(param: str, value: Any) -> Iterator[Entry]:
    yield from identifier_entries(param, value.get("identifier") if isinstance(value, dict) else None)


BESIDE: Mapping[tuple[str, str], Mapping[str, Callable[[str, Any], Iterable[Entry]]]] = {
    ("token", "CodeableConcept"): {TEXT: concept_texts},
    ("token", "Coding"): {TEXT: display_at("display")},
    ("token", "Identifier"): {TEXT: type_texts, OF_TYPE: typed_identifiers},
    ("reference", "Reference"): {IDENTIFIER: logical_references},
}
"""Kind of parameter and datatype → modifier → entries."""
