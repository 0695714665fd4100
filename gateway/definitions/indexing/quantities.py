"""Number and quantity entries: the range that the written digits cover (https://hl7.org/fhir/R4/search.html#number).

100 stands for [99.5, 100.5) and 1.00 for [0.995, 1.005). A comparator (`<`) does not widen the range.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Context, Decimal
from typing import Any

from gateway.definitions.indexing.tokens import text_at
from gateway.definitions.validation.primitives import DIGITS, is_decimal
from gateway.search.entries import Entry, NumberEntry

EXACT = Context(prec=2 * DIGITS)
CURRENCIES = "urn:iso:std:iso:4217"


def digits_range(value: Any) -> tuple[Decimal, Decimal] | None:
    """[low, high) of half a unit of the last digit around a number; None for anything else."""
    if not is_decimal(value):
        return None
    number = Decimal(value)
    half = Decimal((0, (5,), int(number.as_tuple().exponent) - 1))
    return EXACT.subtract(number, half), EXACT.add(number, half)


def number_entries(param: str, value: Any) -> Iterator[Entry]:
    found = digits_range(value)
    if found:
        yield NumberEntry(param, *found)


def quantity_entries(param: str, value: Any) -> Iterator[Entry]:
    """Found by its coded unit, and by the unit as people write it (`5.4||mg`)."""
    found = digits_range(value.get("value")) if isinstance(value, dict) else None
    if found:
        yield from in_units(param, *found, value)


def in_units(param: str, low: Decimal, high: Decimal, value: dict[str, Any]) -> Iterator[Entry]:
    system, code, unit = (text_at(value, key) for key in ("system", "code", "unit"))
    if system or code or not unit:
        yield NumberEntry(param, low, high, system, code)
    if unit and unit != code:
        yield NumberEntry(param, low, high, "", unit)


def money_entries(param: str, value: Any) -> Iterator[Entry]:
    found = digits_range(value.get("value")) if isinstance(value, dict) else None
    if found:
        currency = text_at(value, "currency")
        yield NumberEntry(param, *found, CURRENCIES if currency else "", currency)


def range_entries(param: str, value: Any) -> Iterator[Entry]:
    """From the low of the low end to the high of the high end; a range with one end gives no entry."""
    match value:
        case {"low": {"value": first} as units, "high": {"value": last}}:
            low, high = digits_range(first), digits_range(last)
            if low and high and low[0] < high[1]:
                yield from in_units(param, low[0], high[1], units)
