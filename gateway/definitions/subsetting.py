"""Parts of a resource, for `_summary` and `_elements` (search.html#summary, #elements).

What is left is marked as SUBSETTED, and keeps what a resource must have and what modifies its meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from gateway.definitions.contract import Resource
from gateway.definitions.tables import Element, Tables

SUBSETTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}
ALWAYS = ("resourceType", "id", "meta")
MODIFIER, SUMMARY = "?!", "Σ"

Kept = Mapping[str, "Kept | None"]
"""Name of an element → what is kept of its content; None for all of it."""


class Subsets:
    """Cuts resources down, over one folder of tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.summary = cache(self._summary)
        self.mandatory = cache(self._mandatory)

    def of(self, resource: Resource, summary: str, elements: Sequence[str] = ()) -> Resource:
        """`summary` is true, text, data or "" for the elements that are named, of any type or as Patient.name."""
        type: str = resource["resourceType"]
        if summary == "data":
            return marked({name: value for name, value in resource.items() if name.lstrip("_") != "text"})
        if summary == "true":
            return marked(cut(resource, self.summary(type)))
        own = [name.removeprefix(f"{type}.") for name in (("text",) if summary == "text" else elements)]
        named: Kept = {choice: None for name in own for choice in self._choices(type, name)}
        return marked(cut(resource, {**self.mandatory(type), **named}))

    def _choices(self, type: str, name: str) -> list[str]:
        """`value` means all of `valueQuantity`, `valueString` …"""
        return [name, *(key for e in self._tables.elements(type) if e.name == name for key, _ in e.names())]

    def _summary(self, type: str) -> Kept:
        return self._chosen(type, lambda element: SUMMARY in element.marks or element.min > 0)

    def _mandatory(self, type: str) -> Kept:
        return self._chosen(type, lambda element: MODIFIER in element.marks or element.min > 0, whole=True)

    def _chosen(self, type: str, wanted: Callable[[Element], bool], *, whole: bool = False) -> Kept:
        kept: dict[str, Kept | None] = dict.fromkeys(ALWAYS) if "." not in type else {"id": None}
        for element in self._tables.elements(type):
            for key, datatype in element.names() if wanted(element) else ():
                nested = datatype.code == element.path and not whole
                kept[key] = self._chosen(datatype.code, wanted) if nested else None
        return kept


def cut(node: Any, kept: Kept | None) -> Any:
    if kept is None:
        return node
    if isinstance(node, list):
        return [cut(item, kept) for item in node]
    if not isinstance(node, dict):
        return node
    names = ((name, name.removeprefix("_")) for name in node)
    return {name: cut(node[name], kept[plain]) for name, plain in names if plain in kept}


def marked(resource: Resource) -> Resource:
    meta = resource.get("meta") or {}
    tags = [tag for tag in meta.get("tag") or () if tag != SUBSETTED]
    return {**resource, "meta": {**meta, "tag": [*tags, SUBSETTED]}}
