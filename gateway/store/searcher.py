"""Runs a search on one connection: weighs the tests, takes a road, fetches the page, the total and the includes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from gateway.faults import Invalid
from gateway.search.plan import RESOURCE, Order, Test, orders, tests
from gateway.search.query import Include, Query
from gateway.store import search_sql
from gateway.store.compiled import Compile, Compiled, Row
from gateway.store.contract import Page, Stored
from gateway.store.database import Driver
from gateway.store.param_ids import param_id
from gateway.store.search_sql import Shape, order_shape, test_shape
from gateway.store.statements import STORED, stored

SELECTIVE = 1000
"""A test that finds fewer resources than this is worth gathering them all; counting stops there."""
CACHED_SHAPES = 1024

Found = tuple[Stored, Row]
"""A match and the values it is sorted by."""


class Searcher:
    """Statements are compiled once per shape and shared by all connections and threads."""

    def __init__(self, compile: Compile) -> None:
        cached = lru_cache(maxsize=CACHED_SHAPES)
        self._page = cached(lambda shape: compile(search_sql.page(shape)))
        self._total = cached(lambda shape: compile(search_sql.total(shape)))
        self._count = cached(lambda shape: compile(search_sql.count_of_keys(shape)))
        self._included = cached(lambda size, targeted: compile(search_sql.included(size, targeted)))

    def search(self, driver: Driver, org: int, query: Query) -> Page:
        return Search(self, driver, org, query).page()

    def page_statement(self, shape: Shape) -> Compiled:
        return self._page(shape)

    def total_statement(self, shape: Shape) -> Compiled:
        return self._total(shape)

    def count_statement(self, test: search_sql.TestShape) -> Compiled:
        return self._count(test)

    def included_statement(self, size: int, targeted: tuple[bool, ...]) -> Compiled:
        return self._included(size, targeted)


class Search:
    """One search of one organisation."""

    def __init__(self, searcher: Searcher, driver: Driver, org: int, query: Query) -> None:
        self.searcher = searcher
        self.connection = driver
        self.query = query
        self.tests = tests(query)
        self.orders = orders(query.sort)
        self.shapes = tuple(map(test_shape, self.tests))
        self.values: dict[str, Any] = {"org": org, "type": query.type}
        for number, test in enumerate(self.tests):
            self.values.update(test_values(query.type, test, number))

    def page(self) -> Page:
        driver = self.driver()
        found = self.found(driver) if self.query.count else []
        matches = [match for match, _ in found[: self.query.count]]
        more = len(found) > self.query.count > 0
        after = (*found[self.query.count - 1][1], matches[-1].key) if more else None
        return Page(matches, self.included(matches), self.total(driver, found), after)

    def driver(self) -> int | None:
        """The test that finds the fewest resources, if they are few; counting costs microseconds."""
        sizes = {at: self.size(at) for at, test in enumerate(self.tests) if not test.negated}
        best = min(sizes, key=sizes.__getitem__, default=None)
        return best if best is not None and sizes[best] < SELECTIVE else None

    def size(self, at: int) -> int:
        values = self.values | test_values(self.query.type, self.tests[at], 0) | {"limit": SELECTIVE}
        [(size,)] = self.rows(self.searcher.count_statement(self.shapes[at]), values)
        return int(size)

    def found(self, driver: int | None) -> list[Found]:
        """One match more than the page holds, where there is one."""
        limit, after = self.query.count + 1, checked_after(self.query)
        if driver is not None or not self.orders or self.orders[0].table == RESOURCE:
            return self.part(Shape(self.shapes, driver=driver), self.orders, after, limit)
        found: list[Found] = []
        if after is None or after[0] is not None:
            found, after = self.part(Shape(self.shapes, walk=True), self.orders, after, limit), None
        if len(found) < limit:
            found += self.without_first(after, limit - len(found))
        return found

    def without_first(self, after: Row | None, limit: int) -> list[Found]:
        first, *rest = self.orders
        shape = Shape(self.shapes, without=order_shape(first))
        extra = {"without_param": param_id(self.query.type, first.param)}
        found = self.part(shape, rest, after[1:] if after else None, limit, extra)
        return [(match, (None, *values)) for match, values in found]

    def part(
        self,
        shape: Shape,
        orders: Sequence[Order],
        after: Row | None,
        limit: int,
        extra: dict[str, Any] | None = None,
    ) -> list[Found]:
        missing = tuple(value is None for value in after[:-1]) if after is not None else None
        whole = Shape(shape.tests, tuple(map(order_shape, orders)), shape.driver, shape.walk, shape.without, missing)
        values = (
            self.values | order_values(self.query.type, orders) | after_values(after) | {"limit": limit} | (extra or {})
        )
        rows = self.rows(self.searcher.page_statement(whole), values)
        return [(stored(row[: len(STORED)]), row[len(STORED) :]) for row in rows]

    def total(self, driver: int | None, found: Sequence[Found]) -> int | None:
        if self.query.after is None and len(found) <= self.query.count > 0:
            return len(found)
        if not self.query.want_total:
            return None
        [(total,)] = self.rows(self.searcher.total_statement(Shape(self.shapes, driver=driver)), self.values)
        return int(total)

    def included(self, matches: Sequence[Stored]) -> list[Stored]:
        if not (matches and self.query.includes):
            return []
        keys = [match.key for match in matches]
        size = 1 << (len(keys) - 1).bit_length()
        values = {f"key{at}": keys[min(at, len(keys) - 1)] for at in range(size)}
        for at, include in enumerate(self.query.includes):
            values |= include_values(include, at)
        targeted = tuple(include.target is not None for include in self.query.includes)
        return [
            stored(row) for row in self.rows(self.searcher.included_statement(size, targeted), self.values | values)
        ]

    def rows(self, statement: Compiled, values: Mapping[str, Any]) -> list[Row]:
        return self.connection.rows(statement, values)


def test_values(type: str, test: Test, number: int) -> dict[str, Any]:
    values: dict[str, Any] = {f"t{number}_param": param_id(type, test.param)}
    for at, probe in enumerate(test.probes):
        repeated = len(set(probe.names)) < len(probe.names)
        for position, (name, value) in enumerate(probe.values):
            values[f"t{number}_{at}_{name}{position if repeated else ''}"] = value
    return values


def order_values(type: str, orders: Sequence[Order]) -> dict[str, Any]:
    return {f"o{number}_param": param_id(type, order.param) for number, order in enumerate(orders)}


def include_values(include: Include, at: int) -> dict[str, Any]:
    return {f"i{at}_param": param_id(include.source, include.param), f"i{at}_target": include.target}


def after_values(after: Row | None) -> dict[str, Any]:
    if after is None:
        return {}
    return {"after_key": after[-1], **{f"after_{number}": value for number, value in enumerate(after[:-1])}}


def checked_after(query: Query) -> Row | None:
    if query.after is not None and len(query.after) != len(query.sort) + 1:
        raise Invalid("This page belongs to another search; start from the first page.")
    return query.after
