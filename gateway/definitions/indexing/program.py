"""All search parameters of one resource type, as one list of steps that make index entries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.definitions.contract import SearchParameter
from gateway.definitions.indexing import moments, quantities, references, texts, tokens
from gateway.definitions.indexing.fhirpath import Member, Node, UnknownSyntax, parse
from gateway.definitions.indexing.selection import Compiler, Select, Selection, Selections
from gateway.definitions.tables import Tables
from gateway.search.entries import Entry

Extract = Callable[[str, Any], Iterable[Entry]]

KNOWN_BY_THE_STORE = frozenset({"_id", "_lastUpdated"})
WITHOUT_ENTRIES = frozenset({"composite", "special"})


def nothing(param: str, value: Any) -> Iterable[Entry]:
    return ()


EXTRACTORS: Mapping[str, Mapping[str, Extract]] = {
    "token": {
        "boolean": tokens.boolean_entries,
        "canonical": tokens.text_entries,
        "code": tokens.text_entries,
        "id": tokens.text_entries,
        "string": tokens.text_entries,
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
}
"""Kind of parameter → datatype → how its values become entries."""


@dataclass(frozen=True, slots=True)
class Step:
    """One parameter's way to one datatype."""

    param: str
    first: str
    select: Select
    extract: Extract


class Program:
    """Makes the index entries of resources of one type."""

    def __init__(self, tables: Tables, type: str, parameters: Iterable[SearchParameter]) -> None:
        self._tables = tables
        self._compiler = Compiler(tables, type)
        self._steps = tuple(step for parameter in parameters for step in self._steps_of(parameter))

    def run(self, resource: dict[str, Any]) -> list[Entry]:
        found: list[Entry] = []
        for step in self._steps:
            if step.first in resource or not step.first:
                for value in step.select(resource):
                    found += step.extract(step.param, value)
        return list(dict.fromkeys(found))

    def _steps_of(self, parameter: SearchParameter) -> Iterator[Step]:
        if not parameter.expression or parameter.kind in WITHOUT_ENTRIES or parameter.code in KNOWN_BY_THE_STORE:
            return
        for found in self._selections(parameter.kind, parse(parameter.expression)):
            yield Step(parameter.code, found.first, found.select, self._extract(parameter, found))

    def _selections(self, kind: str, node: Node) -> Selections:
        """A token that ends in the code of a Coding is searched with its system too (US Core race)."""
        if kind == "token" and isinstance(node, Member) and node.of and node.name == "code":
            codings = tuple(found for found in self._compiler.compile(node.of) if found.type == "Coding")
            if codings:
                return codings
        return self._compiler.compile(node)

    def _extract(self, parameter: SearchParameter, found: Selection) -> Extract:
        by_type = EXTRACTORS[parameter.kind]
        if parameter.kind == "token" and found.type == "code" and found.value_set in self._tables.codes:
            return tokens.coded(self._systems(found.value_set))
        extract = by_type.get(found.type) or by_type.get(found.named)
        if extract is None:
            raise UnknownSyntax(f"{parameter.url}: {found.type} cannot be searched as {parameter.kind}")
        return extract

    def _systems(self, value_set: str) -> dict[str, str]:
        return {code: system for system, codes in self._tables.codes[value_set].items() for code in codes}
