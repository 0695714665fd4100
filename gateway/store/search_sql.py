"""From the shape of a search to SQL.

Three roads lead to a page, and the searcher takes the one that looks at the fewest rows:
  gather   the keys that satisfy one selective test (the driver), found beforehand, or all resources of the type, in
           order of creation or change; every other test is asked of each candidate; what is left is sorted
  walk     the index of the first sort key in its order; every test is asked of each candidate
  missing  what a walk leaves out: resources without a value for the first sort key
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    FromClause,
    Select,
    and_,
    bindparam,
    exists,
    func,
    not_,
    or_,
    select,
    tuple_,
)

from gateway.search.plan import Order
from gateway.store.compiled import KEYS, is_among
from gateway.store.forms import Condition
from gateway.store.node_sql import (
    COLUMNS,
    Expression,
    LeapShape,
    NodeShape,
    TestShape,
    holds,
    keys,
    unindexed,
)
from gateway.store.statements import STORED
from gateway.store.tables import REFERENCE, RESOURCE, table_of


@dataclass(frozen=True, slots=True)
class OrderShape:
    """An order without its parameter."""

    table: str
    column: str
    descending: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """All that decides the SQL of a page."""

    tests: tuple[NodeShape, ...]
    orders: tuple[OrderShape, ...] = ()
    driver: int | None = None
    """The test whose keys are the candidates."""
    walk: bool = False
    """Whether the candidates come from the index of the first order."""
    without: OrderShape | None = None
    """The order that the candidates must have no value for."""
    after: tuple[bool, ...] | None = None
    """Of the last match before this page: which of its values are missing."""
    skips: bool = False
    """Whether matches are left out before the page."""
    sifted: bool = False
    """Whether some resources are known not to match."""


VALUE_COLUMN = {
    "index_token": "code",
    "index_string": "folded",
    "index_date": "low",
    "index_reference": "target_id",
    "index_number": "low",
    "index_uri": "uri",
}


def order_shape(order: Order) -> OrderShape:
    return OrderShape(order.table, VALUE_COLUMN.get(order.table) or COLUMNS[order.param], order.descending)


def named(name: str) -> Expression:
    return bindparam(name)


def some_keys(node: NodeShape) -> Any:
    """The keys that a node finds, no more than a limit of them."""
    return keys(node, "0").limit(bindparam("limit"))


# --- the order ------------------------------------------------------------------------------------------------------


def order_value(order: OrderShape, number: int, resource: FromClause) -> Expression:
    """The least value of a resource, or the greatest one when descending; NULL when it has none."""
    if order.table == RESOURCE.name:
        return resource.c[order.column]
    row = table_of(order.table).alias(f"s{number}")
    pick = func.max if order.descending else func.min
    return (
        select(pick(row.c[order.column])).where(*values_of(row, resource.c.key, f"o{number}_param")).scalar_subquery()
    )


def values_of(row: FromClause, key: Expression, param: str) -> list[Condition]:
    return [row.c.org == bindparam("org"), row.c.key == key, row.c.param == bindparam(param)]


def is_first(order: OrderShape, walked: FromClause) -> Condition:
    """Whether the walked row is the one that a resource with several values is sorted by."""
    row = table_of(order.table).alias("other")
    names = [name for name in row.c.keys() if name not in ("org", "param", "key", order.column)]  # noqa: SIM118
    theirs, own = (tuple_(*(side.c[name] for name in (order.column, *names))) for side in (row, walked))
    sooner = theirs > own if order.descending else theirs < own
    return not_(exists().where(*values_of(row, walked.c.key, "o0_param"), sooner))


def comes_after(shape: Shape, values: Sequence[Expression], key: Expression) -> Condition:
    """Whether a candidate stands behind the last match of the page before, in lexicographic order."""
    beyond: Condition = key > bindparam("after_key")
    for number, missing in reversed(list(enumerate(shape.after or ()))):
        value, last = values[number], named(f"after_{number}")
        if missing:
            beyond = and_(value.is_(None), beyond)
        else:
            later = value < last if shape.orders[number].descending else value > last
            beyond = or_(later, value.is_(None), and_(value == last, beyond))
    return beyond


def never_missing(shape: Shape) -> bool:
    return shape.walk or (bool(shape.orders) and shape.orders[0].table == RESOURCE.name)


def index_start(shape: Shape, first: Expression) -> Condition:
    """Implied by comes_after, and simple enough for an index to start there."""
    return first <= bindparam("after_0") if shape.orders[0].descending else first >= bindparam("after_0")


def in_order(shape: Shape, values: Sequence[Expression], key: Expression) -> list[Any]:
    ways = [
        value.desc() if order.descending else value.asc() for value, order in zip(values, shape.orders, strict=True)
    ]
    # NULLS LAST, said of what is never NULL, would keep SQLite from reading the index in order.
    nullable: list[Any] = [way if at == 0 and never_missing(shape) else way.nulls_last() for at, way in enumerate(ways)]
    return [*nullable, key.asc()]


# --- a page ---------------------------------------------------------------------------------------------------------


def of_type(resource: FromClause) -> list[Condition]:
    return [resource.c.org == bindparam("org"), resource.c.type == bindparam("type"), resource.c.deleted == 0]


def not_out(shape: Shape, key: Expression) -> list[Condition]:
    return [not_(is_among(key, bindparam("out", type_=KEYS)))] if shape.sifted else []


def candidates(shape: Shape, resource: FromClause) -> list[Condition]:
    return [*looked_among(shape, resource), *not_out(shape, resource.c.key)]


def looked_among(shape: Shape, resource: FromClause) -> list[Condition]:
    if shape.driver is not None:
        gathered = is_among(resource.c.key, bindparam("keys", type_=KEYS))
        return [unindexed(resource.c.org) == bindparam("org"), gathered]
    if shape.without is not None:
        row = table_of(shape.without.table).alias("present")
        return [*of_type(resource), not_(exists().where(*values_of(row, resource.c.key, "without_param")))]
    return of_type(resource)


def matches(shape: Shape, resource: FromClause) -> list[Condition]:
    first = shape.orders[0].column if shape.orders and shape.orders[0].table == RESOURCE.name else ""
    return [
        holds(test, str(at), resource, in_order_of=first) for at, test in enumerate(shape.tests) if at != shape.driver
    ]


def walked_road(shape: Shape) -> Road:
    """The index tells all of a candidate, unless the resource itself is asked something: its rows are of live ones."""
    walked = table_of(shape.orders[0].table).alias("w")
    within = [walked.c.org == bindparam("org"), walked.c.param == bindparam("o0_param"), *not_out(shape, walked.c.key)]
    conditions = [*within, is_first(shape.orders[0], walked)]
    values: list[Expression] = [walked.c[shape.orders[0].column]]
    if all(map(asks_the_index, shape.tests)) and all(order.table != RESOURCE.name for order in shape.orders):
        return Road(walked, walked, conditions, values)
    resource = RESOURCE.alias("r")
    return Road(walked.join(resource, resource.c.key == walked.c.key), resource, conditions, values)


def asks_the_index(node: NodeShape) -> bool:
    """Whether it can be told of a candidate by its key alone."""
    if isinstance(node, TestShape):
        return node.table != RESOURCE.name
    if isinstance(node, LeapShape):
        return not node.reverse
    return all(map(asks_the_index, node.nodes))


def page(shape: Shape) -> Select[Any]:
    """The keys of one page in order, then their bodies."""
    body = RESOURCE.alias("b")
    labels, found = keys_of_page(shape)
    ordered = [found.c[label.name] for label in labels]
    whole = select(*(body.c[name] for name in STORED), *ordered).join_from(found, body, body.c.key == found.c.key)
    return whole.order_by(*in_order(shape, ordered, found.c.key))


def keys_of_page(shape: Shape) -> tuple[list[Any], FromClause]:
    way = road(shape)
    labels = [value.label(f"v{at}") for at, value in enumerate(way.values)]
    keys = select(way.candidate.c.key, *labels).select_from(way.source).where(*way.conditions)
    # What was gathered is looked up and sorted, rather than looked for in all resources in order.
    key = way.candidate.c.key if shape.driver is None else unindexed(way.candidate.c.key)
    part = keys.order_by(*in_order(shape, labels, key)).limit(bindparam("limit"))
    return labels, (part.offset(bindparam("offset")) if shape.skips else part).subquery("page")


def rest(shape: Shape) -> Select[Any]:
    """How many matches there are from where the page begins."""
    way = road(shape)
    return select(func.count()).select_from(way.source).where(*way.conditions)


@dataclass(frozen=True, slots=True)
class Road:
    """Where the matches come from, whose `key` is a candidate's, what holds of it, and the values it is sorted by."""

    source: FromClause
    candidate: FromClause
    conditions: list[Condition]
    values: list[Expression]


