"""Whatever is stored and asked, the database answers as the naive evaluation does, page by page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from gateway.definitions.contract import Resource
from gateway.search.parse import parse
from gateway.search.query import Query
from gateway.store import searcher as searching
from gateway.store.contract import Page
from gateway.store.database import Database, Driver
from gateway.store.dialect import dialect_of, open_engine
from gateway.store.searcher import Searcher
from gateway.store.statements import compile_statements
from gateway.store.store import in_session
from gateway.store.transaction import SqlTransaction
from tests.databases import Original
from tests.gateway.search import naive
from tests.gateway.search.naive import Known
from tests.gateway.store.basic_definitions import BasicDefinitions
from tests.gateway.store.conftest import NOW, two_organisations

T = TypeVar("T")

CODES = st.sampled_from(["a", "b", "A", "a%", "_"])
SYSTEMS = st.sampled_from(["", "urn:s", "urn:t"])
TEXTS = st.sampled_from(["Muñoz", "munoz", "Mu", "50%", "5_0", "50", "Straße", "", "ﬁ", "Z\U0010ffff"])
DATES = st.sampled_from(["2023", "2023-12", "2023-12-31", "2024-01-01T00:00Z", "2024", "2023-12-31T23:59:59.999Z"])
NUMBERS = st.sampled_from(["1", "1.0", "1.00", "0.5", "-1", "-1.05", "100", "99.6", "1.04", "0"])
PLACES = st.sampled_from(["Patient/p", "Patient/q", "Group/p", "https://x.example/Patient/p", "urn:uuid:1"])
URIS = st.sampled_from(["urn:a", "urn:A", "urn:a%"]) | st.builds(
    "{}{}".format, st.sampled_from(["https://x", "urn:a"]), st.sampled_from(["/", "/a", "/a/", "/a/b", "/ab", "/a_b"])
)


def several(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(values, max_size=3)


RESOURCES = st.fixed_dictionaries(
    {},
    optional={
        "token": several(st.tuples(SYSTEMS, CODES)),
        "string": several(TEXTS),
        "date": several(DATES),
        "number": several(NUMBERS),
        "quantity": several(st.tuples(NUMBERS, SYSTEMS, CODES).map(list)),
        "reference": several(PLACES),
        "uri": several(URIS),
    },
)

PREFIX = st.sampled_from(["", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"])
TOKENS = st.builds("|".join, st.tuples(SYSTEMS, CODES)) | CODES | SYSTEMS.filter(bool).map("{}|".format)
QUANTITIES = st.builds("{}{}|{}|{}".format, PREFIX, NUMBERS, SYSTEMS, st.just("") | CODES)


def listed(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(values, min_size=1, max_size=3).map(",".join)


def criteria(names: list[str], values: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, str]]:
    return st.tuples(st.sampled_from(names), listed(values))


MISSING = st.tuples(
    st.sampled_from(["token", "string", "date", "number", "quantity", "reference", "uri"]).map("{}:missing".format),
    st.sampled_from(["true", "false"]),
)
CRITERIA = st.lists(
    criteria(["token", "token:not"], TOKENS)
    | criteria(["string", "string:exact", "string:contains"], TEXTS.filter(bool))
    | criteria(["date"], st.builds("{}{}".format, PREFIX, DATES))
    | criteria(
        ["_lastUpdated"], st.builds("{}2023-11-14T22:13:{}".format, PREFIX, st.sampled_from(["20Z", "22Z", "23.5Z"]))
    )
    | criteria(["number"], st.builds("{}{}".format, PREFIX, NUMBERS))
    | criteria(["quantity"], st.builds("{}{}".format, PREFIX, NUMBERS) | QUANTITIES)
    | criteria(["reference"], PLACES | st.sampled_from(["p", "q"]))
    | criteria(["reference:Patient"], st.sampled_from(["p", "q"]))
    | criteria(["uri", "uri:above", "uri:below"], URIS)
    | criteria(["_id"], st.sampled_from(["r0", "r2", "r5", "none"]))
    | MISSING,
    max_size=3,
)
SORTS = st.lists(
    st.builds(
        "{}{}".format,
        st.sampled_from(["", "-"]),
        st.sampled_from(["token", "string", "date", "number", "quantity", "reference", "uri", "_id", "_lastUpdated"]),
    ),
    max_size=3,
    unique_by=lambda key: key.removeprefix("-"),
)


class Undone(Exception):
    """Takes back what was done to find out."""


class Trial:
    """A database in which nothing stays."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.statements = compile_statements(database.compile)
        self.searcher = Searcher(database.compile)

    def run(self, work: Callable[[Work], T]) -> T:
        results = []

        def undone(connection: Connection, driver: Driver) -> None:
            results.append(work(Work(self, connection, driver)))
            raise Undone

        with suppress(Undone):
            asyncio.run(self.database.write(undone))
        return results[-1]


