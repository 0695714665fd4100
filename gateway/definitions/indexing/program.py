"""All search parameters of one resource type, as one list of steps that make index entries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.definitions.contract import Component, SearchParameter
from gateway.definitions.indexing import moments, places, quantities, references, texts, tokens
from gateway.definitions.indexing.beside import BESIDE
from gateway.definitions.indexing.fhirpath import Member, Node, UnknownSyntax, parse
from gateway.definitions.indexing.selection import LITERAL, Compiler, Select, Selection, Selections
from gateway.definitions.tables import Tables
from gateway.search.entries import CompositeEntry, Entry

Extract = Callable[[str, Any], Iterable[Entry]]

KNOWN_BY_THE_STORE = frozenset({"_id", "_lastUpdated"})
WITHOUT_ENTRIES = frozenset({"composite"})
PHONETIC = "phonetic"


def nothing(param: str, value: Any) -> Iterable[Entry]:
    return ()


EXTRACTORS: Mapping[str, Mapping[str, Extract]] = {
    "token": {
        "boolean": tokens.boolean_entries,
        "canonical": tokens.text_entries,
        "code": tokens.text_entries,
        "id": tokens.text_entries,
        LITERAL: tokens.text_entries,
        "string": tokens.folded_entries,
        "uri": tokens.text_entries,
        "CodeableConcept": tokens.concept_entries,
        "Coding": tokens.coding_entries,
        "ContactPoint": tokens.contact_entries,
        "Identifier": tokens.identifier_entries,
    },
    "string": {
        "markdown": texts.string_entries,
        "string": texts.string_entries,
        "Address": texts.address_entries,
        "HumanName": texts.name_entries,
    },
    "date": {
        "date": moments.date_entries,
        "dateTime": moments.date_entries,
        "instant": moments.date_entries,
        "Period": moments.period_entries,
        "Timing": moments.timing_entries,
        "string": nothing,  # in early childhood
        "Age": nothing,  # years of a life, which no calendar holds
        "Range": nothing,  # of ages
    },
    "reference": {
        "canonical": references.canonical_entries,
        "uri": references.canonical_entries,
        "Reference": references.reference_entries,
        "Attachment": nothing,  # holds its target instead of pointing to it
        "Resource": nothing,  # the same, in a Bundle
    },
    "number": {
        "decimal": quantities.number_entries,
        "integer": quantities.number_entries,
        "positiveInt": quantities.number_entries,
        "unsignedInt": quantities.number_entries,
        "Range": quantities.range_entries,
    },
    "quantity": {
        "Age": quantities.quantity_entries,
        "Duration": quantities.quantity_entries,
        "Money": quantities.money_entries,
        "Quantity": quantities.quantity_entries,
        "Range": quantities.range_entries,
        "SampledData": nothing,  # a series, which no one value stands for
    },
    "uri": {
        "canonical": references.uri_entries,
        "oid": references.uri_entries,
        "uri": references.uri_entries,
        "url": references.uri_entries,
    },
    "special": {"Location.position": places.position_entries},
}
"""Kind of parameter → datatype → how its values become entries."""


FOLDED = frozenset({"boolean", "string", "ContactPoint"})
"""Datatypes whose tokens are indexed, or written anyway, in lower case."""


@dataclass(frozen=True, slots=True)
class Step:
    """One parameter's way to one datatype."""

    param: str
    first: str
    select: Select
    extract: Extract


def paired(first: Callable[[Any], list[Any]], second: Callable[[Any], list[Any]]) -> Extract:
    def pairs(param: str, element: Any) -> Iterator[Entry]:
        others = second(element)
        for one in first(element) if others else ():
            yield from (CompositeEntry(param, one, other) for other in others)

    return pairs


