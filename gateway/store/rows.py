"""Search index entries as rows of the index tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import astuple
from decimal import Decimal
from typing import Any

from sqlalchemy import Table

from gateway.search.decimals import closed_range, sortable
from gateway.search.entries import (
    CompositeEntry,
    DateEntry,
    Entry,
    NumberEntry,
    PositionEntry,
    ReferenceEntry,
    StringEntry,
    TokenEntry,
    UriEntry,
)
from gateway.search.places import point
from gateway.search.text import INDEXED_LENGTH, fold
from gateway.store.param_ids import param_id
from gateway.store.tables import COMPOSITE, DATE, NUMBER, POSITION, REFERENCE, STRING, TOKEN, URI

Values = tuple[Any, ...]


def string_values(entry: StringEntry) -> Values:
    return fold(entry.text)[:INDEXED_LENGTH], entry.text[:INDEXED_LENGTH]


def number_values(entry: NumberEntry) -> Values:
    low, high = closed_range(entry)
    return sortable(low), sortable(high), entry.system, entry.code


def composite_values(entry: CompositeEntry) -> Values:
    return entry.first.code, entry.first.system, *second_values(entry.second)


def second_values(entry: Entry) -> Values:
    """low, high, system, code."""
    match entry:
        case TokenEntry(_, system, code):
            return "", "", system, code
        case StringEntry():
            return *string_values(entry), "", ""
        case DateEntry(_, low, high):
            return sortable(Decimal(low)), sortable(Decimal(high)), "", ""
        case NumberEntry():
            return number_values(entry)
        case ReferenceEntry(_, type, id, url):
            return url, "", type, id
    raise TypeError(f"no composite has a {entry.__class__.__name__}")


PLACES: dict[type[Entry], tuple[Table, Callable[[Any], Values]]] = {
    TokenEntry: (TOKEN, lambda entry: (entry.code, entry.system)),
    StringEntry: (STRING, string_values),
    DateEntry: (DATE, lambda entry: (entry.low, entry.high)),
    ReferenceEntry: (REFERENCE, lambda entry: (entry.id, entry.type, entry.url)),
    NumberEntry: (NUMBER, number_values),
    UriEntry: (URI, lambda entry: (entry.uri,)),
    PositionEntry: (POSITION, lambda entry: astuple(point(entry.latitude, entry.longitude))),
    CompositeEntry: (COMPOSITE, composite_values),
}


OWN = re.compile(r"(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?", re.ASCII)


def local(entries: Iterable[Entry], base: str) -> list[Entry]:
    """The same, absolute references to the organisation's own base made references to its store."""
    return [own(entry, base) for entry in entries] if base else list(entries)


def own(entry: Entry, base: str) -> Entry:
    if not isinstance(entry, ReferenceEntry) or not entry.url.startswith(f"{base}/"):
        return entry
    found = OWN.fullmatch(entry.url[len(base) + 1 :])
    return ReferenceEntry(entry.param, found["type"], found["id"]) if found else entry


def index_rows(org: int, type: str, key: int, entries: Iterable[Entry]) -> dict[Table, list[Values]]:
    """The rows of one resource by table, each in the order of the table's columns, without repetitions."""
    rows: dict[Table, dict[Values, None]] = {}
    for entry in entries:
        table, values = PLACES[entry.__class__]
        rows.setdefault(table, {})[(org, param_id(type, entry.param), *values(entry), key)] = None
    return {table: list(found) for table, found in rows.items()}
