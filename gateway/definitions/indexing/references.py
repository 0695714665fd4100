"""What references and canonicals point to, as index entries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from gateway.definitions.validation.references import ABSOLUTE, RELATIVE, stated_type
from gateway.search.entries import Entry, ReferenceEntry, UriEntry

TAIL = re.compile(r".*/(?P<type>[A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64}(?:/_history/[A-Za-z0-9\-.]{1,64})?", re.ASCII)


def type_of_reference(value: Any) -> str | None:
    """What resolve() would give, told from the reference alone."""
    if not isinstance(value, dict):
        return None
    text = value.get("reference")
    found = (RELATIVE.fullmatch(text) or TAIL.fullmatch(text)) if isinstance(text, str) else None
    return found["type"] if found else stated_type(value)


def reference_entries(param: str, value: Any) -> Iterator[Entry]:
    text = value.get("reference") if isinstance(value, dict) else None
    if isinstance(text, str):
        yield from pointing(param, text)


def pointing(param: str, text: str) -> Iterator[Entry]:
    """`#id` stays inside the resource and is not searched for."""
    relative = RELATIVE.fullmatch(text)
    if relative and relative["id"]:
        yield ReferenceEntry(param, relative["type"], relative["id"])
    elif ABSOLUTE.fullmatch(text):
        yield ReferenceEntry(param, "", "", text)


def canonical_entries(param: str, value: Any) -> Iterator[Entry]:
    """`url|version` is found with and without its version."""
    for text in versions(value):
        yield from pointing(param, text)


def uri_entries(param: str, value: Any) -> Iterator[Entry]:
    for text in versions(value):
        yield UriEntry(param, text)


def versions(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        if "|" in value:
            yield value.rsplit("|", 1)[0]
