"""Places on the globe: `near=latitude|longitude|distance|units` of Location (R4, 8.7.5.1).

A place is a point of the unit sphere, so that what lies within a distance is what lies within a straight line's length:
no trigonometry is left to the database, and neither the poles nor the date line are special.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import asin, cos, hypot, pi, radians, sin

EARTH_KM = 6371.0088
"""The mean radius of WGS 84's ellipsoid; distances are within half a percent of those along the ellipsoid."""
IN_KM = {"km": 1.0, "m": 0.001, "[mi_i]": 1.609344, "mi": 1.609344, "[mi_us]": 1.609347}
"""UCUM codes, and the mile as it is commonly written."""
NEAR_KM = 50.0
"""Where no distance is given, which R4 leaves to the server."""
FORM = "Write latitude|longitude|distance|units, units being km, m or [mi_i]; distance and units may be left out."
DECIMAL = re.compile(r"[+-]?\d{1,10}(\.\d{1,15})?", re.ASCII)
ROUNDING = 1e-12
"""Of a coordinate: a place is at no distance from itself. About a hundredth of a millimetre."""


@dataclass(frozen=True, slots=True)
class Point:
    """Of the unit sphere."""

    x: float
    y: float
    z: float


def point(latitude: float, longitude: float) -> Point:
    """ValueError where there is no such place."""
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise ValueError("A latitude is from -90 to 90, a longitude from -180 to 180.")
    north, east = radians(latitude), radians(longitude)
    return Point(cos(north) * cos(east), cos(north) * sin(east), sin(north))


def km_between(one: Point, other: Point) -> float:
    """The haversine formula: half the chord is the sine of half the angle."""
    chord = hypot(one.x - other.x, one.y - other.y, one.z - other.z)
    return 2 * EARTH_KM * asin(min(chord / 2, 1.0))


def chord_of(km: float) -> float:
    """The straight line that spans a distance along the surface; from the other side of the globe on, all of it."""
    return 2 * sin(min(km / (2 * EARTH_KM), pi / 2)) + ROUNDING


@dataclass(frozen=True, slots=True)
class Nearness:
    """What `near` asks for."""

    centre: Point
    km: float
    unit: str

    def distance(self, place: Point) -> float:
        """In the unit that was asked in."""
        return km_between(self.centre, place) / IN_KM[self.unit]


def nearness(parts: list[str]) -> Nearness:
    if not 2 <= len(parts) <= 4 or not all(map(DECIMAL.fullmatch, [*parts[:2], *filter(None, parts[2:3])])):
        raise ValueError(FORM)
    distance, unit = [*parts[2:], "", ""][:2]
    unit = unit or "km"
    if unit not in IN_KM or distance.startswith("-"):
        raise ValueError(FORM)
    centre = point(float(parts[0]), float(parts[1]))
    return Nearness(centre, float(distance) * IN_KM[unit] if distance else NEAR_KM, unit)
