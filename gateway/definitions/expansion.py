"""Value sets as lists of codes, for the tables that build.py writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gateway.definitions.outside_codes import OUTSIDE

Json = dict[str, Any]
Codes = dict[str, list[str]]


def all_codes(concepts: Iterable[Json]) -> Iterator[str]:
    for concept in concepts:
        yield concept["code"]
        yield from all_codes(concept.get("concept", ()))


class ValueSets:
    """Expands the value sets of a package by its own code systems."""

    def __init__(self, value_sets: Iterable[Json], code_systems: Iterable[Json]) -> None:
        self._value_sets = {v["url"]: v for v in value_sets if "url" in v}
        self._code_systems = {c["url"]: c for c in code_systems if c.get("content") == "complete"}

    def with_more(self, value_sets: Iterable[Json], code_systems: Iterable[Json]) -> ValueSets:
        """These and those of another package."""
        return ValueSets([*self._value_sets.values(), *value_sets], [*self._code_systems.values(), *code_systems])

    def expand(self, url: str) -> Codes | None:
        """System → codes, sorted by system; None where the package does not hold them all."""
        if url in OUTSIDE:
            return OUTSIDE[url]
        compose = self._value_sets.get(url, {}).get("compose", {})
        if not compose or compose.get("exclude"):
            return None
        parts = [self._included(include) for include in compose["include"]]
        if any(part is None for part in parts):
            return None
        return merged(part for part in parts if part is not None)

    def all_expanded(self) -> dict[str, Codes]:
        """Of all value sets here, those that a list can hold."""
        found = {url: self.expand(url) for url in self._value_sets}
        return {url: codes for url, codes in found.items() if codes is not None}

    def _included(self, include: Json) -> Codes | None:
        if include.get("filter"):
            return None
        if "valueSet" in include:
            nested = [self.expand(url.split("|")[0]) for url in include["valueSet"]]
            return None if len(nested) != 1 or "system" in include else nested[0]
        system = include["system"]
        concepts = include.get("concept") or self._code_systems.get(system, {}).get("concept")
        return {system: list(all_codes(concepts))} if concepts else None


def merged(parts: Iterable[Codes]) -> Codes:
    together: dict[str, dict[str, None]] = {}
    for part in parts:
        for system, codes in part.items():
            together.setdefault(system, {}).update(dict.fromkeys(codes))
    return {system: list(codes) for system, codes in sorted(together.items())}
