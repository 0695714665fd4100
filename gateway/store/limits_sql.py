"""Limits on what may be found, as conditions of statements that go through resources of several types at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, literal_column, or_, select

from gateway.search.labels import PURPOSE_SYSTEMS, SECURITY, TREATMENT, LabelRule, restricting
from gateway.search.plan import tests
from gateway.search.query import Query
from gateway.store.node_sql import keys, node_shape, node_values
from gateway.store.param_ids import param_id
from gateway.store.tables import TOKEN

Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Limits:
    """Of each of the types; of those without a query, all."""

    types: tuple[str, ...] = ()
    queries: tuple[Query, ...] = ()
    labels: LabelRule | None = None

    def values(self, org: int) -> dict[str, Any]:
        """What the statement has to bind."""
        found: dict[str, Any] = {"org": org} if self.queries else {}
        for number, query in enumerate(self.queries):
            for at, test in enumerate(tests(query)):
                found |= node_values(test, f"q{number}x{at}")
        return found


EVERYTHING = Limits()


def within(
    limits: Limits, org: int, is_not_of: Callable[[str], Condition], key: ColumnElement[int]
) -> Iterator[Condition]:
    """`is_not_of` says that a row is about no resource of a type, and `key` which one it is about."""
    for number, query in enumerate(limits.queries):
        for at, test in enumerate(tests(query)):
            found = keys(node_shape(test), f"q{number}x{at}").subquery()
            yield or_(is_not_of(query.type), key.in_(select(found.c.key)))
    if limits.labels is not None and limits.types:
        yield ~is_closed(limits.labels, org, limits.types, key)


def is_closed(rule: LabelRule, org: int, types: tuple[str, ...], key: ColumnElement[int]) -> Condition:
    """By its labels. Where there are none at all, one look tells it of every resource."""
    params = [param_id(type, SECURITY) for type in types]
    any_label, label, purpose = TOKEN.alias("any_label"), TOKEN.alias("label"), TOKEN.alias("purpose")

    def some(row: Any, *conditions: Condition) -> Condition:
        found: Select[Any] = (
            select(literal_column("1")).select_from(row).where(row.c.org == org, row.c.param.in_(params), *conditions)
        )
        return found.correlate(key.table).exists()

    closing = or_(*(and_(label.c.system == system, label.c.code.in_(codes)) for system, codes in restricting().items()))
    named = and_(purpose.c.key == key, purpose.c.system.in_(PURPOSE_SYSTEMS))
    closed = [some(any_label), some(label, label.c.key == key, closing)]
    if rule.purposes:
        closed.append(~some(purpose, named, purpose.c.code.in_(rule.purposes)))
    if not TREATMENT.isdisjoint(rule.purposes):
        closed.append(some(purpose, named))
    return and_(*closed)
