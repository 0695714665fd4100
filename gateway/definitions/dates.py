"""Dates as FHIR writes them, and the stretch of time each one covers.

A partial date covers all of its year, month or day (https://hl7.org/fhir/R4/search.html#date). Ranges are half open, in
UTC microseconds since 1970, and cover all years that FHIR can write; a date without a zone is taken as UTC.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date

SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND
EPOCH = date(1970, 1, 1).toordinal()

EARLIEST = (date.min.toordinal() - EPOCH) * DAY
"""The low end of a period without a start."""
LATEST = (date.max.toordinal() + 1 - EPOCH) * DAY
"""The high end of a period without an end."""

MOMENT = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:T(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.(?P<fraction>\d+))?)?"
    r"(?P<zone>Z|[+-]\d\d:\d\d)?)?)?)?",
    re.ASCII,
)


def is_date(text: str) -> bool:
    found = moment(text)
    return found is not None and found["hour"] is None


def is_date_time(text: str) -> bool:
    """Where a time is given, R4 demands seconds and a zone."""
    found = moment(text)
    return found is not None and (found["hour"] is None or bool(found["second"] and found["zone"]))


def is_instant(text: str) -> bool:
    found = moment(text)
    return found is not None and bool(found["second"] and found["zone"])


def moment(text: str) -> re.Match[str] | None:
    """The parts of a date that the calendar and the clock have; None for any other text.

    Times without seconds or zone pass: search parameters may leave them out.
    """
    found = MOMENT.fullmatch(text)
    return found if found and on_calendar(found) and on_clock(found) else None


def on_calendar(found: re.Match[str]) -> bool:
    year, month, day = int(found["year"]), int(found["month"] or 1), int(found["day"] or 1)
    return year > 0 and 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]


def on_clock(found: re.Match[str]) -> bool:
    """Second 60 is a leap second; zones reach from -14:00 to +14:00."""
    if found["hour"] is None:
        return True
    in_day = int(found["hour"]) < 24 and int(found["minute"]) < 60 and int(found["second"] or 0) <= 60
    zone = found["zone"] or "Z"
    return in_day and (zone == "Z" or (int(zone[4:]) < 60 and abs(zone_minutes(zone)) <= 14 * 60))


def zone_minutes(zone: str) -> int:
    if zone == "Z":
        return 0
    minutes = int(zone[1:3]) * 60 + int(zone[4:])
    return -minutes if zone[0] == "-" else minutes


def date_range(text: str) -> tuple[int, int] | None:
    """[low, high) of a date, dateTime or instant; None when the text is none of them."""
    found = moment(text)
    if found is None:
        return None
    return time_range(found) if found["hour"] else day_range(found)


def day_range(found: re.Match[str]) -> tuple[int, int]:
    year, month, day = int(found["year"]), int(found["month"] or 1), int(found["day"] or 1)
    last_month = month if found["month"] else 12
    last_day = day if found["day"] else monthrange(year, last_month)[1]
    low = date(year, month, day).toordinal() - EPOCH
    high = date(year, last_month, last_day).toordinal() - EPOCH + 1
    return low * DAY, high * DAY


def time_range(found: re.Match[str]) -> tuple[int, int]:
    midnight = day_range(found)[0]
    minutes = int(found["hour"]) * 60 + int(found["minute"]) - zone_minutes(found["zone"] or "Z")
    low = midnight + minutes * MINUTE + int(found["second"] or 0) * SECOND
    if found["second"] is None:
        return low, low + MINUTE
    digits = (found["fraction"] or "")[:6]
    low += int(digits.ljust(6, "0"))
    return low, low + 10 ** (6 - len(digits))
