"""`_summary` and `_elements`: how much of each resource an answer holds (search.html#summary, #elements)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.definitions.contract import Definitions
from gateway.faults import Invalid
from gateway.store import document

NAME = re.compile(r"(?:[A-Z][A-Za-z]*\.)?[a-z][A-Za-z]*", re.ASCII)
MAX_ELEMENTS = 64


@dataclass(frozen=True, slots=True)
class Subset:
    """What was asked for."""

    summary: str = ""
    elements: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        return self.summary not in ("true", "text", "data") and not self.elements

    def body(self, definitions: Definitions, body: bytes) -> bytes:
        """The bytes of a resource, cut down where only a part was asked for."""
        if self.is_whole or not body:
            return body
        summary = self.summary if self.summary in ("true", "text", "data") else ""
        return document.encode(definitions.subset(document.decode(body), summary, self.elements))


WHOLE = Subset()


def subset_of_one(params: Sequence[tuple[str, str]]) -> Subset:
    """What a read asks for; a count is of searches only."""
    subset = subset_of(params) if params else WHOLE
    if subset.summary == "count":
        raise Invalid("`_summary=count` is of searches only; write true, false, text or data.", "_summary")
    return subset


def subset_of(params: Iterable[tuple[str, str]]) -> Subset:
    """Invalid for values that mean nothing; `_elements` gives way to `_summary`, as both at once say two things."""
    asked = dict(params)
    summary, elements = asked.get("_summary", ""), asked.get("_elements")
    if summary not in ("", "true", "false", "text", "data", "count"):
        raise Invalid("Write `_summary` as true, false, text, data or count.", "_summary")
    if elements is None:
        return Subset(summary)
    names = tuple(dict.fromkeys(name.strip() for name in elements.split(",")))
    if len(names) > MAX_ELEMENTS or not all(map(NAME.fullmatch, names)):
        raise Invalid(f"Write `_elements` as names of top-level elements, at most {MAX_ELEMENTS}.", "_elements")
    return Subset(summary, names)
