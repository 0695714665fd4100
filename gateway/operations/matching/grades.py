"""The sum of the weights as a score and as a grade (http://hl7.org/fhir/R4/valueset-match-grade.html).

The score is the probability that both records are of one patient, by Bayes' rule from the odds before anything was
compared. Certain is what may be acted upon without a person looking, so it takes more than a high sum: no given name
and no birth date that speak against it, and a record that is as alive as the one asked for. Twins share all but the
given name.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from gateway.operations.matching.facts import Facts
from gateway.operations.matching.weights import OTHER, Comparison, compare

Grade = Literal["certain", "probable", "possible", "certainly-not"]
BEFORE = 16.0
"""log2 of the odds against, before anything is compared: one patient of some tens of thousands."""
CERTAIN, PROBABLE, POSSIBLE = 28.0, BEFORE, 8.0
"""Sums of weights. Probable is more likely than not. Certain takes an identifier, or name and day of birth with one
fact more."""
NEVER_CERTAIN = CERTAIN - 0.1
AGAINST = frozenset({"given", "birth"})
DIGITS = 4


@dataclass(frozen=True, slots=True)
class Verdict:
    """How well two records match; `held` names what keeps an otherwise certain match from being so."""

    weight: float
    held: str | None = None

    @property
    def grade(self) -> Grade:
        if self.weight >= CERTAIN:
            return "certain"
        if self.weight >= PROBABLE:
            return "probable"
        return "possible" if self.weight >= POSSIBLE else "certainly-not"

    @property
    def score(self) -> float:
        """0 to 1."""
        exponent = min(max(BEFORE - self.weight, -60.0), 60.0)
        return round(1 / (1 + math.pow(2, exponent)), DIGITS)


def judged(asked: Facts, candidate: Facts) -> Verdict:
    compared = compare(asked, candidate)
    weight = sum(each.weight for each in compared)
    reason = doubt(asked, candidate) or contradiction(compared)
    if weight >= CERTAIN and reason is not None:
        return Verdict(NEVER_CERTAIN, reason)
    return Verdict(min(weight, NEVER_CERTAIN) if reason else weight)


def doubt(asked: Facts, candidate: Facts) -> str | None:
    """What the record says of itself."""
    if candidate.replaced:
        return "it was replaced by another record"
    if asked.active and not candidate.active:
        return "it is not active"
    if asked.deceased != candidate.deceased:
        return "only one of both says that the patient has died"
    return None


def contradiction(compared: Iterable[Comparison]) -> str | None:
    against = sorted(each.fact for each in compared if each.fact in AGAINST and each.outcome == OTHER)
    return f"another {' and '.join(against)}" if against else None
