"""String entries: each part of a name or an address is one (https://hl7.org/fhir/R4/search.html#string)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gateway.search.entries import Entry, StringEntry


def string_entries(param: str, value: Any) -> Iterator[Entry]:
    if isinstance(value, str):
        yield StringEntry(param, value)


def parted(*keys: str) -> Callable[[str, Any], Iterator[Entry]]:
    def part_entries(param: str, value: Any) -> Iterator[Entry]:
        for key in keys if isinstance(value, dict) else ():
            part = value.get(key)
            for text in part if isinstance(part, list) else (part,):
                yield from string_entries(param, text)

    return part_entries


name_entries = parted("text", "family", "given", "prefix", "suffix")
address_entries = parted("text", "line", "city", "district", "state", "postalCode", "country")
