"""String entries: each part of a name or an address is one (https://hl7.org/fhir/R4/search.html#string)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gateway.search.entries import Entry, StringEntry
from gateway.search.phonetic import endings


def string_entries(param: str, value: Any) -> Iterator[Entry]:
    if isinstance(value, str) and value:
        yield StringEntry(param, value)


def parted(*keys: str) -> Callable[[str, Any], Iterator[Entry]]:
    def part_entries(param: str, value: Any) -> Iterator[Entry]:
        for key in keys if isinstance(value, dict) else ():
            part = value.get(key)
            for text in part if isinstance(part, list) else (part,):
                yield from string_entries(param, text)

    return part_entries


def name_sounds(param: str, value: Any) -> Iterator[Entry]:
    """Given and family names together, so that "Jon Smith" finds John Smyth; `text` where there are no parts."""
    if not isinstance(value, dict):
        return
    given = value.get("given")
    parts = [*(given if isinstance(given, list) else ()), value.get("family")]
    named = " ".join(part for part in parts if isinstance(part, str))
    yield from text_sounds(param, named or value.get("text"))


def text_sounds(param: str, value: Any) -> Iterator[Entry]:
    for ending in endings(value) if isinstance(value, str) else ():
        yield StringEntry(param, ending)


name_entries = parted("text", "family", "given", "prefix", "suffix")
address_entries = parted("text", "line", "city", "district", "state", "postalCode", "country")
