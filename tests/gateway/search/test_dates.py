"""What a written date covers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.search.dates import DAY, MINUTE, SECOND, date_range


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp()) * SECOND


@pytest.mark.parametrize(
    ("text", "low", "width"),
    [
        ("2023", "2023-01-01T00:00:00Z", 365 * DAY),
        ("2024", "2024-01-01T00:00:00Z", 366 * DAY),
        ("2024-02", "2024-02-01T00:00:00Z", 29 * DAY),
        ("1969-12-31", "1969-12-31T00:00:00Z", DAY),
        ("2024-03-09T10:30", "2024-03-09T10:30:00Z", MINUTE),
        ("2024-03-09T10:30:15", "2024-03-09T10:30:15Z", SECOND),
        ("2024-03-09T10:30:15Z", "2024-03-09T10:30:15Z", SECOND),
        ("2024-03-09T10:30:15+05:45", "2024-03-09T04:45:15Z", SECOND),
        ("2024-03-09T10:30:15 05:45", "2024-03-09T04:45:15Z", SECOND),
        ("2024-03-09T10:30:15-05:00", "2024-03-09T15:30:15Z", SECOND),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z", SECOND),
    ],
)
def test_ranges(text: str, low: str, width: int) -> None:
    assert date_range(text) == (at(low), at(low) + width)


def test_fractions() -> None:
    second = at("2024-03-09T10:30:15Z")
    assert date_range("2024-03-09T10:30:15.1Z") == (second + 100_000, second + 200_000)
    assert date_range("2024-03-09T10:30:15.123456Z") == (second + 123_456, second + 123_457)
    assert date_range("2024-03-09T10:30:15.1234569Z") == (second + 123_456, second + 123_457)


def test_the_last_year_has_an_end() -> None:
    low, high = date_range("9999-12-31")
    assert high - low == DAY


@pytest.mark.parametrize(
    "text",
    [
        "",
        "24",
        "2024-13",
        "2024-02-30",
        "2023-02-29",
        "0000",
        "2024-3-9",
        "2024-03-09T",
        "2024-03-09T10",
        "2024-03-09T24:00",
        "2024-03-09T10:60",
        "2024-03-09T10:30:61Z",
        "2024-03-09T10:30:15+15:00",
        "2024-03-09Z",
        "2024 ",
        "٢٠٢٤",
    ],
)
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(ValueError):
        date_range(text)


@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)), st.integers(-840, 840))  # noqa: DTZ001
def test_instants_agree_with_datetime(naive: datetime, minutes: int) -> None:
    sign = "-" if minutes < 0 else "+"
    zone = f"{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    moment = naive.replace(tzinfo=UTC) - timedelta(minutes=minutes)
    low, high = date_range(f"{naive.isoformat(timespec='microseconds')}{zone}")
    assert low == (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert high == low + 1
