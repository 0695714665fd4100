"""No search reads a table from end to end: SQLite's own account of every statement a search runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from gateway.search import plan
from gateway.search.parse import Authority, parse
from gateway.search.query import Criterion, Query, SortKey
from gateway.store import searcher as searching
from gateway.store.compiled import Compiled, Row
from gateway.store.database import Driver
from gateway.store.searcher import Search
from gateway.store.store import SqlStore
from tests.gateway.store.basic_definitions import BasicDefinitions
from tests.gateway.store.conftest import NOW

SEARCHES = [
    [],
    [("token", "urn:s|a")],
    [("token", "a,b,c")],
    [("token", "|a"), ("token:not", "b")],
    [("string", "mu"), ("string:exact", "Muñoz")],
    [("string:contains", "u")],
    [("date", "ge2023"), ("date", "lt2024")],
    [("date", "2023-05"), ("date", "ap2023"), ("date", "ne2020")],
    [("date", "sa2023"), ("date", "eb2025")],
    [("number", "gt1"), ("number", "le2"), ("quantity", "5|urn:u|mg")],
    [("reference", "Patient/p"), ("reference", "p"), ("reference", "urn:x")],
    [("subject:Patient", "p"), ("_include", "Basic:subject"), ("_include", "Basic:subject:Group")],
    [("uri", "urn:a,urn:b"), ("uri:missing", "false"), ("date:missing", "true")],
    [("_id", "a,b,c"), ("_lastUpdated", "gt2023"), ("token", "a")],
    [("_sort", "-_lastUpdated")],
    [("_sort", "_lastUpdated"), ("_lastUpdated", "gt2020")],
    [("_lastUpdated", "gt2020")],
    [("_sort", "string,-date"), ("token", "a")],
    [("_sort", "-date")],
    [("_sort", "_id"), ("string", "m")],
    [("link.token", "urn:s|a")],
    [("link:Basic.link:Basic.string", "mu"), ("token", "a")],
    [("link.subject", "Patient/p"), ("link.token:not", "b")],
    [("_has:Basic:link:token", "a")],
    [("_has:Basic:link:_has:Basic:link:string", "mu"), ("_sort", "-date")],
    [("_has:Basic:link:link.token", "a")],
    [("pair", "a$gt5"), ("pair", "urn:s|a$5|urn:u|mg")],
    [("token:text", "x"), ("subject:identifier", "urn:s|a")],
    [("uri:below", "urn:a"), ("uri:above", "urn:a/b/c")],
    [("_include", "*"), ("_revinclude", "*")],
    [("_revinclude", "Basic:link"), ("_revinclude:iterate", "Basic:link"), ("_include:iterate", "Basic:link:Basic")],
]
AUTHORITY = Authority(lambda _: True, lambda _: None)
FROM_A_BRANCH = re.compile(r"SCAN (page|anon_\d+|\d+-ROW|CONSTANT ROW|\(subquery-\d+\)|json_each)")


class Explaining(Search):
    """Notes what each statement would do before it is done."""

    lines: list[tuple[str, str]]

    def rows(self, statement: Compiled, values: Mapping[str, Any]) -> list[Row]:
        explained = self.connection.rows(replace(statement, sql=f"EXPLAIN QUERY PLAN {statement.sql}"), values)
        self.lines += [(line[3], statement.sql) for line in explained]
        return super().rows(statement, values)


def explained(store: SqlStore, driver: Driver, params: list[tuple[str, str]]) -> list[tuple[str, str]]:
    steering = [("_total", "accurate"), ("_count", "2")]
    query, _ = parse(BasicDefinitions(), "Basic", [*params, *steering], base="", now=NOW, authority=AUTHORITY)
    search = Explaining(store._searcher, driver, 1, query)
    search.lines = []
    search.page()
    return search.lines


@pytest.mark.parametrize("selective", [0, 1000], ids=["walking", "gathering"])
@pytest.mark.parametrize("params", SEARCHES, ids=str)
async def test_no_table_is_scanned(
    store: SqlStore, params: list[tuple[str, str]], selective: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "SELECTIVE", selective)
    everything = {
        "token": [["urn:s", "a"]], "string": ["Muñoz"], "date": ["2023-05-01"], "number": ["1.5"], "uri": ["urn:a"],
        "quantity": [["5", "urn:u", "mg"]], "reference": ["Patient/p", "urn:x"], "subject": ["Patient/p"],
        "link": ["Basic/a", "Basic/b"], "pair": [[["urn:s", "a"], ["5", "urn:u", "mg"]]],
    }  # fmt: skip
    for id in "abcd":
        resource = {**everything, "resourceType": "Basic", "id": id}
        await store.write(1, lambda transaction, resource=resource: transaction.put(resource))  # type: ignore[misc]
    lines = await store.database.read(lambda driver: explained(store, driver, params))
    assert lines
    for line, sql in lines:
        assert not line.startswith("SCAN ") or FROM_A_BRANCH.match(line), f"{line}\n{sql}"
        if line.startswith("SEARCH") and "org=?" in line:
            enough = "param=?" in line or "key=?" in line or "type=?" in line
            assert enough, f"{line}\n{sql}"


IN_ORDER = [
    [("_sort", "_lastUpdated"), ("_lastUpdated", "gt2020")],
    [("_sort", "-_lastUpdated")],
    [("_lastUpdated", "gt2020")],
    [("_sort", "string")],
    [("_sort", "-date")],
    [("_sort", "string,-date")],
]


@pytest.mark.parametrize("params", IN_ORDER, ids=str)
async def test_an_order_that_an_index_has_is_not_sorted_for(
    store: SqlStore, params: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "SELECTIVE", 0)
    await store.write(1, lambda transaction: transaction.put({"resourceType": "Basic", "id": "a", "string": ["x"]}))
    lines = [line for line, _ in await store.database.read(lambda driver: explained(store, driver, params))]
    inner = lines[: next(at for at, line in enumerate(lines) if "SCAN page" in line)]
    assert "USE TEMP B-TREE FOR ORDER BY" not in inner


@pytest.mark.parametrize("descending", [False, True])
async def test_the_order_of_creation_and_a_range_of_it_are_read_by_their_index(
    store: SqlStore, *, descending: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "SELECTIVE", 0)
    order = SortKey("_created", "date", descending)
    query = Query("Basic", sort=(order,), count=2, created=(NOW, NOW + 1))

    def run(driver: Driver) -> list[tuple[str, str]]:
        search = Explaining(store._searcher, driver, 1, query)
        search.lines = []
        search.page()
        return search.lines

    lines = [line for line, _ in await store.database.read(run)]
    found = next(line for line in lines if line.startswith("SEARCH r "))
    assert "resource_by_created" in found
    assert "created>? AND created<?" in found
    inner = lines[: next(at for at, line in enumerate(lines) if "SCAN page" in line)]
    assert "USE TEMP B-TREE FOR ORDER BY" not in inner


def test_a_criterion_without_values_is_a_mistake_and_no_match_for_all() -> None:
    with pytest.raises(ValueError, match="without a value"):
        plan.tests(Query("Basic", (Criterion("token", "token", "", ()),)))
