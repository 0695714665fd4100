"""An index that an older extraction made is made anew, once."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, func, select, update

from gateway.faults import Misconfigured
from gateway.opening import check_migrated
from gateway.search.query import Criterion, Query, ReferenceValue, TokenValue
from gateway.settings import Settings
from gateway.store import reindex as reindexing
from gateway.store.open import open_store
from gateway.store.reindex import reindex
from gateway.store.store import SqlStore
from gateway.store.tables import INDEX_STATE, REFERENCE, RESOURCE, TOKEN
from tests.gateway.store.basic_definitions import BasicDefinitions

BASE = "https://own.example/fhir/r4/north"


async def test_an_outdated_index(store: SqlStore) -> None:
    for org in (1, 2):
        basic = {"resourceType": "Basic", "id": "a", "token": [["urn:s", "x"]], "reference": [f"{BASE}/Patient/p"]}
        await store.write(org, lambda transaction, basic=basic: transaction.put(basic))  # type: ignore[misc]
    await store.write(1, lambda transaction: transaction.put({"resourceType": "Basic", "id": "b"}))
    await store.write(1, lambda transaction: transaction.delete("Basic", "b"))
    with store.engine.begin() as connection:
        connection.execute(update(INDEX_STATE).values(version=1))
        connection.execute(delete(TOKEN))
    told: list[tuple[int, int]] = []
    assert reindex(store.engine, BasicDefinitions(), "https://own.example", lambda *sizes: told.append(sizes)) == 2
    assert told == [(2, 2)]
    assert reindex(store.engine, BasicDefinitions(), "https://own.example") == 0
    found = Query("Basic", (Criterion("token", "token", "", (TokenValue("urn:s", "x"),)),))
    assert [[match.id for match in (await store.search(org, found)).matches] for org in (1, 2)] == [["a"], ["a"]]
    referring = Query("Basic", (Criterion("reference", "reference", "", (ReferenceValue("Patient", "p"),)),))
    assert [len((await store.search(org, referring)).matches) for org in (1, 2)] == [1, 0]
    with store.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(REFERENCE)).scalar_one() == 2


FOUND = Query("Basic", (Criterion("token", "token", "", (TokenValue("urn:s", "x"),)),))


async def three_of_an_older_index(store: SqlStore) -> None:
    for id in "abc":
        basic = {"resourceType": "Basic", "id": id, "token": [["urn:s", "x"]]}
        await store.write(1, lambda transaction, basic=basic: transaction.put(basic))  # type: ignore[misc]
    with store.engine.begin() as connection:
        connection.execute(update(INDEX_STATE).values(version=1))
        connection.execute(delete(TOKEN))


async def test_what_was_interrupted_goes_on_from_there(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reindexing, "BATCH", 1)
    await three_of_an_older_index(store)

    def interrupt(done: int, _total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reindex(store.engine, BasicDefinitions(), progress=interrupt)
    assert [match.id for match in (await store.search(1, FOUND)).matches] == ["a", "b"]
    told: list[tuple[int, int]] = []
    assert reindex(store.engine, BasicDefinitions(), progress=lambda *sizes: told.append(sizes)) == 1
    assert told == [(3, 3)]
    assert [match.id for match in (await store.search(1, FOUND)).matches] == ["a", "b", "c"]


async def test_what_an_older_server_writes_meanwhile(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reindexing, "BATCH", 1)
    await three_of_an_older_index(store)

    def write_as_before(done: int, _total: int) -> None:
        if done == 2:
            with store.engine.begin() as connection:
                connection.execute(delete(TOKEN))
                connection.execute(update(RESOURCE).values(updated=RESOURCE.c.updated + 1))

    reindex(store.engine, BasicDefinitions(), progress=write_as_before)
    assert [match.id for match in (await store.search(1, FOUND)).matches] == ["a", "b", "c"]


async def test_nothing_is_opened_over_an_older_index(store: SqlStore, database_url: str) -> None:
    await three_of_an_older_index(store)
    with pytest.raises(Misconfigured, match="crosswalk migrate"):
        open_store(database_url, BasicDefinitions())
    with pytest.raises(Misconfigured, match="crosswalk migrate"):
        check_migrated(Settings(database_url=database_url))
    reindex(store.engine, BasicDefinitions())
    check_migrated(Settings(database_url=database_url))
