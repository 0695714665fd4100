"""Position entries: the places of Locations (https://hl7.org/fhir/R4/location.html#8.7.5.1)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from gateway.search.entries import Entry, PositionEntry


def position_entries(param: str, value: Any) -> Iterator[Entry]:
    """None of what is no place on the globe."""
    given = [value.get(name) for name in ("latitude", "longitude")] if isinstance(value, dict) else []
    degrees = [float(each) for each in given if isinstance(each, int | float | Decimal)]
    if len(degrees) == 2:
        latitude, longitude = degrees
        if abs(latitude) <= 90 and abs(longitude) <= 180:
            yield PositionEntry(param, latitude, longitude)
