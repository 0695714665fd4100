"""Distances on the globe."""

from __future__ import annotations

from math import dist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.search.places import chord_of, km_between, nearness, point

PLACES = st.builds(point, st.floats(-90, 90), st.floats(-180, 180))


@pytest.mark.parametrize(
    ("one", "other", "km"),
    [
        ((0, 0), (0, 0), 0.0),
        ((0, 0), (0, 1), 111.195),
        ((0, 179.5), (0, -179.5), 111.195),
        ((90, 0), (89, 123), 111.195),
        ((90, 0), (-90, 0), 20015.1),
        ((51.5074, -0.1278), (48.8566, 2.3522), 343.56),
    ],
)
def test_distances(one: tuple[float, float], other: tuple[float, float], km: float) -> None:
    assert km_between(point(*one), point(*other)) == pytest.approx(km, rel=1e-4, abs=1e-9)


@given(PLACES, PLACES, st.floats(0, 21_000))
def test_what_is_within_a_distance_is_within_its_chord(one: object, other: object, km: float) -> None:
    apart = dist((one.x, one.y, one.z), (other.x, other.y, other.z))  # type: ignore[attr-defined]
    if abs(km_between(one, other) - km) > 0.001:  # type: ignore[arg-type]
        assert (apart <= chord_of(km)) == (km_between(one, other) <= km)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["", "1", "1|2|3|4|5", "91|0", "0|181", "1|2|3|parsec", "1|2|-3", "x|y", "1|2|x", "nan|0"]
)
def test_what_is_no_place(text: str) -> None:
    with pytest.raises(ValueError, match=r"Write|latitude"):
        nearness(text.split("|"))