def road(shape: Shape) -> Road:
    way = walked_road(shape) if shape.walk else plain_road(shape)
    candidate = way.candidate
    others = [order_value(order, at, candidate) for at, order in enumerate(shape.orders) if at >= len(way.values)]
    values = [*way.values, *others]
    conditions = [*way.conditions, *matches(shape, candidate)]
    if shape.after is not None:
        conditions.append(comes_after(shape, values, candidate.c.key))
        if never_missing(shape):
            conditions.append(index_start(shape, values[0]))
    return Road(way.source, candidate, conditions, values)


def plain_road(shape: Shape) -> Road:
    resource = RESOURCE.alias("r")
    return Road(resource, resource, candidates(shape, resource), [])


def tally(shape: Shape) -> Select[Any, int]:
    """How many match, by the id that a reference of theirs leads to; "" for none here."""
    resource, row = RESOURCE.alias("r"), REFERENCE.alias("by")
    here = [*values_of(row, resource.c.key, "by_param"), row.c.target_id != ""]
    source = resource.outerjoin(row, and_(*here))
    target = func.coalesce(row.c.target_id, "").label("target")
    conditions = [*candidates(shape, resource), *matches(shape, resource)]
    return select(target, func.count()).select_from(source).where(*conditions).group_by(target)


def number_of(node: NodeShape, *, sifted: bool) -> Select[Any]:
    """How many a node finds."""
    found = keys(node, "0").subquery()
    conditions = not_out(Shape((node,), sifted=sifted), found.c.key)
    return select(func.count(found.c.key.distinct())).where(*conditions)


def total(shape: Shape) -> Select[Any]:
    resource = RESOURCE.alias("r")
    conditions = [*candidates(shape, resource), *matches(shape, resource)]
    return select(func.count()).select_from(resource).where(*conditions)
