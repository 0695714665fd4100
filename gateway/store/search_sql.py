"""From the shape of a search to SQL.

Three roads lead to a page, and the searcher takes the one that looks at the fewest rows:
  gather   the keys that satisfy one selective test (the driver), or all resources of the type, in order of creation
           or change; every other test is asked of each candidate; what is left is sorted
  walk     the index of the first sort key in its order; every test is asked of each candidate
  missing  what a walk leaves out: resources without a value for the first sort key
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from sqlalchemy import (
    ColumnElement,
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
    union_all,
)
from sqlalchemy.sql.elements import UnaryExpression
from sqlalchemy.sql.operators import custom_op

from gateway.search.plan import LAST_UPDATED, Order, Test
from gateway.store.forms import FORMS, Bind, Condition, Names
from gateway.store.statements import STORED
from gateway.store.tables import REFERENCE, RESOURCE, table_of

Expression = ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class TestShape:
    """A test without its values."""

    __test__ = False

    table: str
    probes: tuple[tuple[str, Names], ...]
    negated: bool
    updated: bool
    """Of `_lastUpdated`, rather than `_id`, where the table is the resource's."""


@dataclass(frozen=True, slots=True)
class OrderShape:
    """An order without its parameter."""

    table: str
    column: str
    descending: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """All that decides the SQL of a page."""

    tests: tuple[TestShape, ...]
    orders: tuple[OrderShape, ...] = ()
    driver: int | None = None
    """The test that the candidates come from."""
    walk: bool = False
    """Whether the candidates come from the index of the first order."""
    without: OrderShape | None = None
    """The order that the candidates must have no value for."""
    after: tuple[bool, ...] | None = None
    """Of the last match before this page: which of its values are missing."""


VALUE_COLUMN = {
    "index_token": "code",
    "index_string": "folded",
    "index_date": "low",
    "index_reference": "target_id",
    "index_number": "low",
    "index_uri": "uri",
}


def test_shape(test: Test) -> TestShape:
    probes = tuple((probe.form, probe.names) for probe in test.probes)
    return TestShape(test.table, probes, test.negated, test.param == LAST_UPDATED)


def order_shape(order: Order) -> OrderShape:
    own = "updated" if order.param == LAST_UPDATED else "id"
    return OrderShape(order.table, VALUE_COLUMN.get(order.table, own), order.descending)


def named(name: str) -> Expression:
    return bindparam(name)


def binder(prefix: str) -> Bind:
    return lambda name: bindparam(f"{prefix}_{name}")


def unindexed(column: Expression) -> Expression:
    """The column so written that no index on it is considered; the check itself remains."""
    return UnaryExpression(column, operator=custom_op("+"), type_=column.type)


# --- one test -------------------------------------------------------------------------------------------------------


def alternatives(test: TestShape, number: int, columns: Any) -> list[Condition]:
    forms = FORMS[test.table]
    return [forms[form](columns, binder(f"t{number}_{at}"), names) for at, (form, names) in enumerate(test.probes)]


def scope(test: TestShape, number: int, row: FromClause) -> list[Condition]:
    """The rows that a test looks among."""
    if test.table == RESOURCE.name:
        return [row.c.org == bindparam("org"), row.c.type == bindparam("type"), row.c.deleted == 0]
    return [row.c.org == bindparam("org"), row.c.param == bindparam(f"t{number}_param")]


def keys(test: TestShape, number: int) -> Any:
    """The keys of all resources that satisfy a test; each alternative is a range of one index."""
    row = table_of(test.table).alias("d")
    around = scope(test, number, row)
    parts = [select(row.c.key).where(*around, condition) for condition in alternatives(test, number, row.c)]
    if not parts:
        return select(row.c.key).where(*around)
    return parts[0] if len(parts) == 1 else union_all(*parts)


def holds(test: TestShape, number: int, resource: FromClause, *, in_order_of_change: bool = False) -> Condition:
    """Whether one candidate satisfies a test."""
    if test.table == RESOURCE.name:
        # A range of changes is worth reading by its index only where that is the order asked for.
        updated = resource.c.updated if in_order_of_change else unindexed(resource.c.updated)
        columns = SimpleNamespace(id=resource.c.id, updated=updated)
        found: Condition = or_(*alternatives(test, number, columns))
    else:
        row = table_of(test.table).alias(f"i{number}")
        choices = alternatives(test, number, row.c)
        found = exists().where(
            *scope(test, number, row), row.c.key == resource.c.key, *([or_(*choices)] if choices else [])
        )
    return not_(found) if test.negated else found


