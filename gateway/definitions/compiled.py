"""The one implementation of the Definitions contract: the tables, compiled type by type as they are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from types import MappingProxyType

from gateway.definitions.contract import NONE, Demanded, Resource, SearchParameter
from gateway.definitions.indexing.program import Program
from gateway.definitions.profiles.registry import Profiles
from gateway.definitions.subsetting import Subsets
from gateway.definitions.tables import Tables
from gateway.definitions.validation.checks import NOTHING_ELSE, Checks
from gateway.definitions.validation.findings import Findings, Scope
from gateway.definitions.validation.invariants import advice_on
from gateway.definitions.validation.verdicts import Verdicts
from gateway.faults import Issue, NotSupported
from gateway.search.entries import Entry


class CompiledDefinitions:
    """Definitions over one folder of tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._profiles = Profiles(tables.profiles, tables.profile_codes, tables.primitives, tables.resource_types)
        self._checks = Checks(tables, self._profiled)
        self._verdicts = Verdicts(tables, self._checks, self._satisfied)
        self.subsets = Subsets(tables)
        self._program = cache(self._compile_program)
        self._parameters = cache(self._marked_parameters)
        self.served = tables.served
        self.all_types = tables.resource_types
        self.patient_compartment: Mapping[str, tuple[str, ...]] = MappingProxyType(dict(tables.patient_compartment))

    def search_parameters(self, type: str) -> Mapping[str, SearchParameter]:
        if type not in self.all_types:
            raise NotSupported("Ask for a resource type of R4")
        return self._parameters(type)

    def validate(self, resource: Resource, demanded: Demanded = NONE) -> tuple[Issue, ...]:
        return () if self.surely_valid(resource, demanded) else self.explained(resource, demanded)

    def surely_valid(self, resource: Resource, demanded: Demanded = NONE) -> bool:
        """The quick answer; a no means that `explained` has to look."""
        return self._verdicts.of_resource(resource, 0, Scope(demanded=demanded) if demanded else NOTHING_ELSE)

    def explained(self, resource: Resource, demanded: Demanded = NONE) -> tuple[Issue, ...]:
        """All that is wrong, each at its place."""
        return self._issues(resource, Scope(demanded=demanded) if demanded else NOTHING_ELSE)

    def examine(self, resource: Resource, demanded: Demanded = NONE) -> tuple[Issue, ...]:
        return self._issues(resource, Scope(demanded=demanded, advises=True))

    def profiles_on(self, type: str) -> tuple[str, ...]:
        return self._profiles.of_type(type)

    def _satisfied(self, resource: Resource, scope: Scope) -> bool:
        demanded = scope.demanded.get(resource["resourceType"], ())
        return self._profiles.satisfied(resource, demanded, scope.extensions or ())

    def _profiled(self, resource: Resource, scope: Scope) -> Findings:
        type, met = resource["resourceType"], scope.extensions or ()
        found = self._profiles.findings(resource, scope.demanded.get(type, ()), met, scope.advises)
        return [*found, *advice_on(resource)] if scope.advises else found

    def _issues(self, resource: Resource, scope: Scope) -> tuple[Issue, ...]:
        findings = self._checks.of_resource(resource, scope)
        root = resource.get("resourceType") if isinstance(resource, dict) else None
        name = root if isinstance(root, str) and root in self.all_types else "Resource"
        return tuple(finding.issue(name) for finding in findings)

    def index(self, resource: Resource) -> list[Entry]:
        type = resource.get("resourceType")
        if not isinstance(type, str) or type not in self.all_types:
            return []
        return self._program(type).run(resource)

    def subset(self, resource: Resource, summary: str, elements: Sequence[str]) -> Resource:
        return self.subsets.of(resource, summary, elements)

    def value_set(self, url: str) -> Mapping[str, Sequence[str]] | None:
        return self._tables.codes.get(url)

    def _compile_program(self, type: str) -> Program:
        return Program(self._tables, type, self._tables.search_parameters(type).values())

    def _marked_parameters(self, type: str) -> Mapping[str, SearchParameter]:
        parameters, folded = self._tables.search_parameters(type), self._program(type).folded
        return MappingProxyType({**parameters, **{code: replace(parameters[code], folded=True) for code in folded}})
