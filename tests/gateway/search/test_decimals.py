"""Decimals as text sort as the numbers do."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.search.decimals import closed_range, sortable
from gateway.search.entries import NumberEntry

DECIMALS = st.decimals(allow_nan=False, allow_infinity=True) | st.decimals(-10, 10, places=2)


@given(DECIMALS, DECIMALS)
def test_order(a: Decimal, b: Decimal) -> None:
    assert (sortable(a) < sortable(b)) == (a < b)
    assert (sortable(a) == sortable(b)) == (a == b)


@pytest.mark.parametrize(
    ("low", "high", "closed"),
    [
        ("5.35", "5.45", ("5.4", "5.4")),
        ("99.5", "100.5", ("100", "100")),
        ("50", "150", ("100", "100")),
        ("-0.5", "0.5", ("0", "0")),
        ("7", "7", ("7", "7")),
        ("1", "9", ("1", "9")),
        ("5", "Infinity", ("5", "Infinity")),
        ("-Infinity", "5", ("-Infinity", "5")),
    ],
)
def test_a_written_number_counts_exactly_and_a_range_keeps_its_width(
    low: str, high: str, closed: tuple[str, str]
) -> None:
    assert closed_range(NumberEntry("x", Decimal(low), Decimal(high))) == tuple(map(Decimal, closed))


def test_absurd_exponents_stay_in_order() -> None:
    assert sortable(Decimal("1E+999999")) <= sortable(Decimal("Infinity"))
    assert sortable(Decimal("-1E+999999")) < sortable(Decimal(0)) < sortable(Decimal("1E-999999"))
