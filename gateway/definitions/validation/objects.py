"""The check of one JSON object, compiled from the elements of its type."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.definitions.tables import Element, ElementType
from gateway.definitions.validation.findings import DEEPEST, FINE, MOST, Check, Finding, Findings, Scope, one
from gateway.definitions.validation.invariants import Invariant
from gateway.definitions.validation.properties import (
    Object,
    Rule,
    repeating,
    repeating_primitive,
    repeating_twin,
    single,
)

NAME = re.compile(r"_?[A-Za-z][A-Za-z0-9]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Group:
    """The JSON keys of one element: one, two with the underscore twin, or many where it is a choice."""

    name: str
    keys: frozenset[str]
    needed: bool
    choice: bool


def group_of(element: Element, primitives: Iterable[str]) -> Group:
    keys = list(element.names())
    twins = [f"_{key}" for key, type in keys if type.code in primitives]
    return Group(element.name, frozenset([*(key for key, _ in keys), *twins]), element.min > 0, len(element.types) > 1)


def rules_of(element: Element, key: str, type: ElementType, check: Check, twin: Check | None) -> dict[str, Rule]:
    """The rules of one key; `twin` checks the extensions of a primitive and is None for all else."""
    if not element.many:
        return {key: single(key, check)} | ({f"_{key}": single(key, twin)} if twin else {})
    if twin is None:
        return {key: repeating(key, check, element.max)}
    return {
        key: repeating_primitive(key, check, element.max),
        f"_{key}": repeating_twin(key, twin, element.max),
    }


def object_check(
    type: str, rules: Mapping[str, Rule], groups: Iterable[Group], invariants: Iterable[Invariant]
) -> Check:
    needed = tuple(group for group in groups if group.needed)
    choices = tuple(group.keys for group in groups if group.choice)
    holding = tuple(invariants)
    rule_for = rules.get

    def check(value: Any, depth: int, scope: Scope) -> Findings:
        if value.__class__ is not dict or not value or depth > DEEPEST:
            return no_object(value)
        found: list[Finding] | None = None
        for key, item in value.items():
            rule = rule_for(key)
            wrong = rule(item, value, depth + 1, scope) if rule else unknown(key, type)
            if wrong:
                found = [*(found or ()), *wrong]
                if len(found) >= MOST:
                    return found
        for group in needed:
            if group.keys.isdisjoint(value):
                found = [*(found or ()), *missing(group)]
        for keys in choices:
            if len(value.keys() & keys) > 1:
                found = [*(found or ()), *ambiguous(value, keys)]
        if found is not None:
            return found if is_wrong(found) else [*found, *broken(holding, value)]
        return broken(holding, value) if holding else FINE

    return check


def is_wrong(found: Findings) -> bool:
    """Advice alone does not keep the invariants from being looked at."""
    return any(finding.severity == "error" for finding in found)


def no_object(value: Any) -> Findings:
    if value.__class__ is list:
        return one("Send one object here, not an array", "structure")
    if value.__class__ is not dict:
        return one("Send a JSON object here", "structure")
    if not value:
        return one("Leave the element out instead of sending an empty object", "structure")
    return one(f"Nest at most {DEEPEST} levels deep", "structure")


def unknown(key: str, type: str) -> Findings:
    if not NAME.fullmatch(key):
        return one(f"Remove the property whose name is no element name: {type} does not have it", "structure")
    return one(f"Remove this element: {type} does not have it", "structure", f".{key}")


def missing(group: Group) -> Findings:
    wanted = f"one of the {group.name}[x] elements" if group.choice else "this element"
    return one(f"Add {wanted}; it is mandatory", "required", f".{group.name}")


def ambiguous(value: Object, keys: frozenset[str]) -> Findings:
    present = sorted({key.removeprefix("_") for key in value if key in keys})
    if len(present) < 2:
        return FINE
    return one(f"Keep one of {', '.join(present)}", "structure", f".{present[0]}")


def broken(invariants: tuple[Invariant, ...], value: Object) -> Findings:
    return [finding for invariant in invariants if not invariant.holds(value) for finding in told(invariant, value)]


def told(invariant: Invariant, value: Object) -> Findings:
    if invariant.places is None:
        return one(invariant.advice, "invariant", *([f".{invariant.at}"] if invariant.at else []))
    return [Finding(invariant.advice, "invariant", [f".{place}"]) for place in invariant.places(value)]
