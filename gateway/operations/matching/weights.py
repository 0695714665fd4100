"""How much agreement and disagreement say: log2(m/u), added up over the facts (Fellegi and Sunter, 1969).

m is how often a comparison comes out so for two records of one patient, u how often for records of two. Both are
estimates for intake data of one organisation: for a family name u is the share of people with that name, for a birth
date one day of about seventy years, widened for those that are guessed. Rows of one table are all outcomes of one
comparison, so m and u each add up to 1. What either side does not say weighs nothing, so that a fact which agrees
can only add. A fact with several values, as names, counts by the best pair.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import log2
from typing import TypeVar

from gateway.operations.matching.facts import Facts, Place
from gateway.operations.matching.nicknames import nicknames
from gateway.operations.matching.slips import is_date_slip, is_likely_slip

T = TypeVar("T")
SAME, NICKNAME, SLIP, INITIAL, NEAR, CITY, OTHER = "same", "nickname", "slip", "initial", "near", "city", "other"


@dataclass(frozen=True, slots=True)
class Odds:
    """How often an outcome is seen: `m` of one patient, `u` of two."""

    m: float
    u: float

    @property
    def weight(self) -> float:
        return log2(self.m / self.u)


Table = Mapping[str, Odds]
IDENTIFIER: Table = {SAME: Odds(0.75, 5e-10), SLIP: Odds(0.02, 0.0005), OTHER: Odds(0.23, 0.9994999995)}
NUMBER_OF_NO_SYSTEM: Table = {SAME: Odds(0.75, 0.001), OTHER: Odds(0.25, 0.999)}
FAMILY: Table = {SAME: Odds(0.90, 0.005), SLIP: Odds(0.06, 0.004), OTHER: Odds(0.04, 0.991)}
GIVEN: Table = {
    SAME: Odds(0.85, 0.013),
    NICKNAME: Odds(0.05, 0.004),
    SLIP: Odds(0.05, 0.006),
    INITIAL: Odds(0.03, 0.010),
    OTHER: Odds(0.02, 0.967),
}
BIRTH_DAY: Table = {SAME: Odds(0.95, 0.00005), SLIP: Odds(0.03, 0.004), OTHER: Odds(0.02, 0.99595)}
BIRTH_MONTH: Table = {SAME: Odds(0.97, 0.0012), OTHER: Odds(0.03, 0.9988)}
BIRTH_YEAR: Table = {SAME: Odds(0.97, 0.014), OTHER: Odds(0.03, 0.986)}
GENDER: Table = {SAME: Odds(0.98, 0.49), OTHER: Odds(0.02, 0.51)}
PHONE: Table = {SAME: Odds(0.60, 0.0008), SLIP: Odds(0.03, 0.002), OTHER: Odds(0.37, 0.9972)}
EMAIL: Table = {SAME: Odds(0.60, 0.0004), OTHER: Odds(0.40, 0.9996)}
ADDRESS: Table = {SAME: Odds(0.50, 0.0008), NEAR: Odds(0.20, 0.01), CITY: Odds(0.10, 0.05), OTHER: Odds(0.20, 0.9392)}
BIRTH: Mapping[int, Table] = {10: BIRTH_DAY, 7: BIRTH_MONTH, 4: BIRTH_YEAR}
"""By the letters that both dates have."""
TABLES = (
    IDENTIFIER, NUMBER_OF_NO_SYSTEM, FAMILY, GIVEN, BIRTH_DAY, BIRTH_MONTH, BIRTH_YEAR, GENDER, PHONE, EMAIL, ADDRESS,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Comparison:
    """What one fact says."""

    fact: str
    outcome: str
    weight: float


def compare(one: Facts, other: Facts) -> list[Comparison]:
    """Of every fact that both tell."""
    outcomes = (
        identifiers(one, other),
        best("family", FAMILY, one.families, other.families, family),
        best("given", GIVEN, one.givens, other.givens, given),
        birth(one.birth, other.birth),
        best("gender", GENDER, filter(None, [one.gender]), filter(None, [other.gender]), equal),
        best("phone", PHONE, one.phones, other.phones, number),
        best("email", EMAIL, one.emails, other.emails, equal),
        best("address", ADDRESS, one.places, other.places, address),
    )
    return [each for each in outcomes if each is not None]


def best(
    fact: str, table: Table, ones: Iterable[T], others: Iterable[T], outcome: Callable[[T, T], str]
) -> Comparison | None:
    others = list(others)
    seen = {outcome(one, other) for one in ones for other in others}
    return told(fact, table, seen)


def told(fact: str, table: Table, seen: Iterable[str]) -> Comparison | None:
    compared = [Comparison(fact, outcome, table[outcome].weight) for outcome in seen]
    return max(compared, key=lambda each: each.weight, default=None)


def equal(one: str, other: str) -> str:
    return SAME if one == other else OTHER


def number(one: str, other: str) -> str:
    return SAME if one == other else SLIP if is_likely_slip(one, other) else OTHER


def identifiers(one: Facts, other: Facts) -> Comparison | None:
    """Within a system; a number without one may be any number."""
    named = told("identifier", IDENTIFIER, pairs(one, other, named=True))
    nameless = told("identifier", NUMBER_OF_NO_SYSTEM, pairs(one, other, named=False))
    return max(filter(None, (named, nameless)), key=lambda each: each.weight, default=None)


def pairs(one: Facts, other: Facts, *, named: bool) -> Iterator[str]:
    for system, value in one.identifiers:
        for theirs, their_value in other.identifiers:
            if system == theirs and bool(system) == named:
                outcome = number(value, their_value)
                yield outcome if named or outcome == SAME else OTHER


def family(one: str, other: str) -> str:
    """A double name counts as near to each of its parts."""
    if one == other:
        return SAME
    short, long = sorted((one, other), key=len)
    partly = len(short) >= 4 and (long.startswith(short) or long.endswith(short))
    return SLIP if partly or is_likely_slip(one, other) else OTHER


def given(one: str, other: str) -> str:
    if one == other:
        return SAME
    if other in nicknames(one):
        return NICKNAME
    if is_likely_slip(one, other):
        return SLIP
    short, long = sorted((one, other), key=len)
    return INITIAL if len(short) == 1 and long.startswith(short) else OTHER


def birth(one: str, other: str) -> Comparison | None:
    """As far as both are known."""
    length = min(len(one), len(other))
    if length not in BIRTH:
        return None
    outcome = equal(one[:length], other[:length])
    if outcome == OTHER and length == 10 and is_date_slip(one, other):
        outcome = SLIP
    return told("birth", BIRTH[length], [outcome])


def address(one: Place, other: Place) -> str:
    near = one.postal == other.postal if one.postal and other.postal else None
    city = bool(one.city) and one.city == other.city and (one.state == other.state or not (one.state and other.state))
    if one.street and one.street == other.street and (near or (near is None and city)):
        return SAME
    return NEAR if near else CITY if city else OTHER