@dataclass
class Work:
    """The inside of a trial."""

    trial: Trial
    connection: Connection
    driver: Driver

    def transaction(self, org: int, now: int) -> SqlTransaction:
        return SqlTransaction(
            org, now, self.connection, self.driver, BasicDefinitions(), self.trial.statements, self.trial.searcher
        )

    def search(self, query: Query) -> Page:
        return self.trial.searcher.search(self.driver, 1, query)


@pytest.fixture(scope="module")
def trial(migrated: Original, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    with migrated.copy(tmp_path_factory.mktemp("naive")) as url:
        database = dialect_of(url).open_database(url, open_engine(url))
        asyncio.run(database.write(lambda connection, _: in_session(connection, two_organisations)))
        yield Trial(database)
        asyncio.run(database.close())


def filled(work: Work, resources: list[Resource]) -> list[Known]:
    """The resources of organisation 1; organisation 2 has the same under the same ids, which nobody may see."""
    known = []
    for number, content in enumerate(resources):
        resource = {**content, "resourceType": "Basic", "id": f"r{number}"}
        for org in (2, 1):
            stored = work.transaction(org, NOW + number * 1_000_000).put(resource)
        known.append(Known(resource, stored.updated))
    return known


def all_pages(work: Work, query: Query) -> list[list[str]]:
    pages = []
    for _ in count():
        page = work.search(query)
        pages.append([match.id for match in page.matches])
        if page.after is None:
            break
        query = replace(query, after=page.after)
    return pages


@pytest.mark.parametrize("selective", [0, 3, 1000], ids=["walking", "mixed", "gathering"])
def test_every_road_answers_as_the_naive_evaluation(
    trial: Trial, dialect: str, selective: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "SELECTIVE", selective)

    @settings(
        max_examples=150 if dialect == "sqlite" else 40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    @given(st.lists(RESOURCES, max_size=7), CRITERIA, SORTS, st.integers(1, 4))
    def answers(resources: list[Resource], params: list[tuple[str, str]], sort: list[str], size: int) -> None:
        steering = [("_count", str(size)), ("_total", "accurate"), *([("_sort", ",".join(sort))] if sort else [])]
        query, _ = parse(BasicDefinitions(), "Basic", [*params, *steering], base="https://own.example", now=NOW)

        def asked(work: Work) -> tuple[list[str], list[list[str]], int | None]:
            known = filled(work, resources)
            return naive.search(known, query), all_pages(work, query), work.search(query).total

        expected, pages, total = trial.run(asked)
        assert [id for page in pages for id in page] == expected
        assert all(len(page) == size for page in pages[:-1])
        assert total == len(expected)

    answers()


EVERY_PREFIX = ["", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"]
EVERY_DATE = ["2023", "2023-12", "2023-12-31", "2024-01-01T00:00Z", "2024", "2023-12-31T23:59:59.999Z"]
EVERY_NUMBER = ["1", "1.0", "1.00", "0.5", "-1", "-1.05", "100", "99.6", "1.04", "0", "110", "111"]


def test_every_prefix_at_every_edge(trial: Trial) -> None:
    resources: list[Resource] = [{"date": [date]} for date in EVERY_DATE]
    resources += [{"number": [number], "quantity": [[number, "", ""]]} for number in EVERY_NUMBER]
    values = [("date", date) for date in EVERY_DATE]
    values += [(kind, number) for kind in ("number", "quantity") for number in EVERY_NUMBER]

    def check(work: Work) -> None:
        known = filled(work, resources)
        for name, value in values:
            for prefix in EVERY_PREFIX:
                query, _ = parse(BasicDefinitions(), "Basic", [(name, prefix + value)], base="", now=NOW)
                found = [match.id for match in work.search(query).matches]
                assert found == naive.search(known, query), (name, prefix, value)

    trial.run(check)
