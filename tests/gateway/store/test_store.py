"""What the Store protocol promises."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from importlib import import_module
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from gateway.definitions.contract import Resource
from gateway.search.query import Criterion, Query, TokenValue
from gateway.store.compiled import Compiled
from gateway.store.contract import Store, Transaction
from gateway.store.document import decode
from gateway.store.store import SqlStore
from gateway.store.tables import INDEX_TABLES, Organisation
from tests.gateway.store.conftest import NOW


def basic(id: str = "a", **content: Any) -> Resource:
    return {"resourceType": "Basic", "id": id, **content}


def with_code(code: str) -> Query:
    return Query("Basic", (Criterion("token", "token", "", (TokenValue(None, code),)),))


async def put(store: SqlStore, resource: Resource, org: int = 1) -> Any:
    return await store.write(org, lambda transaction: transaction.put(resource))


def test_it_is_a_store(store: SqlStore) -> None:
    protocol: Store = store
    assert protocol is store


async def test_create_read_and_version_read(store: SqlStore) -> None:
    made = await put(store, basic(language="en"))
    assert (made.version, made.updated, made.deleted) == (1, NOW, False)
    assert await store.read(1, "Basic", "a") == made
    assert await store.vread(1, "Basic", "a", 1) == made
    assert await store.vread(1, "Basic", "a", 2) is None
    assert await store.read(1, "Basic", "b") is None


async def test_meta_is_the_stores_and_the_rest_the_clients(store: SqlStore) -> None:
    sent = basic(
        zeta=1, meta={"tag": [{"code": "t"}], "versionId": "77", "lastUpdated": "2001-01-01T00:00:00Z"}, alpha=2
    )
    made = await put(store, sent)
    body = decode(made.body)
    assert list(body) == ["resourceType", "id", "meta", "zeta", "alpha"]
    assert body["meta"] == {"versionId": "1", "lastUpdated": "2023-11-14T22:13:20.000000Z", "tag": [{"code": "t"}]}
    assert sent["meta"]["versionId"] == "77"
    said = datetime.fromisoformat(body["meta"]["lastUpdated"])
    assert round(said.timestamp() * 1_000_000) == made.updated


async def test_update_keeps_the_key_and_the_old_version(store: SqlStore) -> None:
    first = await put(store, basic(language="en"))
    second = await put(store, basic(language="de"))
    assert (second.key, second.version) == (first.key, 2)
    assert await store.vread(1, "Basic", "a", 1) == first
    assert await store.history(1, "Basic", "a") == [second, first]


async def test_equal_content_writes_no_version(store: SqlStore) -> None:
    first = await put(store, basic(language="en", extension=[{"url": "urn:x"}]))
    stamped = decode(first.body)
    reordered = basic(extension=[{"url": "urn:x"}], language="en")
    for same in (basic(language="en", extension=[{"url": "urn:x"}]), stamped, reordered):
        assert await put(store, same) == first
    assert len(await store.history(1, "Basic", "a")) == 1


async def test_more_digits_are_another_version(store: SqlStore) -> None:
    await put(store, decode(b'{"resourceType":"Basic","id":"a","v":1.0}'))
    assert (await put(store, decode(b'{"resourceType":"Basic","id":"a","v":1.00}'))).version == 2


async def test_delete_keeps_history_and_a_later_put_revives(store: SqlStore) -> None:
    made = await put(store, basic(token=[["s", "x"]]))
    gone = await store.write(1, lambda transaction: transaction.delete("Basic", "a"))
    assert gone is not None
    assert (gone.version, gone.deleted, gone.body) == (2, True, b"")
    assert await store.read(1, "Basic", "a") == gone
    assert (await store.search(1, with_code("x"))).matches == []
    assert (await store.search(1, Query("Basic"))).matches == []
    revived = await put(store, basic(token=[["s", "x"]]))
    assert (revived.version, revived.key) == (3, made.key)
    assert [stored.version for stored in await store.history(1, "Basic", "a")] == [3, 2, 1]
    assert (await store.search(1, with_code("x"))).matches == [revived]


async def test_deleting_nothing(store: SqlStore) -> None:
    assert await store.write(1, lambda transaction: transaction.delete("Basic", "a")) is None
    await put(store, basic())
    await store.write(1, lambda transaction: transaction.delete("Basic", "a"))
    assert await store.write(1, lambda transaction: transaction.delete("Basic", "a")) is None


async def test_an_update_replaces_the_index_rows(store: SqlStore) -> None:
    await put(store, basic(token=[["s", "x"], ["s", "x"]], string=["One"], date=["2024"], uri=["urn:1"]))
    await put(store, basic(token=[["s", "y"]]))
    assert not (await store.search(1, with_code("x"))).matches
    assert len((await store.search(1, with_code("y"))).matches) == 1
    with store.engine.connect() as connection:
        counts = {t.name: connection.execute(text(f"SELECT count(*) FROM {t.name}")).scalar() for t in INDEX_TABLES}  # noqa: S608
    assert counts == {table.name: int(table.name == "index_token") for table in INDEX_TABLES}


async def test_an_exception_rolls_everything_back(store: SqlStore) -> None:
    def work(transaction: Transaction) -> None:
        transaction.put(basic(token=[["s", "x"]]))
        raise LookupError("no")

    with pytest.raises(LookupError, match="no"):
        await store.write(1, work)
    assert await store.read(1, "Basic", "a") is None
    assert not (await store.search(1, with_code("x"))).matches
    assert (await put(store, basic())).version == 1


async def test_a_transaction_sees_its_own_changes_at_one_instant(store: SqlStore) -> None:
    def work(transaction: Transaction) -> list[int]:
        one, two = transaction.put(basic("a", token=[["s", "x"]])), transaction.put(basic("b", token=[["s", "x"]]))
        assert transaction.read("Basic", "a") == one
        assert transaction.search(with_code("x")).matches == [one, two]
        return [one.updated, two.updated, transaction.now]

    assert len(set(await store.write(1, work))) == 1


async def test_last_updated_grows_though_the_clock_stands(store: SqlStore) -> None:
    def work(transaction: Transaction) -> list[int]:
        return [transaction.put(basic(language=code)).updated for code in ("en", "de", "fr")]

    first, second, third = await store.write(1, work)
    assert first < second < third


async def test_the_sqlalchemy_connection_is_of_the_same_transaction(store: SqlStore) -> None:
    def work(transaction: Transaction) -> None:
        transaction.put(basic())
        with Session(transaction.connection) as session:
            session.add(Organisation(slug="west", name="West", created=NOW))
            session.flush()
        raise LookupError

    with pytest.raises(LookupError):
        await store.write(1, work)
    assert await store.session_read(lambda session: session.exec(select(Organisation.slug)).all()) == ["north", "south"]


async def test_parallel_conditional_creates_make_one(store: SqlStore) -> None:
    def create_once(transaction: Transaction, id: str) -> str:
        found = transaction.search(with_code("mrn-1")).matches
        return found[0].id if found else transaction.put(basic(id, token=[["s", "mrn-1"]])).id

    def attempt(number: int) -> Any:
        return store.write(1, lambda transaction: create_once(transaction, f"id-{number}"))

    assert len(set(await asyncio.gather(*map(attempt, range(20))))) == 1


ADD_FIFTY = """
import asyncio, sys
from gateway.store.open import open_store
from tests.gateway.store.basic_definitions import BasicDefinitions

