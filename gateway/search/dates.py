"""Dates of a search: the range [low, high) of UTC microseconds that what was written covers."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date

SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 24 * 60 * MINUTE
EPOCH = date(1970, 1, 1).toordinal()

# A "+" that nobody encoded arrives as a space.
WRITTEN = re.compile(
    r"(?P<year>\d{4})(-(?P<month>\d\d)(-(?P<day>\d\d)"
    r"(T(?P<hour>\d\d):(?P<minute>\d\d)(:(?P<second>\d\d)(\.(?P<fraction>\d{1,12}))?)?"
    r"(?P<zone>Z|[+ -]\d\d:\d\d)?)?)?)?",
    re.ASCII,
)


def date_range(text: str) -> tuple[int, int]:
    """ValueError where the text is no date; a time without a zone is UTC (R4, 3.1.1.4.5: the server's own)."""
    found = WRITTEN.fullmatch(text)
    if found is None:
        raise ValueError("not a date")
    part = found.groupdict()
    year, month, day = int(part["year"]), int(part["month"] or 1), int(part["day"] or 1)
    start = (date(year, month, day).toordinal() - EPOCH) * DAY
    if part["hour"] is not None:
        low, width = time_of_day(part)
        return start + low, start + low + width
    if part["day"] is not None:
        return start, start + DAY
    days = monthrange(year, month)[1] if part["month"] is not None else date(year, 12, 31).timetuple().tm_yday
    return start, start + days * DAY


def time_of_day(part: dict[str, str]) -> tuple[int, int]:
    hour, minute, second = (int(part[name] or 0) for name in ("hour", "minute", "second"))
    # FHIR's own patterns allow the leap second, and no 24:00.
    if hour > 23 or minute > 59 or second > 60:
        raise ValueError("not a time")
    fraction, width = fraction_of_second(part["fraction"])
    low = (hour * 60 + minute) * MINUTE + second * SECOND + fraction - offset(part["zone"])
    return low, width if part["second"] is not None else MINUTE


def fraction_of_second(digits: str | None) -> tuple[int, int]:
    if digits is None:
        return 0, SECOND
    return int(digits[:6].ljust(6, "0")), 10 ** max(6 - len(digits), 0)


def offset(zone: str | None) -> int:
    if zone in (None, "Z"):
        return 0
    assert zone is not None  # noqa: S101
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    if hours > 14 or minutes > 59:
        raise ValueError("not a time zone")
    return (-1 if zone[0] == "-" else 1) * (hours * 60 + minutes) * MINUTE
