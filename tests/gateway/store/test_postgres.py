"""What only PostgreSQL has to be told, and what only it can do to a caller."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session

from gateway.faults import DatabaseBusy
from gateway.store.contract import Transaction
from gateway.store.migrations import migrate
from gateway.store.open import open_store
from gateway.store.store import SqlStore
from gateway.store.tables import INDEX_TABLES
from tests.gateway.store.basic_definitions import BasicDefinitions
from tests.gateway.store.conftest import two_organisations
from tests.postgresql import server

KILL_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


async def rows(store: SqlStore, statement: str) -> list[Any]:
    return await store.session_read(lambda session: list(session.connection().execute(text(statement))))


async def put(store: SqlStore, id: str = "a", **content: Any) -> Any:
    return await store.write(1, lambda tx: tx.put({"resourceType": "Basic", "id": id, **content}))


async def test_text_is_compared_by_code_point(store: SqlStore) -> None:
    names = ", ".join(f"'{table.name}'" for table in (*INDEX_TABLES,))
    found = await rows(
        store,
        "SELECT table_name, column_name, collation_name FROM information_schema.columns "  # noqa: S608
        f"WHERE data_type = 'text' AND table_name IN ('resource', {names})",
    )
    assert len(found) > 10
    assert {collation for *_, collation in found} == {"C"}


async def test_a_server_that_was_started_anew_goes_unnoticed(store: SqlStore) -> None:
    made = await put(store)
    await store.session_read(lambda session: session.connection().execute(text(KILL_OTHERS)).all())
    assert await store.read(1, "Basic", "a") == made
    await store.session_read(lambda session: session.connection().execute(text(KILL_OTHERS)).all())
    assert (await put(store, "b")).version == 1
    assert (await put(store, language="de")).version == 2


async def test_a_connection_lost_within_a_write_repeats_it(store: SqlStore) -> None:
    seen = 0

    def work(transaction: Transaction) -> Any:
        nonlocal seen
        seen += 1
        made = transaction.put({"resourceType": "Basic", "id": "a"})
        if seen == 1:
            with Session(store.engine) as session:
                session.connection().execute(text(KILL_OTHERS))
        return transaction.put({**made_again(made), "language": "en"})

    assert (await store.write(1, work)).version == 2
    assert seen == 2
    assert [stored.version for stored in await store.history(1, "Basic", "a")] == [2, 1]


def made_again(made: Any) -> dict[str, Any]:
    return {"resourceType": made.type, "id": made.id}


async def test_a_race_lost_over_and_over_is_busy_and_changes_nothing(store: SqlStore) -> None:
    await put(store)

    def work(transaction: Transaction) -> None:
        transaction.put({"resourceType": "Basic", "id": "b"})
        transaction.connection.execute(text("DO $$ BEGIN RAISE serialization_failure; END $$"))

    with pytest.raises(DatabaseBusy, match="nothing was changed") as told:
        await store.write(1, work)
    assert told.value.after > 0
    assert await store.read(1, "Basic", "b") is None


async def test_a_long_write_ends_beside_many_short_ones(store: SqlStore) -> None:
    """Each time that it looked, another one has changed what it is about to change."""
    await put(store)
    ended, attempts, others = asyncio.Event(), 0, 0

    async def hurry() -> None:
        nonlocal others
        while not ended.is_set():
            others = (await put(store, language=f"x-{others}")).version

    def work(transaction: Transaction) -> Any:
        nonlocal attempts
        attempts += 1
        found = transaction.read("Basic", "a")
        transaction.connection.execute(text("SELECT pg_sleep(0.05)"))
        return transaction.put({**made_again(found), "language": "long"})

    short = asyncio.create_task(hurry())
    try:
        assert (await store.write(1, work)).version > 2
    finally:
        ended.set()
        await short
    assert 2 < attempts < 8
    assert others > attempts


async def test_a_lost_server_is_busy() -> None:
    with server() as own:
        url = own.url(own.create())
        migrate(url)
        store = open_store(url, BasicDefinitions())
        await store.session_write(two_organisations)
        await put(store)
    for attempt in (store.read(1, "Basic", "a"), put(store, "b"), rows(store, "SELECT 1")):
        with pytest.raises(DatabaseBusy):
            await attempt
    await store.close()


async def test_a_caller_that_goes_away_leaves_the_whole_or_nothing(store: SqlStore) -> None:
    def work(transaction: Transaction) -> None:
        transaction.put({"resourceType": "Basic", "id": "a"})
        transaction.connection.execute(text("SELECT pg_sleep(0.1)"))
        transaction.put({"resourceType": "Basic", "id": "b"})

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(store.write(1, work), 0.05)
    deadline = asyncio.get_running_loop().time() + 10
    while (await store.read(1, "Basic", "a")) is None:
        assert asyncio.get_running_loop().time() < deadline
    assert await store.read(1, "Basic", "b") is not None


async def test_text_that_postgresql_cannot_hold_is_not_found(store: SqlStore) -> None:
    await put(store, token=[["s", "x\0y"]])
    assert await store.read(1, "Basic", "x\0") is None
