"""Several looks at one moment, and how many there are of what."""

from __future__ import annotations

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError

from gateway.faults import TooLarge
from gateway.search.query import Criterion, Query, TokenValue
from gateway.store import postgres, searcher, sqlite, trouble
from gateway.store.compiled import Compiled
from gateway.store.given_out import accounted, told_all
from gateway.store.look import Look
from gateway.store.open import open_store
from gateway.store.store import SqlStore
from gateway.store.tables import RESOURCE
from tests.gateway.search import naive
from tests.gateway.search.test_against_naive import Trial, Work, filled, trial
from tests.gateway.store.basic_definitions import BasicDefinitions
from tests.gateway.store.test_store import basic, put
from tests.gateway.store.test_too_costly import LONG

__all__ = ["trial"]


async def write_beside(url: str, id: str) -> None:
    other = open_store(url, BasicDefinitions())
    await put(other, basic(id))
    await other.close()


async def test_all_looks_see_one_moment(store: SqlStore, database_url: str) -> None:
    await put(store, basic("a"))

    def look(look: Look) -> tuple[list[str], list[str], int]:
        before = [match.id for match in look.search(Query("Basic")).matches]
        with ThreadPoolExecutor(1) as beside:
            beside.submit(asyncio.run, write_beside(database_url, "b")).result(30)
        after = [match.id for match in look.search(Query("Basic")).matches]
        count = select(func.count()).select_from(RESOURCE).where(RESOURCE.c.org == 1)
        return before, after, look.connection.execute(count).scalar_one()

    assert await store.look(1, look) == (["a"], ["a"], 1)
    assert await store.look(1, lambda look: look.search(Query("Basic")).total) == 2


async def test_what_is_written_over_a_look_is_not_kept(store: SqlStore) -> None:
    made = await put(store, basic("a"))

    def spoil(look: Look) -> None:
        look.connection.execute(update(RESOURCE).values(body=b""))
        raise ValueError

    with pytest.raises((ValueError, DBAPIError)):
        await store.look(1, spoil)
    assert await store.read(1, "Basic", "a") == made


async def test_what_is_given_out_is_told_to_whoever_asked(store: SqlStore) -> None:
    made = await put(store, basic("a"))
    with accounted() as account:
        await store.look(1, lambda look: told_all(look.search(Query("Basic")).matches))
    assert account.given == [made]


async def test_a_look_that_takes_too_long(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trouble, "READ_S", 0.05)
    monkeypatch.setattr(sqlite, "LOOKED_AT_EVERY", 1000)
    monkeypatch.setattr(postgres, "BEGIN_READ", "BEGIN READ ONLY; SET LOCAL statement_timeout = '50ms'")
    statement = LONG[store.engine.dialect.name]
    for asked in (
        lambda look: look.driver.rows(Compiled(statement, (), {}), {}),
        lambda look: look.connection.exec_driver_sql(statement).all(),
    ):
        with pytest.raises(TooLarge) as refused:
            await store.look(1, asked)
        assert refused.value.issues[0].code == "too-costly"
    monkeypatch.undo()
    assert await store.look(1, lambda look: look.search(Query("Basic")).total) == 0


SUBJECTS = st.lists(st.sampled_from(["Patient/p", "Patient/q", "https://x.example/Patient/p"]), max_size=3, unique=True)
CONTENTS = st.lists(
    st.fixed_dictionaries({"subject": SUBJECTS, "token": st.sampled_from([[], [["", "a"]]])}), max_size=8
)


@pytest.mark.parametrize("selective", [0, 1000], ids=["reading all", "gathering"])
def test_a_tally_counts_what_matches_by_its_target(
    trial: Trial, dialect: str, selective: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searcher, "SELECTIVE", selective)
    wanted = Query("Basic", (Criterion("token", "token", "", (TokenValue(None, "a"),)),))

    @settings(
        max_examples=60 if dialect == "sqlite" else 15, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    @given(CONTENTS, st.booleans())
    def counts(contents: list[dict[str, list[str]]], narrowed: bool) -> None:
        query = wanted if narrowed else Query("Basic")

        def check(work: Work) -> None:
            ids = set(naive.search(filled(work, contents), query))
            found = [each for number, each in enumerate(contents) if f"r{number}" in ids]
            local = [[place for place in each["subject"] if ":" not in place] for each in found]
            tally = work.trial.searcher.tally(work.driver, 1, query, "subject")
            assert tally.numbers == Counter(place.partition("/")[2] for places in local for place in places)
            assert tally.without == sum(places == [] for places in local)

        trial.run(check)

    counts()
