"""Date entries (https://hl7.org/fhir/R4/search.html#date)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.definitions.dates import EARLIEST, LATEST, date_range
from gateway.search.entries import DateEntry, Entry

Range = tuple[int, int]


def range_of(value: Any) -> Range | None:
    return date_range(value) if isinstance(value, str) else None


def date_entries(param: str, value: Any) -> Iterator[Entry]:
    found = range_of(value)
    if found:
        yield DateEntry(param, *found)


def period_range(value: Any) -> Range | None:
    """A period without a start reaches back for ever, one without an end goes on."""
    if not isinstance(value, dict):
        return None
    start, end = range_of(value.get("start")), range_of(value.get("end"))
    if start is None and end is None:
        return None
    low, high = (start or (EARLIEST,))[0], (end or (LATEST,))[-1]
    return (low, high) if low < high else None


def period_entries(param: str, value: Any) -> Iterator[Entry]:
    found = period_range(value)
    if found:
        yield DateEntry(param, *found)


def timing_entries(param: str, value: Any) -> Iterator[Entry]:
    """Only the outer limits of a Timing matter to a search."""
    ranges = list(timing_ranges(value)) if isinstance(value, dict) else []
    if ranges:
        yield DateEntry(param, min(low for low, _ in ranges), max(high for _, high in ranges))


def timing_ranges(value: dict[str, Any]) -> Iterator[Range]:
    events, repeat = value.get("event"), value.get("repeat")
    found = [range_of(event) for event in events] if isinstance(events, list) else []
    if isinstance(repeat, dict):
        found.append(period_range(repeat.get("boundsPeriod")))
    yield from filter(None, found)
