"""The stretch of time that a written date covers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.definitions.dates import EARLIEST, LATEST, date_range, is_date, is_date_time, is_instant


def at(text: str) -> int:
    return (datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("2024", "2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z"),
        ("2024-02", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"),
        ("2024-12", "2024-12-01T00:00:00Z", "2025-01-01T00:00:00Z"),
        ("2024-02-29", "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z"),
        ("1950-06-01", "1950-06-01T00:00:00Z", "1950-06-02T00:00:00Z"),
        ("2024-02-29T23:30Z", "2024-02-29T23:30:00Z", "2024-02-29T23:31:00Z"),
        ("2024-02-29T23:30:01", "2024-02-29T23:30:01Z", "2024-02-29T23:30:02Z"),
        ("2024-02-29T23:30:01-05:00", "2024-03-01T04:30:01Z", "2024-03-01T04:30:02Z"),
        ("2024-02-29T23:30:01.5+14:00", "2024-02-29T09:30:01.500Z", "2024-02-29T09:30:01.600Z"),
        ("2024-06-30T23:59:60Z", "2024-07-01T00:00:00Z", "2024-07-01T00:00:01Z"),
    ],
)
def test_range(text: str, low: str, high: str) -> None:
    assert date_range(text) == (at(low), at(high))


def test_digits_beyond_microseconds_are_cut() -> None:
    assert date_range("1970-01-01T00:00:00.123456789Z") == (123456, 123457)


def test_the_first_and_the_last_year() -> None:
    assert date_range("0001") == (EARLIEST, EARLIEST + 365 * 86_400_000_000)
    assert date_range("9999-12-31") == (LATEST - 86_400_000_000, LATEST)
    assert date_range("0001-01-01T00:00:00+14:00") is not None


@pytest.mark.parametrize(
    "text",
    [
        "", "24", "2024-", "2024-13", "2024-00", "2023-02-29", "2024-04-31", "2024-1-1", "0000", "20240101",
        "2024-01-01T24:00:00Z", "2024-01-01T10", "2024-01-01T10:60:00Z", "2024-01-01T10:00:61Z", "2024T10:00Z",
        "2024-01-01T10:00:00+15:00", "2024-01-01T10:00:00+14:01", "2024-01-01 10:00:00Z", "2024-01-01T10:00:00z",
        "2024-01-01\n", " 2024", "٢٠٢٤", "2024-01-01T10:00:00.Z",
    ],
)  # fmt: skip
def test_no_date(text: str) -> None:
    assert date_range(text) is None
    assert not is_date(text)
    assert not is_date_time(text)
    assert not is_instant(text)


def test_what_each_type_wants() -> None:
    assert is_date("2024-05")
    assert not is_date("2024-05-01T10:00:00Z")
    assert is_date_time("2024-05")
    assert is_date_time("2024-05-01T10:00:00Z")
    assert not is_date_time("2024-05-01T10:00Z")
    assert not is_date_time("2024-05-01T10:00:00")
    assert is_instant("2024-05-01T10:00:00.123+02:00")
    assert not is_instant("2024-05-01")


ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(timezones=ZONES))
def test_every_moment_lies_in_its_own_range(moment: datetime) -> None:
    text = moment.isoformat(timespec="microseconds")
    year = f"{moment.year:04}{text[text.index('-') :]}"
    low = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert date_range(year) == (low, low + 1)


@given(st.dates())
def test_parts_lie_within_the_whole(day: object) -> None:
    text = str(day)
    ranges = [date_range(part) for part in (text[:4], text[:7], text)]
    year, month, date = (found for found in ranges if found)
    assert year[0] <= month[0] <= date[0] < date[1] <= month[1] <= year[1]


@given(st.text())
def test_any_text_is_a_date_or_not(text: str) -> None:
    found = date_range(text)
    assert found is None or EARLIEST - LATEST < found[0] < found[1]
