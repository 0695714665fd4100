"""A search as data: what parse.py makes of a query string, and what the store turns into SQL."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from gateway.search.labels import LabelRule
from gateway.search.places import Nearness


@dataclass(frozen=True, slots=True)
class TokenValue:
    """`code`, `system|code`, `system|`, `|code`: None means "any", "" means "none"."""

    system: str | None
    code: str | None


@dataclass(frozen=True, slots=True)
class StringValue:
    """Starts with, case and accents ignored, unless the criterion's modifier says otherwise."""

    text: str


@dataclass(frozen=True, slots=True)
class DateValue:
    """[low, high) in UTC microseconds, compared by prefix (eq ne gt lt ge le sa eb ap)."""

    prefix: str
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class ReferenceValue:
    """`id`, `Type/id` or an absolute url; type None means any target type."""

    type: str | None
    id: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class NumberValue:
    """[low, high) of the written precision, compared by prefix; the unit parts None where not given."""

    prefix: str
    low: Decimal
    high: Decimal
    system: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class UriValue:
    """Equal, to the letter."""

    uri: str


@dataclass(frozen=True, slots=True)
class PositionValue:
    """Within a distance of a place."""

    near: Nearness


@dataclass(frozen=True, slots=True)
class CompositeValue:
    """`first$second`: both have to be true of one and the same element."""

    first: TokenValue
    second: Value
    kind: str
    """What kind of parameter the second part is."""


Value = TokenValue | StringValue | DateValue | ReferenceValue | NumberValue | UriValue | PositionValue | CompositeValue


@dataclass(frozen=True, slots=True)
class Criterion:
    """One `name:modifier=v1,v2`: the values are alternatives. Criteria of a query hold together."""

    param: str
    kind: str
    modifier: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """Something is true of a resource at the other end of a reference.

    Forwards, `subject:Patient.name=x`: `source` (the type searched) refers by `param` to `target`, of which `then` is
    true. Reversed, `_has:Observation:patient:code=x`: of the `source` that refers by `param` to the type searched.
    """

    source: str
    param: str
    target: str
    reverse: bool
    then: Condition


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of these is true; of none, nothing is."""

    choices: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Both:
    """Each of these is true of one and the same resource."""

    conditions: tuple[Condition, ...]


Condition = Criterion | Chain | Either | Both
NEVER = Either(())
"""True of nothing."""


@dataclass(frozen=True, slots=True)
class SortKey:
    """One part of `_sort`."""

    param: str
    kind: str
    descending: bool


@dataclass(frozen=True, slots=True)
class Include:
    """`_include=Source:param[:Target]`; `_revinclude` where `reverse`; `*` is every reference of the source."""

    source: str
    param: str
    target: str | None
    reverse: bool = False
    iterate: bool = False
    """Apply to what is included too."""


@dataclass(frozen=True, slots=True)
class Query:
    """A whole search of one type."""

    type: str
    criteria: tuple[Condition, ...] = ()
    sort: tuple[SortKey, ...] = ()
    includes: tuple[Include, ...] = ()
    count: int = 20
    after: tuple[Any, ...] | None = None
    want_total: bool = True
    readable: frozenset[str] | None = None
    """The types that includes may add; None for all."""
    limits: tuple[tuple[str, Condition], ...] = ()
    """By type: what has to be true of a resource for an include to add it."""
    labels: LabelRule | None = None
    """Says of what includes find whether its labels let it be added."""
    skip: int = 0
    """Matches that are left out before the page."""
    created: tuple[int, int] | None = None
    """Version 1 was written in [low, high), in UTC microseconds."""
