"""Required bindings: the value has to come from the value set (https://hl7.org/fhir/R4/terminologies.html#required)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gateway.definitions.validation.findings import FINE, Check, Findings, Scope, one, placed

Codes = Mapping[str, list[str]]


def bound(check: Check, type: str, codes: Codes, value_set: str) -> Check:
    make = BINDINGS.get(type)
    return make(check, codes, value_set) if make else check


def invalid(value_set: str) -> Findings:
    return one(f"Use a code of the value set {value_set}", "code-invalid")


def bound_code(check: Check, codes: Codes, value_set: str) -> Check:
    allowed = frozenset(code for listed in codes.values() for code in listed)

    def bound_check(value: Any, depth: int, scope: Scope) -> Findings:
        if value.__class__ is str and value in allowed:
            return FINE
        return check(value, depth, scope) or invalid(value_set)

    return bound_check


def bound_coding(check: Check, codes: Codes, value_set: str) -> Check:
    allowed = frozenset((system, code) for system, listed in codes.items() for code in listed)

    def bound_check(value: Any, depth: int, scope: Scope) -> Findings:
        found = check(value, depth, scope)
        return found or (FINE if pair(value) in allowed else invalid(value_set))

    return bound_check


def bound_concept(check: Check, codes: Codes, value_set: str) -> Check:
    allowed = frozenset((system, code) for system, listed in codes.items() for code in listed)

    def bound_check(value: Any, depth: int, scope: Scope) -> Findings:
        found = check(value, depth, scope)
        if found or any(pair(coding) in allowed for coding in value.get("coding", ())):
            return found
        return placed(invalid(value_set), ".coding")

    return bound_check


def pair(coding: dict[str, Any]) -> tuple[Any, Any]:
    return coding.get("system"), coding.get("code")


BINDINGS: Mapping[str, Callable[[Check, Codes, str], Check]] = {
    "code": bound_code,
    "uri": bound_code,
    "string": bound_code,
    "Coding": bound_coding,
    "CodeableConcept": bound_concept,
    "Quantity": bound_coding,
}
