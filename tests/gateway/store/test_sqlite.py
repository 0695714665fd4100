"""What only SQLite has to be told."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from gateway.store.store import SqlStore
from gateway.store.tables import INDEX_TABLES


async def test_commits_are_synced_before_they_are_answered(store: SqlStore) -> None:
    def pragma(session: Session) -> tuple[Any, ...]:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        return tuple(session.connection().exec_driver_sql(f"PRAGMA {name}").scalar() for name in names)

    assert await store.session_write(pragma) == ("wal", 2, 1, 30_000)


async def test_index_tables_have_no_rowid_and_keys_are_never_used_again(store: SqlStore) -> None:
    def schema(session: Session) -> dict[str, str]:
        rows = session.connection().exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
        return {row.name: row.sql for row in rows}

    sql = await store.session_read(schema)
    assert all("WITHOUT ROWID" in sql[table.name] for table in INDEX_TABLES)
    assert "AUTOINCREMENT" in sql["resource"]
