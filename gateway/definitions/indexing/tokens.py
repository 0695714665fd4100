"""Token entries (https://hl7.org/fhir/R4/search.html#token)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gateway.search.entries import Entry, TokenEntry


def text_entries(param: str, value: Any) -> Iterator[Entry]:
    if isinstance(value, str):
        yield TokenEntry(param, "", value)


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
        yield TokenEntry(param, "", number)


def text_at(value: Any, key: str) -> str:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""
