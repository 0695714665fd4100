"""The migrations make what the models declare."""

from __future__ import annotations

import importlib
import multiprocessing
import sqlite3
from importlib.util import find_spec
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlmodel import SQLModel

from gateway.faults import Misconfigured
from gateway.store import sqlite
from gateway.store.migrations import declared_only, is_current, migrate
from gateway.store.open import open_store
from gateway.store.tables import INDEX_TABLES
from tests.gateway.store.basic_definitions import BasicDefinitions

PARTS = ("gateway.store.tables", "gateway.auth.tables", "gateway.sync.tables")


def test_migrations_and_models_agree(database_url: str) -> None:
    for part in PARTS:
        if find_spec(part) is not None:
            importlib.import_module(part)
    engine = sqlite.open_engine(database_url)
    with engine.connect() as connection:
        options = {"include_object": declared_only, "compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, SQLModel.metadata) == []
    engine.dispose()


def test_index_tables_have_no_rowid_and_keys_are_never_used_again(migrated: Path) -> None:
    connection = sqlite3.connect(migrated)
    sql = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall())
    connection.close()
    assert all("WITHOUT ROWID" in sql[table.name] for table in INDEX_TABLES)
    assert "AUTOINCREMENT" in sql["resource"]


def test_every_index_starts_with_the_organisation(migrated: Path) -> None:
    connection = sqlite3.connect(migrated)
    for table in INDEX_TABLES:
        names = [row[1] for row in connection.execute(f"PRAGMA index_list({table.name})")]
        firsts = {connection.execute(f"PRAGMA index_info({name})").fetchone()[2] for name in names}
        assert firsts == {"org"}
    connection.close()


def test_a_new_database_is_not_current_until_migrated(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'deep' / 'new.db'}"
    assert not is_current(url)
    with pytest.raises(Misconfigured, match="crosswalk migrate"):
        open_store(url, BasicDefinitions())
    migrate(url)
    migrate(url)
    assert is_current(url)


def test_processes_that_migrate_at_once_do_not_collide(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    processes = [multiprocessing.get_context("spawn").Process(target=migrate, args=(url,)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    assert is_current(url)


def test_foreign_tables_are_left_alone(database_url: str) -> None:
    engine = sqlite.open_engine(database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE dbos_migrations (version INTEGER)")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": declared_only})
        assert not [change for change in compare_metadata(context, SQLModel.metadata) if "dbos" in str(change)]
    engine.dispose()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://host/db"])
def test_addresses_that_cannot_serve_are_refused(url: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        open_store(url, BasicDefinitions())
    assert refused.value.issues[0].expression == ("CROSSWALK_DATABASE_URL",)
