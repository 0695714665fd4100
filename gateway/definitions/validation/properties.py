"""One element of a JSON object: alone or in an array, primitive or not (https://hl7.org/fhir/R4/json.html)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import zip_longest
from typing import Any

from gateway.definitions.validation.findings import FINE, MOST, Check, Finding, Findings, Scope, one, placed

Object = dict[str, Any]
Rule = Callable[[Any, Object, int, Scope], Findings]
"""Checks the value of one key; also given the object around it, for primitives have a twin with an underscore."""


def single(name: str, check: Check) -> Rule:
    step = f".{name}"

    def rule(value: Any, parent: Object, depth: int, scope: Scope) -> Findings:
        found = check(value, depth, scope)
        return placed(found, step) if found else FINE

    return rule


def repeating(name: str, check: Check, most: int | None) -> Rule:
    step = f".{name}"

    def rule(value: Any, parent: Object, depth: int, scope: Scope) -> Findings:
        found = misshapen(value, most) or each(value, check, depth, scope)
        return placed(found, step) if found else FINE

    return rule


def repeating_primitive(name: str, check: Check, most: int | None) -> Rule:
    """Like `repeating`, but null stands where only the twin has something to say."""
    step, twin = f".{name}", f"_{name}"

    def rule(value: Any, parent: Object, depth: int, scope: Scope) -> Findings:
        if value.__class__ is list and None in value:
            found = misshapen(value, most) or beside_twin(value, parent.get(twin), check, depth, scope)
        else:
            found = misshapen(value, most) or each(value, check, depth, scope)
        return placed(found, step) if found else FINE

    return rule


def repeating_twin(name: str, check: Check, most: int | None) -> Rule:
    step = f".{name}"

    def rule(value: Any, parent: Object, depth: int, scope: Scope) -> Findings:
        found = misshapen(value, most) or too_long_for(value, parent.get(name))
        found = found or each(value, nullable(check), depth, scope)
        return placed(found, step) if found else FINE

    return rule


def nullable(check: Check) -> Check:
    return lambda value, depth, scope: FINE if value is None else check(value, depth, scope)


def misshapen(value: Any, most: int | None) -> Findings:
    if value.__class__ is not list:
        return one("Send an array here: the element may repeat", "structure")
    if not value:
        return one("Leave the element out instead of sending an empty array", "structure")
    if most is not None and len(value) > most:
        return one(f"Send at most {most} here", "structure")
    return FINE


def each(values: list[Any], check: Check, depth: int, scope: Scope) -> Findings:
    found: list[Finding] = []
    for number, value in enumerate(values):
        wrong = check(value, depth, scope)
        if wrong:
            found += placed(wrong, f"[{number}]")
            if len(found) >= MOST:
                break
    return found


def beside_twin(values: list[Any], twin: Any, check: Check, depth: int, scope: Scope) -> Findings:
    twins = twin[: len(values)] if isinstance(twin, list) else []
    found: list[Finding] = []
    for number, (value, other) in enumerate(zip_longest(values, twins)):
        if value is None and other is not None:
            continue
        found += placed(check(value, depth, scope), f"[{number}]")
    return found[:MOST]


def too_long_for(twins: list[Any], values: Any) -> Findings:
    """json.html#primitive: the two arrays stand side by side."""
    if isinstance(values, list):
        if len(twins) > len(values):
            return one("Pad the values with null, so that both arrays are of one length", "structure")
    elif None in twins:
        return one("Send values beside these extensions, or an extension in each place", "structure")
    return FINE