class Program:
    """Makes the index entries of resources of one type."""

    def __init__(self, tables: Tables, type: str, parameters: Iterable[SearchParameter]) -> None:
        self._tables = tables
        self._compiler = Compiler(tables, type)
        self._folded: set[str] = set()
        self._steps = tuple(step for parameter in parameters for step in self._named_steps(parameter))
        params = dict.fromkeys(step.param for step in self._steps)
        self._of_params = [tuple(step for step in self._steps if step.param == param) for param in params]
        self.folded = frozenset(self._folded)
        """The token parameters that are compared without regard to case."""

    def run(self, resource: dict[str, Any]) -> list[Entry]:
        found: list[Entry] = []
        for steps in self._of_params:
            entries: list[Entry] = []
            for step in steps:
                if step.first in resource or not step.first:
                    for value in step.select(resource):
                        entries += step.extract(step.param, value)
            found += dict.fromkeys(entries) if len(entries) > 1 else entries
        return found

    def _named_steps(self, parameter: SearchParameter) -> tuple[Step, ...]:
        """Whose expression is not understood is told."""
        try:
            return tuple(self._steps_of(parameter))
        except UnknownSyntax as unknown:
            raise UnknownSyntax(f"{parameter.url}: {unknown}") from None

    def _steps_of(self, parameter: SearchParameter) -> Iterator[Step]:
        if not parameter.expression or parameter.code in KNOWN_BY_THE_STORE:
            return
        if parameter.components:
            yield from self._composite_steps(parameter)
        if parameter.kind in WITHOUT_ENTRIES:
            return
        selections = self._selections(parameter.kind, parse(parameter.expression))
        if parameter.kind == "token" and {found.type for found in selections} <= FOLDED:
            self._folded.add(parameter.code)
        for found in selections:
            yield Step(parameter.code, found.first, found.select, self._extract(parameter, found))
            for modifier, extract in BESIDE.get((parameter.kind, found.type), {}).items():
                yield Step(f"{parameter.code}{modifier}", found.first, found.select, extract)

    def _composite_steps(self, parameter: SearchParameter) -> Iterator[Step]:
        """Both parts are taken of each element that the parameter selects, so that they belong together."""
        for found in self._compiler.compile(parse(parameter.expression)):
            first, second = (self._part(found.type, component) for component in parameter.components)
            yield Step(parameter.code, found.first, found.select, paired(first, second))

    def _part(self, type: str, component: Component) -> Callable[[Any], list[Any]]:
        steps = [
            (found.select, extract)
            for found in Compiler(self._tables, type).compile(parse(component.expression))
            if (extract := self._known(component.kind, found))
        ]
        if not steps:
            raise UnknownSyntax(f"{type}: {component.expression} cannot be searched as {component.kind}")
        return lambda element: [e for select, extract in steps for v in select(element) for e in extract("", v)]

    def _selections(self, kind: str, node: Node) -> Selections:
        """A token that ends in the code of a Coding is searched with its system too (US Core race)."""
        if kind == "token" and isinstance(node, Member) and node.of and node.name == "code":
            codings = tuple(found for found in self._compiler.compile(node.of) if found.type == "Coding")
            if codings:
                return codings
        return self._compiler.compile(node)

    def _extract(self, parameter: SearchParameter, found: Selection) -> Extract:
        if parameter.code == PHONETIC:
            return texts.name_sounds if found.type == "HumanName" else texts.text_sounds
        extract = self._known(parameter.kind, found)
        if extract is None:
            raise UnknownSyntax(f"{found.type} cannot be searched as {parameter.kind}")
        return extract

    def _known(self, kind: str, found: Selection) -> Extract | None:
        if kind == "token" and found.type == "code" and found.value_set in self._tables.codes:
            return tokens.coded(self._systems(found.value_set))
        return EXTRACTORS[kind].get(found.type) or EXTRACTORS[kind].get(found.named)

    def _systems(self, value_set: str) -> dict[str, str]:
        return {code: system for system, codes in self._tables.codes[value_set].items() for code in codes}
