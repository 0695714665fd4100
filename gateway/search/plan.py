"""A query as tests of the search index: which table, which form of comparison, which values.

The shape of a plan (everything but the bound values) decides the SQL, so that statements are built and compiled once
per shape. A comparison that is true of either end of an interval becomes two alternatives, each a range of one index.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

from gateway.search.decimals import midpoint, sortable
from gateway.search.places import Nearness, chord_of
from gateway.search.query import (
    NEVER,
    Both,
    Chain,
    CompositeValue,
    Condition,
    Criterion,
    DateValue,
    Either,
    NumberValue,
    PositionValue,
    Query,
    ReferenceValue,
    SortKey,
    StringValue,
    TokenValue,
    UriValue,
    Value,
)
from gateway.search.text import INDEXED_LENGTH, after_prefix, fold

ID, LAST_UPDATED, CREATED = "_id", "_lastUpdated", "_created"
"""`_created` is of sort keys and of Query.created only; no URL names it."""
OF_RESOURCE = frozenset((ID, LAST_UPDATED, CREATED))
RESOURCE = "resource"
TABLES = {
    "token": "index_token",
    "string": "index_string",
    "date": "index_date",
    "reference": "index_reference",
    "number": "index_number",
    "quantity": "index_number",
    "uri": "index_uri",
    "special": "index_position",
}
COMPOSITE = "index_composite"
SORTABLE = frozenset(TABLES) - {"special"}
TEXT, OF_TYPE, IDENTIFIER = ":text", ":of-type", ":identifier"
"""Modifiers whose values are indexed as parameters of their own, named by parameter and modifier."""
ENDS = (("from", -1), ("to", 1))
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
    type: str = ""


@dataclass(frozen=True, slots=True)
class Leap:
    """A test of what is at the other end of a reference; see query.Chain."""

    source: str
    param: str
    target: str
    reverse: bool
    then: Node


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several tests, of the same resource."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Every:
    """Several tests, all of the same resource."""

    nodes: tuple[Node, ...]


Node = Test | Leap | Choice | Every


@dataclass(frozen=True, slots=True)
class Order:
    """One key of the order: a column of the resource, or the least or greatest value of an index table."""

    table: str
    param: str
    descending: bool


def tests(query: Query) -> tuple[Node, ...]:
    return (*(node(query.type, condition) for condition in query.criteria), *written_within(query))


def written_within(query: Query) -> Iterable[Node]:
    if query.created is not None:
        low, high = query.created
        yield Test(RESOURCE, CREATED, (named("within", low=low, high=high),), type=query.type)


def node(type: str, condition: Condition) -> Node:
    match condition:
        case Criterion(param="_security"):
            return test_of_labels(type, condition)
        case Criterion():
            return replace(test(condition), type=type)
        case Chain(source, param, target, reverse, then):
            return Leap(source, param, target, reverse, node(source if reverse else target, then))
        case Both(conditions):
            return Every(tuple(node(type, each) for each in conditions))
        case Either() if condition == NEVER:
            return Test(TABLES["token"], ID, (Probe("none", ()),), type=type)
        case Either(choices):
            return Choice(tuple(node(type, choice) for choice in choices))


@lru_cache(maxsize=1024)
def test_of_labels(type: str, criterion: Criterion) -> Test:
    """Every search has the same ones, with the labels that limit its caller."""
    return replace(test(criterion), type=type)


def is_narrowing(node: Node) -> bool:
    """Whether what satisfies it may be few, so that it is worth looking for."""
    match node:
        case Test():
            return not node.negated
        case Leap():
            return True
        case Choice(nodes):
            return all(map(is_narrowing, nodes))
        case Every(nodes):
            return any(map(is_narrowing, nodes))


def complement(node: Node) -> Node | None:
    """What is true of exactly those resources that the node is not true of; None where that cannot be said."""
    match node:
        case Test():
            return replace(node, negated=not node.negated)
        case Leap():
            return None
        case Choice(nodes) | Every(nodes):
            parts = tuple(part for each in nodes if (part := complement(each)) is not None)
            if len(parts) < len(nodes):
                return None
            return Every(parts) if isinstance(node, Choice) else Choice(parts)


def test(criterion: Criterion) -> Test:
    table, modifier = table_of(criterion.param, criterion.kind), criterion.modifier
    if modifier == "missing":
        anything = (Probe("any", ()),) if table == RESOURCE else ()
        return Test(table, criterion.param, anything, negated=criterion.values == (TokenValue(None, "true"),))
    if not criterion.values and modifier not in ("in", "not-in"):
        raise ValueError(f"a criterion of {criterion.param} without a value would match everything")
    probes = together(probe for value in criterion.values for probe in probes_of(criterion, value))
    if f":{modifier}" in BESIDE:
        return Test(BESIDE[f":{modifier}"], f"{criterion.param}:{modifier}", probes)
    return Test(table, criterion.param, probes or (Probe("none", ()),), negated=modifier in ("not", "not-in"))


BESIDE = {TEXT: "index_string", OF_TYPE: "index_token", IDENTIFIER: "index_token"}


def orders(sort: Sequence[SortKey]) -> tuple[Order, ...]:
    return tuple(Order(table_of(key.param, key.kind), key.param, key.descending) for key in sort)


def table_of(param: str, kind: str) -> str:
    if param in OF_RESOURCE:
        return RESOURCE
    return COMPOSITE if kind == "composite" else TABLES[kind]


def probes_of(criterion: Criterion, value: Value) -> list[Probe]:
    match value:
        case TokenValue() if criterion.param == ID:
            return [Probe("id", (("id", value.code),))]
        case CompositeValue():
            return composite_probes(value)
        case TokenValue():
            return [named("token", code=value.code, system=value.system)]
        case StringValue():
            return [string_probe(criterion.modifier, value.text)]
        case ReferenceValue(url="") as target:
            return [named("target", target_id=target.id, target_type=target.type)]
        case ReferenceValue():
            return [Probe("target", (("url", value.url),))]
        case PositionValue():
            return [sphere_probe(value.near)]
        case UriValue():
            return uri_probes(criterion.modifier, value.uri)
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


def sphere_probe(near: Nearness) -> Probe:
    """A box for the index, and the square of the longest line within it."""
    reach, centre = chord_of(near.km), asdict(near.centre)
    box = {f"{axis}_{end}": value + sign * reach for axis, value in centre.items() for end, sign in ENDS}
    return named("within", **centre, **box, reach=reach * reach)


def uri_probes(modifier: str, uri: str) -> list[Probe]:
    """R4, 3.1.1.5.11: a URL is below those that its path goes on from, segment by segment."""
    if modifier == "below":
        below = f"{uri.rstrip('/')}/"
        return [named("uri", uri=uri), named("under", low=below, high=after_prefix(below))]
    if modifier == "above":
        return [named("uri", uri=each) for each in ancestors(uri)]
    return [named("uri", uri=uri)]


def ancestors(uri: str) -> list[str]:
    """The URI and what stands before each of its slashes, those of `https://` left out; a final slash may be there."""
    start = uri.find("://") + 3 if "://" in uri else 0
    cuts = [at for at, letter in enumerate(uri) if letter == "/" and at > start]
    return [uri, *(uri[:at] for at in cuts), *(uri[: at + 1] for at in cuts if at + 1 < len(uri))]


def composite_probes(value: CompositeValue) -> list[Probe]:
    first = named("", first_code=value.first.code, first_system=value.first.system).values
    probes = probes_of(Criterion("", value.kind, "", (value.second,)), value.second)
    return [Probe(f"{value.kind}.{probe.form}", (*first, *as_text(probe, value.kind))) for probe in probes]


def as_text(probe: Probe, kind: str) -> tuple[tuple[str, Any], ...]:
    """The composite table holds dates as the sortable text of their microseconds."""
    return tuple((name, sortable(Decimal(number))) for name, number in probe.values) if kind == "date" else probe.values


def interval(prefix: str, **values: Any) -> list[Probe]:
    return [named(form, **values) for form in ALTERNATIVES.get(prefix, (prefix,))]


def together(probes: Iterable[Probe]) -> tuple[Probe, ...]:
    """Alternatives that compare one column become one list, filled up to a power of two to keep shapes few."""
    lists: dict[tuple[str, str], list[Any]] = {}
    others: dict[Probe, None] = {}
    for probe in in_lists(probes):
        if len(probe.values) == 1 and probe.form in ("id", "token", "target", "uri"):
            [(name, value)] = probe.values
            lists.setdefault((probe.form, name), []).append(value)
        else:
            others[probe] = None
    return (*(one_of(form, name, values) for (form, name), values in lists.items()), *others)


def in_lists(probes: Iterable[Probe]) -> Iterable[Probe]:
    """Codes of one system, where there are several, become one list: value sets can be long."""
    systems: dict[Any, dict[Any, None]] = {}
    for probe in probes:
        if probe.form == "token" and probe.names == ("code", "system"):
            (_, code), (_, system) = probe.values
            systems.setdefault(system, {})[code] = None
        else:
            yield probe
    for system, codes in systems.items():
        if len(codes) == 1:
            yield named("token", code=next(iter(codes)), system=system)
        else:
            yield Probe("listed", (("system", system), *one_of("", "code", list(codes)).values))


def one_of(form: str, name: str, values: list[Any]) -> Probe:
    distinct = list(dict.fromkeys(values))
    size = 1 << (len(distinct) - 1).bit_length()
    return Probe(form, tuple((name, value) for value in distinct + distinct[-1:] * (size - len(distinct))))
