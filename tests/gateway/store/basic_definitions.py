"""Definitions small enough to read: a resource carries its search values in elements named after the kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from gateway.definitions.contract import NONE, Component, Demanded, Resource, SearchParameter
from gateway.faults import Issue
from gateway.search.dates import date_range
from gateway.search.entries import (
    CompositeEntry,
    DateEntry,
    Entry,
    NumberEntry,
    ReferenceEntry,
    StringEntry,
    TokenEntry,
    UriEntry,
)

KINDS = ("token", "string", "date", "reference", "number", "quantity", "uri", "composite")
PARAMETERS = {kind: SearchParameter(kind, kind, f"urn:{kind}", f"Basic.{kind}") for kind in KINDS} | {
    "_id": SearchParameter("_id", "token", "urn:id", "Resource.id"),
    "_lastUpdated": SearchParameter("_lastUpdated", "date", "urn:updated", "Resource.meta.lastUpdated"),
    "subject": SearchParameter("subject", "reference", "urn:subject", "Basic.subject", ("Patient", "Group")),
    "link": SearchParameter("link", "reference", "urn:link", "Basic.link", ("Basic",)),
    "pair": SearchParameter(
        "pair",
        "composite",
        "urn:pair",
        "Basic.pair",
        components=(Component("token", "first"), Component("quantity", "second")),
    ),
}


class BasicDefinitions:
    """Implements definitions.contract.Definitions."""

    served = frozenset(("Basic", "Patient"))
    all_types = frozenset(("Basic", "Patient", "Group", "Observation"))
    patient_compartment: Mapping[str, tuple[str, ...]] = {"Basic": ("subject",)}

    def search_parameters(self, type: str) -> Mapping[str, SearchParameter]:
        return PARAMETERS

    def validate(self, resource: Resource, demanded: Demanded = NONE) -> tuple[Issue, ...]:
        return ()

    def examine(self, resource: Resource, demanded: Demanded = NONE) -> tuple[Issue, ...]:
        return ()

    def profiles_on(self, type: str) -> tuple[str, ...]:
        return ()

    def index(self, resource: Resource) -> list[Entry]:
        found: list[Entry] = [entry(code, value) for code in KINDS[:-1] for value in resource.get(code, ())]
        found += [entry("reference", value, name) for name in ("subject", "link") for value in resource.get(name, ())]
        return found + [
            CompositeEntry("pair", TokenEntry("", *first), written("", *second))
            for first, second in resource.get("pair", ())
        ]

    def subset(self, resource: Resource, summary: str, elements: Sequence[str]) -> Resource:
        return resource

    def value_set(self, url: str) -> Mapping[str, Sequence[str]] | None:
        return None


def entry(kind: str, value: Any, param: str | None = None) -> Entry:
    param = param or kind
    match kind:
        case "token":
            return TokenEntry(param, *value)
        case "string":
            return StringEntry(param, value)
        case "date":
            return DateEntry(param, *date_range(value))
        case "uri":
            return UriEntry(param, value)
        case "reference":
            type, _, id = value.partition("/")
            return ReferenceEntry(param, "", "", value) if ":" in value else ReferenceEntry(param, type, id)
        case "number":
            return written(param, value)
        case _:
            number, *unit = value
            return written(param, number, *unit)


def written(param: str, number: Any, system: str = "", code: str = "") -> NumberEntry:
    exact = Decimal(str(number))
    exponent = exact.as_tuple().exponent
    assert isinstance(exponent, int)
    slack = Decimal(5).scaleb(exponent - 1)
    return NumberEntry(param, exact - slack, exact + slack, system, code)
