"""FHIR date parameters as spans of days (https://hl7.org/fhir/R4/search.html#date)."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from gateway.faults import Invalid, NotSupported

_DATE = re.compile(r"(?P<prefix>[a-z]{2})?(?P<year>\d{4})(-(?P<month>\d\d)(-(?P<day>\d\d))?)?", re.ASCII)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """The first and the last day that fit; None is open."""

    first: date | None = None
    last: date | None = None


def span_of(value: str) -> Span:
    found = _DATE.fullmatch(value)
    if found is None:
        raise Invalid("birthdate takes one date, YYYY, YYYY-MM or YYYY-MM-DD, with a prefix such as ge or lt")
    first, last = _extent(found["year"], found["month"], found["day"])
    match found["prefix"]:
        case None | "eq":
            return Span(first, last)
        case "ge":
            return Span(first, None)
        case "gt" | "sa":
            return Span(last + _DAY, None)
        case "le":
            return Span(None, last)
        case "lt" | "eb":
            return Span(None, first - _DAY)
    raise NotSupported("birthdate takes the prefixes eq, ge, gt, sa, le, lt and eb here")


def _extent(year: str, month: str | None, day: str | None) -> tuple[date, date]:
    try:
        first = date(int(year), int(month or 1), int(day or 1))
        if day:
            last = first
        elif month:
            last = first.replace(day=monthrange(first.year, first.month)[1])
        else:
            last = first.replace(month=12, day=31)
        if not date.min + _DAY <= first <= last <= date.max - _DAY:
            raise ValueError
    except ValueError as error:
        raise Invalid("birthdate names a day that does not exist") from error
    return first, last
