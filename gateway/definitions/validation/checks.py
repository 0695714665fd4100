"""The checks of all types, each compiled from its table when it is first needed."""

from __future__ import annotations

from typing import Any

from gateway.definitions.tables import Element, ElementType, Tables
from gateway.definitions.validation.bindings import bound
from gateway.definitions.validation.findings import FINE, Check, Finding, Findings, Scope
from gateway.definitions.validation.further_invariants import INVARIANTS
from gateway.definitions.validation.invariants import Invariant
from gateway.definitions.validation.narrative import narrative_check
from gateway.definitions.validation.objects import group_of, object_check, rules_of
from gateway.definitions.validation.open_sets import OPEN_SETS, open_code
from gateway.definitions.validation.primitives import primitive_check
from gateway.definitions.validation.properties import Object, Rule
from gateway.definitions.validation.references import reference_check
from gateway.definitions.validation.resources import Profiled, contained_check, resource_check

NOTHING_ELSE = Scope()
CONTAINED = "DomainResource.contained"
NOT_EMPTY = Invariant("ele-1", lambda value: value.keys() != {"id"}, "Give the element more than an id")


def ignored(value: Any, parent: Object, depth: int, scope: Scope) -> Findings:
    return FINE


def noting(holder: str, rule: Rule) -> Rule:
    """Extensions are put down in the scope as they are met, so that profiles need not look for them."""

    def noted(value: Any, parent: Object, depth: int, scope: Scope) -> Findings:
        if scope.extensions is not None and value.__class__ is list:
            scope.extensions.extend((holder, extension) for extension in value)
        return rule(value, parent, depth, scope)

    return noted


class Checks(dict[str, Check]):
    """Type or path (`Patient`, `HumanName`, `Patient.contact`) → its check."""

    def __init__(self, tables: Tables, profiled: Profiled = lambda resource, scope: FINE) -> None:
        super().__init__()
        self._tables = tables
        self._resource = resource_check(self, tables.resource_types, profiled)
        self._contained = contained_check(self, tables.resource_types, profiled)

    def of_resource(self, resource: Any, scope: Scope = NOTHING_ELSE) -> list[Finding]:
        return list(self._resource(resource, 0, scope))

    def __missing__(self, name: str) -> Check:
        check = self[name] = self._compile(name)
        return check

    def _compile(self, name: str) -> Check:
        if name == "xhtml":
            return narrative_check
        pattern = self._tables.primitives.get(name)
        return primitive_check(name, pattern) if pattern is not None else self._compile_object(name)

    def _compile_object(self, name: str) -> Check:
        elements = self._tables.elements(name)
        rules = {key: rule for element in elements for key, rule in self._rules(element).items()}
        groups = [group_of(element, self._tables.primitives) for element in elements]
        invariants = INVARIANTS.get(name, ())
        if name != "Extension" and "extension" in rules:
            rules["extension"] = noting(name, rules["extension"])
        if name in self._tables.resource_types:
            rules["resourceType"] = ignored
        elif name != "Element":
            invariants = (*invariants, NOT_EMPTY)
        return object_check(name, rules, groups, invariants)

    def _rules(self, element: Element) -> dict[str, Rule]:
        rules: dict[str, Rule] = {}
        for key, type in element.names():
            primitive = type.code in self._tables.primitives
            twin = self._later("Element") if primitive else None
            rules |= rules_of(element, key, type, self._of_type(element, type), twin)
        return rules

    def _of_type(self, element: Element, type: ElementType) -> Check:
        if type.code == "Resource":
            return self._contained if element.path == CONTAINED else self._resource
        if type.code == "Reference":
            return reference_check(self._later("Reference"), self._tables.resource_types, type.targets)
        check = self[type.code] if type.code in self._tables.primitives else self._later(type.code)
        if element.value_set in OPEN_SETS and type.code == "code":
            return open_code(check, element.value_set)
        codes = self._tables.codes.get(element.value_set)
        return bound(check, type.code, codes, element.value_set) if codes else check

    def _later(self, name: str) -> Check:
        """Types refer to each other in circles; the look-up waits until a value is there to be checked."""

        def check(value: Any, depth: int, scope: Scope) -> Findings:
            return self[name](value, depth, scope)

        return check
