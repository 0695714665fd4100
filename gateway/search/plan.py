"""A query as tests of the search index: which table, which form of comparison, which values.

The shape of a plan (everything but the bound values) decides the SQL, so that statements are built and compiled once
per shape. A comparison that is true of either end of an interval becomes two alternatives, each a range of one index.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.search.decimals import midpoint, sortable
from gateway.search.query import (
    Criterion,
    DateValue,
    NumberValue,
    Query,
    ReferenceValue,
    SortKey,
    StringValue,
    TokenValue,
    UriValue,
    Value,
)
from gateway.search.text import INDEXED_LENGTH, after_prefix, fold

ID, LAST_UPDATED = "_id", "_lastUpdated"
RESOURCE = "resource"
TABLES = {
    "token": "index_token",
    "string": "index_string",
    "date": "index_date",
    "reference": "index_reference",
    "number": "index_number",
    "quantity": "index_number",
    "uri": "index_uri",
}
SORTABLE = frozenset(TABLES)
ALTERNATIVES = {
    "eq": ("within",),
    "ne": ("below", "beyond"),
    "ge": ("from", "gt"),
    "le": ("to", "lt"),
    "ap": ("overlaps",),
}


@dataclass(frozen=True, slots=True)
class Probe:
    """One alternative of a test: a form of comparison and the values it binds, by name."""

    form: str
    values: tuple[tuple[str, Any], ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.values)


@dataclass(frozen=True, slots=True)
class Test:
    """Some row of the table for the parameter satisfies one of the probes (any row, where there is no probe)."""

    __test__ = False

    table: str
    param: str
    probes: tuple[Probe, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """One key of the order: a column of the resource, or the least or greatest value of an index table."""

    table: str
    param: str
    descending: bool


def tests(query: Query) -> tuple[Test, ...]:
    return tuple(map(test, query.criteria))


def test(criterion: Criterion) -> Test:
    table = table_of(criterion.param, criterion.kind)
    if criterion.modifier == "missing":
        return Test(table, criterion.param, (), negated=criterion.values == (TokenValue(None, "true"),))
    if not criterion.values:
        raise ValueError(f"a criterion of {criterion.param} without a value would match everything")
    probes = (probe for value in criterion.values for probe in probes_of(criterion, value))
    return Test(table, criterion.param, together(probes), negated=criterion.modifier == "not")


def orders(sort: Sequence[SortKey]) -> tuple[Order, ...]:
    return tuple(Order(table_of(key.param, key.kind), key.param, key.descending) for key in sort)


def table_of(param: str, kind: str) -> str:
    return RESOURCE if param in (ID, LAST_UPDATED) else TABLES[kind]


def probes_of(criterion: Criterion, value: Value) -> list[Probe]:
    match value:
        case TokenValue() if criterion.param == ID:
            return [Probe("id", (("id", value.code),))]
        case TokenValue():
            return [named("token", code=value.code, system=value.system)]
        case StringValue():
            return [string_probe(criterion.modifier, value.text)]
        case ReferenceValue(url="") as target:
            return [named("target", target_id=target.id, target_type=target.type)]
        case ReferenceValue():
            return [Probe("target", (("url", value.url),))]
        case UriValue():
            return [Probe("uri", (("uri", value.uri),))]
        case DateValue():
            return interval(value.prefix, low=value.low, high=value.high)
        case NumberValue():
            exact = sortable(midpoint(value.low, value.high))
            ends = {"low": sortable(value.low), "high": sortable(value.high), "exact": exact}
            return interval(value.prefix, **ends, system=value.system, code=value.code)


def named(form: str, **values: Any) -> Probe:
    return Probe(form, tuple((name, value) for name, value in values.items() if value is not None))


def string_probe(modifier: str, text: str) -> Probe:
    folded = fold(text)[:INDEXED_LENGTH]
    if modifier == "exact":
        return named("exact", folded=folded, exact=text[:INDEXED_LENGTH])
    if modifier == "contains":
        return named("contains", folded=folded)
    return named("starts", folded=folded, before=after_prefix(folded))


def interval(prefix: str, **values: Any) -> list[Probe]:
    return [named(form, **values) for form in ALTERNATIVES.get(prefix, (prefix,))]


def together(probes: Iterable[Probe]) -> tuple[Probe, ...]:
    """Alternatives that compare one column become one list, filled up to a power of two to keep shapes few."""
    lists: dict[tuple[str, str], list[Any]] = {}
    others: dict[Probe, None] = {}
    for probe in probes:
        if len(probe.values) == 1 and probe.form in ("id", "token", "target", "uri"):
            [(name, value)] = probe.values
            lists.setdefault((probe.form, name), []).append(value)
        else:
            others[probe] = None
    return (*(one_of(form, name, values) for (form, name), values in lists.items()), *others)


def one_of(form: str, name: str, values: list[Any]) -> Probe:
    distinct = list(dict.fromkeys(values))
    size = 1 << (len(distinct) - 1).bit_length()
    return Probe(form, tuple((name, value) for value in distinct + distinct[-1:] * (size - len(distinct))))