def count_of_keys(test: TestShape) -> Select[Any]:
    """How many keys a test finds, counted no further than a limit."""
    return select(func.count()).select_from(keys(test, 0).limit(bindparam("limit")).subquery())


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


def candidates(shape: Shape, resource: FromClause) -> list[Condition]:
    if shape.driver is not None:
        driven = keys(shape.tests[shape.driver], shape.driver)
        return [unindexed(resource.c.org) == bindparam("org"), resource.c.key.in_(driven)]
    if shape.without is not None:
        row = table_of(shape.without.table).alias("present")
        return [*of_type(resource), not_(exists().where(*values_of(row, resource.c.key, "without_param")))]
    return of_type(resource)


def matches(shape: Shape, resource: FromClause) -> list[Condition]:
    by_change = bool(shape.orders) and (shape.orders[0].table, shape.orders[0].column) == (RESOURCE.name, "updated")
    return [
        holds(test, at, resource, in_order_of_change=by_change)
        for at, test in enumerate(shape.tests)
        if at != shape.driver
    ]


def walked_road(shape: Shape, resource: FromClause) -> tuple[FromClause, list[Condition], list[Expression]]:
    walked = table_of(shape.orders[0].table).alias("w")
    within = [walked.c.org == bindparam("org"), walked.c.param == bindparam("o0_param")]
    source = walked.join(resource, resource.c.key == walked.c.key)
    return source, [*within, is_first(shape.orders[0], walked)], [walked.c[shape.orders[0].column]]


def page(shape: Shape) -> Select[Any]:
    """The keys of one page in order, then their bodies."""
    resource, body = RESOURCE.alias("r"), RESOURCE.alias("b")
    source, conditions, first = (
        walked_road(shape, resource) if shape.walk else (resource, candidates(shape, resource), [])
    )
    rest = [order_value(order, at, resource) for at, order in enumerate(shape.orders) if at >= len(first)]
    values = [*first, *rest]
    conditions = [*conditions, *matches(shape, resource)]
    if shape.after is not None:
        conditions.append(comes_after(shape, values, resource.c.key))
        if never_missing(shape):
            conditions.append(index_start(shape, values[0]))
    labels = [value.label(f"v{at}") for at, value in enumerate(values)]
    keys_of_page = select(resource.c.key, *labels).select_from(source).where(*conditions)
    found = keys_of_page.order_by(*in_order(shape, labels, resource.c.key)).limit(bindparam("limit")).subquery("page")
    ordered = [found.c[label.name] for label in labels]
    whole = select(*(body.c[name] for name in STORED), *ordered).join_from(found, body, body.c.key == found.c.key)
    return whole.order_by(*in_order(shape, ordered, found.c.key))


def total(shape: Shape) -> Select[Any]:
    resource = RESOURCE.alias("r")
    conditions = [*candidates(shape, resource), *matches(shape, resource)]
    return select(func.count()).select_from(resource).where(*conditions)


def included(size: int, targeted: tuple[bool, ...]) -> Select[Any]:
    """What the resources of a page refer to by the named parameters, the page itself left out."""
    row, target, body = REFERENCE.alias("i"), RESOURCE.alias("t"), RESOURCE.alias("b")
    page_keys: list[Any] = [bindparam(f"key{at}") for at in range(size)]
    choices = []
    for at, has_target in enumerate(targeted):
        wanted = [row.c.target_type == bindparam(f"i{at}_target")] if has_target else []
        choices.append(and_(row.c.param == bindparam(f"i{at}_param"), *wanted))
    same = and_(target.c.org == row.c.org, target.c.type == row.c.target_type, target.c.id == row.c.target_id)
    referred = (
        select(target.c.key)
        .select_from(row.join(target, same))
        .where(row.c.org == bindparam("org"), row.c.key.in_(page_keys), or_(*choices), target.c.deleted == 0)
    )
    outside = [body.c.key.in_(referred), body.c.key.not_in(page_keys), unindexed(body.c.org) == bindparam("org")]
    return select(*(body.c[name] for name in STORED)).where(*outside).order_by(body.c.key)
