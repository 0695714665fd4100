"""Decimals as text that sorts, by code point, as the numbers do, without losing a digit.

    "-2.5"  ->  "0" + complement of exponent + complement of digits + "~"
    "0"     ->  "1"
    "2.5"   ->  "2" + exponent + digits

The exponent is that of scientific notation, shifted to be positive; digits have no trailing zeros, so 1.0 equals 1.
"""

from __future__ import annotations

from decimal import Context, Decimal

from gateway.search.entries import NumberEntry

SHIFT = 500_000
EXPONENT_DIGITS = 6
INFINITE = "9" * (EXPONENT_DIGITS + 1)
COMPLEMENT = str.maketrans("0123456789", "9876543210")
EXACT = Context(prec=400, traps=[])


def sortable(value: Decimal) -> str:
    if value == 0:
        return "1"
    magnitude = infinite_or_digits(value)
    return f"0{magnitude.translate(COMPLEMENT)}~" if value < 0 else f"2{magnitude}"


def infinite_or_digits(value: Decimal) -> str:
    exponent = value.adjusted() + SHIFT if value.is_finite() else 2 * SHIFT
    if exponent >= 2 * SHIFT:
        return INFINITE
    digits = "".join(map(str, value.as_tuple().digits)).rstrip("0")
    return f"{max(exponent, 0):0{EXPONENT_DIGITS}}{digits}"


def closed_range(entry: NumberEntry) -> tuple[Decimal, Decimal]:
    """A written number counts as its exact value when compared; only true ranges keep their width.

    R4, 3.1.1.4.6 (number): `gt100` means greater than exactly 100, so 100.2 matches and 100 does not.
    """
    if not (entry.low.is_finite() and entry.high.is_finite()):
        return entry.low, entry.high
    width = EXACT.subtract(entry.high, entry.low)
    middle = midpoint(entry.low, entry.high)
    half_a_digit_each_way = EXACT.normalize(width).as_tuple().digits == (1,) and EXACT.remainder(middle, width) == 0
    return (middle, middle) if width == 0 or half_a_digit_each_way else (entry.low, entry.high)


def midpoint(low: Decimal, high: Decimal) -> Decimal:
    if low == high or not (low.is_finite() and high.is_finite()):
        return low
    return EXACT.divide(EXACT.add(low, high), Decimal(2))
