"""Limits as conditions of a search: everything is None, nothing is NEVER, and the rest is between."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from gateway.definitions.contract import Definitions
from gateway.search.labels import PURPOSE_SYSTEMS, SECURITY, TREATMENT, LabelRule, restricting
from gateway.search.query import NEVER, Both, Condition, Criterion, Either, ReferenceValue, TokenValue

PATIENT = "Patient"
Limit = Condition | None
"""None: everything."""


def all_of(limits: Iterable[Limit]) -> Limit:
    found = tuple(dict.fromkeys(each for each in limits if each is not None))
    if NEVER in found:
        return NEVER
    return Both(found) if len(found) > 1 else next(iter(found), None)


def any_of(limits: Iterable[Limit]) -> Limit:
    found = tuple(dict.fromkeys(limits))
    if None in found:
        return None
    possible = tuple(each for each in found if each is not None and each != NEVER)
    return possible[0] if len(possible) == 1 else Either(possible)


def compartment(definitions: Definitions, type: str, patient: str) -> Condition:
    """In the compartment of a Patient by exactly the parameters that the CompartmentDefinition names.

    Of a type that it does not name nothing is in it.
    """
    members = definitions.patient_compartment.get(type, ())
    choices: list[Condition] = [
        Criterion(param, "reference", "", (ReferenceValue(PATIENT, patient),)) for param in members
    ]
    if type == PATIENT:
        choices.append(Criterion("_id", "token", "", (TokenValue(None, patient),)))
    return Either(tuple(choices)) if len(choices) != 1 else choices[0]


@lru_cache(maxsize=1024)
def open_by_labels(rule: LabelRule) -> Condition:
    """What LabelRule.admits says, for the index."""
    closed = tuple(TokenValue(system, code) for system, codes in restricting().items() for code in codes)
    choices: list[Condition] = [Criterion(SECURITY, "token", "not", closed)]
    if rule.purposes:
        named = (TokenValue(system, code) for system in PURPOSE_SYSTEMS for code in rule.purposes)
        choices.append(Criterion(SECURITY, "token", "", tuple(named)))
    if not TREATMENT.isdisjoint(rule.purposes):
        choices.append(Criterion(SECURITY, "token", "not", tuple(TokenValue(each, None) for each in PURPOSE_SYSTEMS)))
    return Either(tuple(choices)) if len(choices) > 1 else choices[0]
