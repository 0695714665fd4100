"""How far a Location is from where a search with `near` looked (location.html#8.7.5.1, extension location-distance)."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.interactions.exchange import encode
from gateway.search.places import Nearness, point
from gateway.search.query import Condition, Criterion, PositionValue
from gateway.store import document
from gateway.store.contract import Stored

URL, UCUM = "http://hl7.org/fhir/StructureDefinition/location-distance", "http://unitsofmeasure.org"
CODES = {"mi": "[mi_i]"}
DIGITS = 3


def sought(criteria: Iterable[Condition]) -> tuple[Nearness, ...]:
    """The places that a search of Locations itself looks around; those in chains are of other resources."""
    near = [each for each in criteria if isinstance(each, Criterion) and each.kind == "special"]
    return tuple(value.near for each in near for value in each.values if isinstance(value, PositionValue))


def distance(near: tuple[Nearness, ...], found: Stored) -> bytes:
    """The extension of an entry's search, to the nearest place that was named; empty where there is none to tell."""
    position = document.decode(found.body).get("position") if near else None
    if not isinstance(position, dict):
        return b""
    place = point(float(position["latitude"]), float(position["longitude"]))
    value, unit = min((each.distance(place), each.unit) for each in near)
    told = {"value": round(value, DIGITS), "unit": unit, "system": UCUM, "code": CODES.get(unit, unit)}
    return b'"extension":' + encode([{"url": URL, "valueDistance": told}]) + b","
