"""An index that an older extraction made is made anew, once."""

from __future__ import annotations

from sqlalchemy import delete, func, select, update

from gateway.search.query import Criterion, Query, ReferenceValue, TokenValue
from gateway.store.reindex import reindex
from gateway.store.store import SqlStore
from gateway.store.tables import INDEX_STATE, REFERENCE, TOKEN
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
