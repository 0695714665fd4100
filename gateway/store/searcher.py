"""Runs a search on one connection: weighs the tests, takes a road, fetches the page, the total and the includes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any

from gateway.faults import Invalid
from gateway.search.plan import RESOURCE, Node, Order, complement, is_narrowing, orders, tests
from gateway.search.query import Query
from gateway.store import inclusion, search_sql
from gateway.store.compiled import Compile, Compiled, Row
from gateway.store.contract import Page, Stored, Tally
from gateway.store.database import Driver
from gateway.store.inclusion import Inclusion, RoundShape
from gateway.store.node_sql import NodeShape, node_shape, node_values
from gateway.store.param_ids import param_id
from gateway.store.search_sql import OrderShape, Shape, order_shape
from gateway.store.statements import STORED, stored

FIRST_LOOK, SELECTIVE, WIDER = 32, 1000, 5
"""A test that finds fewer resources than this is worth gathering them all. The first look is for one that finds so few
that no other has to be read any further: a birth date beside a common name. Where all matches are counted anyway, a
test that finds WIDER times as many is worth it too."""
EXCEPTIONS = 1000
"""A test that all resources but fewer than this satisfy is worth leaving those out, and not to be asked of any."""
CACHED_SHAPES = 1024

Found = tuple[Stored, Row]
"""A match and the values it is sorted by."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """All that one test finds."""

    test: int
    keys: list[int]


@dataclass(frozen=True, slots=True)
class Part:
    """Where a page begins, and how many matches it takes."""

    after: Row | None
    limit: int
    skip: int


class Searcher:
    """Statements are compiled once per shape and shared by all connections and threads."""

    def __init__(self, compile: Compile) -> None:
        cached = lru_cache(maxsize=CACHED_SHAPES)
        self._page = cached(lambda shape: compile(search_sql.page(shape)))
        self._rest = cached(lambda shape: compile(search_sql.rest(shape)))
        self._tally = cached(lambda shape: compile(search_sql.tally(shape)))
        self._number = cached(lambda asked: compile(search_sql.number_of(asked[0], sifted=asked[1])))
        self._total = cached(lambda shape: compile(search_sql.total(shape)))
        self._keys = cached(lambda shape: compile(search_sql.some_keys(shape)))
        self._included = cached(lambda shape: compile(inclusion.statement(shape)))

    def search(self, driver: Driver, org: int, query: Query) -> Page:
        return Search(self, driver, org, query).page()

    def tally(self, driver: Driver, org: int, query: Query, param: str) -> Tally:
        return Search(self, driver, org, query).tally(param)

    def page_statement(self, shape: Shape) -> Compiled:
        return self._page(shape)

    def rest_statement(self, shape: Shape) -> Compiled:
        return self._rest(shape)

    def tally_statement(self, shape: Shape) -> Compiled:
        return self._tally(shape)

    def number_statement(self, node: NodeShape, *, sifted: bool) -> Compiled:
        return self._number((node, sifted))

    def total_statement(self, shape: Shape) -> Compiled:
        return self._total(shape)

    def keys_statement(self, node: NodeShape) -> Compiled:
        return self._keys(node)

    def included_statement(self, shape: RoundShape) -> Compiled:
        return self._included(shape)


searcher_of = cache(Searcher)
"""One for each dialect."""


class Search:
    """One search of one organisation."""

    def __init__(self, searcher: Searcher, driver: Driver, org: int, query: Query) -> None:
        self.searcher = searcher
        self.connection = driver
        self.query = query
        self.orders = orders(query.sort)
        self.values: dict[str, Any] = {"org": org, "type": query.type}
        self.out: list[int] = []
        """Those that are known not to match."""
        self.is_sifted = False
        self.ask(tests(query))

    def ask(self, nodes: tuple[Node, ...]) -> None:
        self.tests = nodes
        self.shapes = tuple(map(node_shape, nodes))
        for number, test in enumerate(nodes):
            self.values.update(node_values(test, str(number)))

    def shape(self, driver: int | None = None, *, walk: bool = False, without: OrderShape | None = None) -> Shape:
        sifted = driver is None and self.out != []
        return Shape(self.shapes, driver=driver, walk=walk, without=without, sifted=sifted)

    def page(self) -> Page:
        gathered = self.gathered()
        if self.query.want_total or self.query.skip:
            gathered = self.sifted(gathered)
        found = self.found(gathered) if self.query.count else []
        matches = [match for match, _ in found[: self.query.count]]
        more = len(found) > self.query.count > 0
        after = (*found[self.query.count - 1][1], matches[-1].key) if more else None
        places = [(*values, match.key) for match, values in found[: self.query.count]]
        inclusion = self.inclusion(matches)
        included = inclusion.run(matches)
        return Page(matches, included, self.total(gathered, found), after, places, inclusion.cut)

    def gathered(self) -> Gathered | None:
        """What the test finds that finds the fewest resources, if they are few."""
        for limit in sorted({min(FIRST_LOOK, SELECTIVE), SELECTIVE} - {0}):
            if (best := self.gathered_within(limit)) is not None:
                return best
        return None

    def gathered_within(self, limit: int) -> Gathered | None:
        best: Gathered | None = None
        for at, test in enumerate(self.tests):
            keys = self.keys(test, limit) if is_narrowing(test) else None
            if keys is not None and (best is None or len(keys) < len(best.keys)):
                best = Gathered(at, keys)
            if best is not None and not best.keys:
                break
        return best

    def sifted(self, gathered: Gathered | None) -> Gathered | None:
        """Of a search that finds many: finds out who does not match, and asks the rest only what they may fail."""
        if gathered is not None and (len(gathered.keys) <= FIRST_LOOK or len(self.tests) == 1):
            return gathered
        leading = self.tests[gathered.test] if gathered is not None else None
        self.sift()
        if gathered is not None and leading is not None:
            best: Gathered | None = Gathered(self.tests.index(leading), gathered.keys)
        else:
            best = self.gathered_within(SELECTIVE * WIDER) if self.orders and SELECTIVE else None
        out = set(self.out)
        return Gathered(best.test, [key for key in best.keys if key not in out]) if best is not None else None

    def sift(self) -> None:
        failing = [self.exceptions(test) for test in self.tests]
        self.out, self.is_sifted = sorted({key for keys in failing for key in keys or ()}), True
        self.values["out"] = self.out
        self.ask(tuple(test for test, keys in zip(self.tests, failing, strict=True) if keys is None))

    def exceptions(self, test: Node) -> list[int] | None:
        """Those that do not satisfy a test, in so far as they are few."""
        other = None if is_narrowing(test) else complement(test)
        return self.keys(other, EXCEPTIONS) if other is not None and is_narrowing(other) else None

    def keys(self, test: Node, limit: int) -> list[int] | None:
        """Those that a test finds, in order of creation; None where they reach the limit."""
        values = self.values | node_values(test, "0") | {"limit": limit}
        rows = self.rows(self.searcher.keys_statement(node_shape(test)), values)
        return sorted({int(key) for (key,) in rows}) if len(rows) < limit else None

    def found(self, gathered: Gathered | None) -> list[Found]:
        """One match more than the page holds, where there is one."""
        part = Part(checked_after(self.query), self.query.count + 1, self.query.skip)
        if gathered is not None:
            keys, part = self.next_keys(gathered, part)
            shape = self.shape(gathered.test)
            return self.part(shape, self.orders, part, {"keys": keys}) if keys else []
        if not self.orders or self.orders[0].table == RESOURCE:
            return self.part(self.shape(), self.orders, part)
        return self.walked(part)

    def next_keys(self, gathered: Gathered, part: Part) -> tuple[list[int], Part]:
        """Of what was gathered, what the page may come from."""
        if self.orders:
            return gathered.keys, part
        after = part.after
        rest = [key for key in gathered.keys if after is None or key > after[-1]]
        if len(self.tests) > 1:
            return rest, part
        return rest[part.skip : part.skip + part.limit], replace(part, skip=0)

    def walked(self, part: Part) -> list[Found]:
        """What has a value for the first order, then what has none."""
        if part.after is not None and part.after[0] is None:
            return self.without_first(part)
        found = self.part(self.shape(walk=True), self.orders, part)
        if len(found) == part.limit:
            return found
        skip = max(part.skip - self.rest(part), 0) if part.skip and not found else 0
        return found + self.without_first(Part(None, part.limit - len(found), skip))

    def without_first(self, part: Part) -> list[Found]:
        first, *rest = self.orders
        shape = self.shape(without=order_shape(first))
        extra = {"without_param": param_id(self.query.type, first.param)}
        after = part.after[1:] if part.after else None
        found = self.part(shape, rest, replace(part, after=after), extra)
        return [(match, (None, *values)) for match, values in found]

    def part(
        self, shape: Shape, orders: Sequence[Order], part: Part, extra: Mapping[str, Any] | None = None
    ) -> list[Found]:
        whole = replace(shaped(shape, orders, part), skips=part.skip > 0)
        values = self.placed(orders, part) | {"limit": part.limit, "offset": part.skip} | dict(extra or {})
        rows = self.rows(self.searcher.page_statement(whole), values)
        return [(stored(row[: len(STORED)]), row[len(STORED) :]) for row in rows]

    def rest(self, part: Part) -> int:
        """How many a walk finds from there."""
        shape = shaped(self.shape(walk=True), self.orders, part)
        [(number,)] = self.rows(self.searcher.rest_statement(shape), self.placed(self.orders, part))
        return int(number)

    def placed(self, orders: Sequence[Order], part: Part) -> dict[str, Any]:
        return self.values | order_values(self.query.type, orders) | after_values(part.after)

    def total(self, gathered: Gathered | None, found: Sequence[Found]) -> int | None:
        is_last = len(found) <= self.query.count > 0 and (found or not self.query.skip)
        if self.query.after is None and is_last:
            return self.query.skip + len(found)
        if not self.query.want_total:
            return None
        if gathered is not None and (len(self.tests) == 1 or not gathered.keys):
            return len(gathered.keys)
        if gathered is None and self.is_sifted and len(self.tests) < 2:
            return self.number_of(*self.tests)
        shape = self.shape(gathered.test if gathered else None)
        more = {"keys": gathered.keys} if gathered else {}
        [(total,)] = self.rows(self.searcher.total_statement(shape), self.values | more)
        return int(total)

    def number_of(self, test: Node | None = None) -> int:
        """Of all of the type, or of those that satisfy one test, without those that are out."""
        if test is None:
            [(total,)] = self.rows(self.searcher.total_statement(Shape(())), self.values)
            return int(total) - len(self.out)
        statement = self.searcher.number_statement(node_shape(test), sifted=self.out != [])
        [(total,)] = self.rows(statement, self.values | node_values(test, "0"))
        return int(total)

    def tally(self, param: str) -> Tally:
        gathered = self.sifted(self.gathered())
        shape = self.shape(gathered.test if gathered else None)
        more = {"keys": gathered.keys} if gathered else {}
        values = self.values | {"by_param": param_id(self.query.type, param)} | more
        numbers = {id: int(number) for id, number in self.rows(self.searcher.tally_statement(shape), values)}
        return Tally(numbers, numbers.pop("", 0))

    def inclusion(self, matches: Sequence[Stored]) -> Inclusion:
        def rows(shape: RoundShape, values: Mapping[str, Any]) -> list[Row]:
            return self.rows(self.searcher.included_statement(shape), values)

        return Inclusion(self.query, self.values["org"], matches, rows)

    def rows(self, statement: Compiled, values: Mapping[str, Any]) -> list[Row]:
        return self.connection.rows(statement, values)


def shaped(shape: Shape, orders: Sequence[Order], part: Part) -> Shape:
    missing = tuple(value is None for value in part.after[:-1]) if part.after is not None else None
    return replace(shape, orders=tuple(map(order_shape, orders)), after=missing)


def order_values(type: str, orders: Sequence[Order]) -> dict[str, Any]:
    return {f"o{number}_param": param_id(type, order.param) for number, order in enumerate(orders)}


def after_values(after: Row | None) -> dict[str, Any]:
    if after is None:
        return {}
    return {"after_key": after[-1], **{f"after_{number}": value for number, value in enumerate(after[:-1])}}


def checked_after(query: Query) -> Row | None:
    if query.after is not None and len(query.after) != len(query.sort) + 1:
        raise Invalid("This page belongs to another search; start from the first page.")
    return query.after
