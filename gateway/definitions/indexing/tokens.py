"""Token entries (https://hl7.org/fhir/R4/search.html#token).

Case, by R4, 3.1.1.5.10: a token whose datatype is string is compared without regard to it, and so are ContactPoints,
of which nothing says otherwise ("when in doubt"): they are indexed folded, and criteria.py folds what is asked. Codes
stand as they are: those of R4's own systems are case-sensitive (CodeSystem.caseSensitive), as UCUM is. So do the values
of identifiers, which mean what their system says (datatypes.html#Identifier).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gateway.search.entries import Entry, TokenEntry
from gateway.search.text import fold_token


def text_entries(param: str, value: Any) -> Iterator[Entry]:
    if isinstance(value, str):
        yield TokenEntry(param, "", value)


def folded_entries(param: str, value: Any) -> Iterator[Entry]:
    if isinstance(value, str):
        yield TokenEntry(param, "", fold_token(value))


def boolean_entries(param: str, value: Any) -> Iterator[Entry]:
    if isinstance(value, bool):
        yield TokenEntry(param, "", "true" if value else "false")


def coded(systems: Mapping[str, str]) -> Callable[[str, Any], Iterator[Entry]]:
    """A code has the system of its required value set, though the resource does not say it."""

    def code_entries(param: str, value: Any) -> Iterator[Entry]:
        if isinstance(value, str):
            yield TokenEntry(param, systems.get(value, ""), value)

    return code_entries


def paired(key: str) -> Callable[[str, Any], Iterator[Entry]]:
    """A system and, under `key`, what it identifies."""

    def pair_entries(param: str, value: Any) -> Iterator[Entry]:
        system, code = text_at(value, "system"), text_at(value, key)
        if system or code:
            yield TokenEntry(param, system, code)

    return pair_entries


coding_entries = paired("code")
identifier_entries = paired("value")


def concept_entries(param: str, value: Any) -> Iterator[Entry]:
    codings = value.get("coding") if isinstance(value, dict) else None
    for coding in codings if isinstance(codings, list) else ():
        yield from coding_entries(param, coding)


def contact_entries(param: str, value: Any) -> Iterator[Entry]:
    """ContactPoint.system is phone or email, which no search names as a system."""
    if number := text_at(value, "value"):
        yield TokenEntry(param, "", fold_token(number))


def text_at(value: Any, key: str) -> str:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""
