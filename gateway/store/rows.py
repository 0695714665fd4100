"""Search index entries as rows of the index tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import Table

from gateway.search.decimals import closed_range, sortable
from gateway.search.entries import (
    DateEntry,
    Entry,
    NumberEntry,
    ReferenceEntry,
    StringEntry,
    TokenEntry,
    UriEntry,
)
from gateway.search.text import INDEXED_LENGTH, fold
from gateway.store.param_ids import param_id
from gateway.store.tables import DATE, NUMBER, REFERENCE, STRING, TOKEN, URI

Values = tuple[Any, ...]


def string_values(entry: StringEntry) -> Values:
    return fold(entry.text)[:INDEXED_LENGTH], entry.text[:INDEXED_LENGTH]


def number_values(entry: NumberEntry) -> Values:
    low, high = closed_range(entry)
    return sortable(low), sortable(high), entry.system, entry.code


PLACES: dict[type[Entry], tuple[Table, Callable[[Any], Values]]] = {
    TokenEntry: (TOKEN, lambda entry: (entry.code, entry.system)),
    StringEntry: (STRING, string_values),
    DateEntry: (DATE, lambda entry: (entry.low, entry.high)),
    ReferenceEntry: (REFERENCE, lambda entry: (entry.id, entry.type, entry.url)),
    NumberEntry: (NUMBER, number_values),
    UriEntry: (URI, lambda entry: (entry.uri,)),
}


def index_rows(org: int, type: str, key: int, entries: Iterable[Entry]) -> dict[Table, list[Values]]:
    """The rows of one resource by table, each in the order of the table's columns, without repetitions."""
    rows: dict[Table, dict[Values, None]] = {}
    for entry in entries:
        table, values = PLACES[entry.__class__]
        rows.setdefault(table, {})[(org, param_id(type, entry.param), *values(entry), key)] = None
    return {table: list(found) for table, found in rows.items()}
