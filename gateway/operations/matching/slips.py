"""What a hand does to a name or number while typing: one sign wrong, left out, added, or two of them swapped."""

from __future__ import annotations

SHORTEST = 4
"""Below this many signs, one slip makes another word."""


def is_slip(one: str, other: str) -> bool:
    """Exactly one slip apart."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    at = shared(one, other)
    if len(one) == len(other):
        swapped = one[at + 1 : at + 2] + one[at : at + 1]
        return one[at + 1 :] == other[at + 1 :] or swapped + one[at + 2 :] == other[at:]
    short, long = sorted((one, other), key=len)
    return short[at:] == long[at + 1 :]


def shared(one: str, other: str) -> int:
    """The length of the common beginning."""
    length = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        length += 1
    return length


def is_likely_slip(one: str, other: str) -> bool:
    return min(len(one), len(other)) >= SHORTEST and is_slip(one, other)


def is_date_slip(one: str, other: str) -> bool:
    """Of two whole dates: one digit wrong, two neighbours swapped, or month and day the other way round."""
    left, right = one.replace("-", ""), other.replace("-", "")
    return left != right and (is_slip(left, right) or left[:4] + left[6:] + left[4:6] == right)


def date_slips(date: str) -> list[str]:
    """The dates that swapped neighbours, or month and day swapped, would make of one; not all are days."""
    digits = date.replace("-", "")
    swapped = [digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :] for at in range(2, 7)]
    made = dict.fromkeys([digits[:4] + digits[6:] + digits[4:6], *swapped])
    return [f"{each[:4]}-{each[4:6]}-{each[6:]}" for each in made if each != digits]
