"""The quick answer: whether a value is certainly right.

Theory of operation. Nearly all that is sent is valid, and whoever is told so wants no paths. So each type is compiled a
second time, into `verdict(value, depth, scope)`, which answers yes or no and builds nothing. A yes is final: the checks
would find nothing wrong. A no only means that they have to look, be it that something is wrong or that the value has
one of the rare shapes (contained resources, nulls in arrays, a stated reference type) that are theirs alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gateway.definitions.tables import Element, ElementType, Tables
from gateway.definitions.validation.bindings import Codes, pair
from gateway.definitions.validation.findings import DEEPEST, Check, Scope
from gateway.definitions.validation.further_invariants import INVARIANTS
from gateway.definitions.validation.objects import Group, group_of
from gateway.definitions.validation.open_sets import OPEN_SETS
from gateway.definitions.validation.primitives import Holds, holds_for
from gateway.definitions.validation.properties import Object
from gateway.definitions.validation.references import leads_to
from gateway.definitions.validation.resources import met_in, type_of

Verdict = Callable[[Any, int, Scope], bool]
Satisfied = Callable[[Object, Scope], bool]
"""Whether a resource, right by its type, keeps the profiles that it claims or that are demanded."""
RARE = frozenset(("contained",))
CODED = frozenset(("Coding", "Quantity"))


class Verdicts(dict[str, Verdict]):
    """Type or path → its verdict, compiled when it is first needed."""

    def __init__(self, tables: Tables, checks: Mapping[str, Check], satisfied: Satisfied) -> None:
        super().__init__()
        self._tables, self._checks, self._satisfied = tables, checks, satisfied

    def of_resource(self, value: Any, depth: int, scope: Scope) -> bool:
        type = type_of(value, self._tables.resource_types)
        if type is None or "contained" in value:
            return False
        inner = Scope(extensions=met_in(value, type, scope), demanded=scope.demanded)
        return self[type](value, depth, inner) and (inner.extensions is None or self._satisfied(value, inner))

    def __missing__(self, name: str) -> Verdict:
        verdict = self[name] = self._compile(name)
        return verdict

    def _compile(self, name: str) -> Verdict:
        elements = self._tables.elements(name)
        values: dict[str, Holds] = {"resourceType": present} if name in self._tables.resource_types else {}
        objects: dict[str, Verdict] = {}
        for element in elements:
            for key, type in element.names():
                if type.code in self._tables.primitives and type.code != "xhtml":
                    values[key] = self._of_primitive(element, type)
                    objects |= {} if element.many else {f"_{key}": self._later("Element")}
                elif key not in RARE:
                    objects[key] = self._of_objects(element, type)
        if name != "Extension" and "extension" in objects:
            objects["extension"] = noting(name, objects["extension"])
        groups = [group_of(element, self._tables.primitives) for element in elements]
        return object_verdict(values, objects, groups, self._rules(name))

    def _rules(self, name: str) -> tuple[Callable[[Object], bool], ...]:
        own = tuple(invariant.holds for invariant in INVARIANTS.get(name, ()))
        return own if name in self._tables.resource_types or name == "Element" else (*own, more_than_id)

    def _of_primitive(self, element: Element, type: ElementType) -> Holds:
        holds = holds_for(type.code, self._tables.primitives[type.code])
        codes = self._tables.codes.get(element.value_set)
        if element.value_set in OPEN_SETS and type.code == "code":
            holds = both(holds, OPEN_SETS[element.value_set][0])
        elif codes and type.code in ("code", "uri", "string"):
            holds = one_of(frozenset(code for listed in codes.values() for code in listed))
        return all_of(holds, element.max) if element.many else holds

    def _of_objects(self, element: Element, type: ElementType) -> Verdict:
        verdict = self._of_object(element, type)
        return each_of(verdict, element.max) if element.many else verdict

    def _of_object(self, element: Element, type: ElementType) -> Verdict:
        if type.code == "Resource":
            return self.of_resource
        if type.code == "xhtml":
            return self._unfound(type.code)
        verdict = self._later(type.code)
        if type.code == "Reference":
            return leading(verdict, leads_to(self._tables.resource_types, type.targets))
        codes = self._tables.codes.get(element.value_set)
        return coded(verdict, type.code, codes) if codes else verdict

    def _unfound(self, name: str) -> Verdict:
        """Where the check is as quick as can be."""
        return lambda value, depth, scope: not self._checks[name](value, depth, scope)

    def _later(self, name: str) -> Verdict:
        """Types refer to each other in circles; the look-up waits until a value is there."""
        return lambda value, depth, scope: self[name](value, depth, scope)


def object_verdict(
    values: Mapping[str, Holds],
    objects: Mapping[str, Verdict],
    groups: Sequence[Group],
    rules: tuple[Callable[[Object], bool], ...],
) -> Verdict:
    needed = tuple(group.keys for group in groups if group.needed)
    choices = tuple(group.keys for group in groups if group.choice)
    value_of, object_of = values.get, objects.get
    fewest = 2 + sum(group.needed and not group.choice for group in groups)
    """So many keys has an object at least that fills a choice twice."""

    def verdict(value: Any, depth: int, scope: Scope) -> bool:
        if value.__class__ is not dict or not value or depth > DEEPEST:
            return False
        depth += 1
        for key, item in value.items():
            holds = value_of(key)
            if holds is not None:
                if not holds(item):
                    return False
            else:
                inside = object_of(key)
                if inside is None or not inside(item, depth, scope):
                    return False
        for keys in needed:
            if keys.isdisjoint(value):
                return False
        if choices and len(value) >= fewest:
            for keys in choices:
                if len(value.keys() & keys) > 1:
                    return False
        for rule in rules:  # noqa: SIM110 - a generator costs twice as much
            if not rule(value):
                return False
        return True

    return verdict


def present(value: Any) -> bool:
    return True


def more_than_id(value: Object) -> bool:
    return len(value) > 1 or "id" not in value


def both(first: Holds, second: Callable[[str], object]) -> Holds:
    return lambda value: first(value) and bool(second(value))


def one_of(codes: frozenset[str]) -> Holds:
    return lambda value: value.__class__ is str and value in codes


def all_of(holds: Holds, most: int | None) -> Holds:
    def each_holds(values: Any) -> bool:
        if values.__class__ is not list or not values or (most is not None and len(values) > most):
            return False
        for value in values:  # noqa: SIM110 - a generator costs twice as much
            if value is None or not holds(value):
                return False
        return True

    return each_holds


def each_of(verdict: Verdict, most: int | None) -> Verdict:
    def each_is(values: Any, depth: int, scope: Scope) -> bool:
        if values.__class__ is not list or not values or (most is not None and len(values) > most):
            return False
        for value in values:  # noqa: SIM110 - a generator costs twice as much
            if not verdict(value, depth, scope):
                return False
        return True

    return each_is


def noting(holder: str, verdict: Verdict) -> Verdict:
    """Extensions are put down in the scope, as the checks do it."""

    def noted(value: Any, depth: int, scope: Scope) -> bool:
        if scope.extensions is not None and value.__class__ is list:
            scope.extensions.extend([(holder, extension) for extension in value])
        return verdict(value, depth, scope)

    return noted


def leading(verdict: Verdict, leads: Callable[[Object], bool]) -> Verdict:
    return lambda value, depth, scope: verdict(value, depth, scope) and leads(value)


def coded(verdict: Verdict, type: str, codes: Codes) -> Verdict:
    allowed = frozenset((system, code) for system, listed in codes.items() for code in listed)
    if type in CODED:
        return lambda value, depth, scope: verdict(value, depth, scope) and pair(value) in allowed
    if type != "CodeableConcept":
        return verdict
    return lambda value, depth, scope: (
        verdict(value, depth, scope) and any(pair(coding) in allowed for coding in value.get("coding", ()))
    )