async def main():
    store = open_store(sys.argv[1], BasicDefinitions())
    for number in range(50):
        await store.write(1, lambda t: t.put({"resourceType": "Basic", "id": "shared", "by": [sys.argv[2], number]}))
    await store.close()

asyncio.run(main())
"""


async def test_two_processes_write_at_once_and_lose_nothing(store: SqlStore, database_url: str) -> None:
    running = [subprocess.Popen([sys.executable, "-c", ADD_FIFTY, database_url, name]) for name in ("left", "right")]
    assert [process.wait(60) for process in running] == [0, 0]
    history = await store.history(1, "Basic", "shared")
    assert [stored.version for stored in history] == list(range(100, 0, -1))
    writers = [tuple(decode(stored.body)["by"]) for stored in reversed(history)]
    assert sorted(writers) == [(name, number) for name in ("left", "right") for number in range(50)]
    updated = [stored.updated for stored in reversed(history)]
    assert all(a < b for a, b in pairwise(updated))


async def test_one_organisation_never_sees_another(store: SqlStore) -> None:
    mine = await put(store, basic("a", token=[["s", "x"]], subject=["Patient/p"]), org=1)
    theirs = await put(store, basic("a", token=[["s", "x"]], language="de"), org=2)
    await put(store, {"resourceType": "Patient", "id": "p"}, org=2)
    assert mine.key != theirs.key
    for query in (with_code("x"), Query("Basic"), Query("Basic", sort=())):
        assert (await store.search(1, query)).matches == [mine]
        assert (await store.search(2, query)).matches == [theirs]
    assert await store.read(1, "Patient", "p") is None
    assert await store.history(1, "Patient", "p") == []
    assert await store.write(1, lambda transaction: transaction.delete("Patient", "p")) is None
    assert await store.vread(1, "Patient", "p", 1) is None


async def test_readers_cannot_write(store: SqlStore) -> None:
    with pytest.raises(Exception, match=r"read-?only"):
        await store.database.read(lambda driver: driver.run(Compiled("DELETE FROM resource", (), {}), {}))


LONG = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(4000))


async def test_long_values_are_found_and_told_apart(store: SqlStore) -> None:
    made = await put(store, basic("a", token=[[LONG, LONG]], uri=[LONG], string=[LONG]))
    await put(store, basic("b", token=[[LONG, LONG + "x"]]))
    assert (await store.search(1, with_code(LONG))).matches == [made]
    assert (await store.search(1, with_code(LONG + "y"))).matches == []


async def test_the_pages_of_what_was_there_are_whole_whatever_is_created_meanwhile(store: SqlStore) -> None:
    there = {f"there-{number}" for number in range(40)}
    await asyncio.gather(*(put(store, basic(id)) for id in there))
    seen: list[str] = []
    query: Query | None = Query("Basic", count=3)
    while query is not None:
        page, *_ = await asyncio.gather(
            store.search(1, query), *(put(store, basic(f"{len(seen)}-{number}")) for number in range(3))
        )
        seen += [match.id for match in page.matches]
        ended = page.after is None or there <= set(seen)
        query = None if ended else replace(query, after=page.after)
    assert there <= set(seen)
    assert len(seen) == len(set(seen))


async def test_when_it_was_first_written_stays(store: SqlStore) -> None:
    first = await put(store, basic(language="en"))
    assert first.created == first.updated
    changed = await put(store, basic(language="de"))
    deleted = await store.write(1, lambda transaction: transaction.delete("Basic", "a"))
    again = await put(store, basic(language="fr"))
    assert deleted is not None
    assert {changed.created, deleted.created, again.created} == {first.created}
    assert len({first.updated, changed.updated, deleted.updated, again.updated}) == 4
    assert {version.created for version in await store.history(1, "Basic", "a")} == {first.created}
    assert await store.read(1, "Basic", "a") == again


async def test_the_migration_finds_out_when_each_was_first_written(store: SqlStore) -> None:
    migration = import_module("gateway.store.migrations.versions.0024_created")
    await put(store, basic("b", language="en"), org=2)
    for language in ("en", "de", "fr"):
        await put(store, basic(language=language))
    await store.write(1, lambda transaction: transaction.delete("Basic", "a"))
    other = await put(store, basic("b"))
    known = [*await store.history(1, "Basic", "a"), other, *await store.history(2, "Basic", "b")]
    assert len(known) == 6

    def migrate(session: Session) -> None:
        for table in migration.TABLES:
            session.execute(text(f"UPDATE {table} SET created = 0"))  # noqa: S608
        for statement in (migration.FIRST, migration.SAME):
            session.execute(text(statement))

    await store.session_write(migrate)
    found = [*await store.history(1, "Basic", "a"), *await store.history(1, "Basic", "b")]
    assert [*found, *await store.history(2, "Basic", "b")] == known
