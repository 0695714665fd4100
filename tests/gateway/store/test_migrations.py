"""The migrations make what the models declare."""

from __future__ import annotations

import importlib
import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect
from sqlmodel import SQLModel

from gateway.faults import Misconfigured
from gateway.store.dialect import open_engine
from gateway.store.migrations import declared_only, is_current, migrate
from gateway.store.open import open_store
from gateway.store.tables import INDEX_TABLES
from tests.databases import Original
from tests.gateway.store.basic_definitions import BasicDefinitions

PARTS = (
    "gateway.store.tables",
    "gateway.auth.tables",
    "gateway.auth.grant_tables",
    "gateway.auth.issuers",
    "gateway.audit.tables",
    "gateway.sync.tables",
    "gateway.sync.conflicts",
    "gateway.bulk.tables",
)


@contextmanager
def connected(database_url: str) -> Iterator[Connection]:
    engine = open_engine(database_url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def test_migrations_and_models_agree(database_url: str) -> None:
    for part in PARTS:
        importlib.import_module(part)
    with connected(database_url) as connection:
        options = {"include_object": declared_only, "compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, SQLModel.metadata) == []


def test_every_index_starts_with_the_organisation(database_url: str) -> None:
    with connected(database_url) as connection:
        inspector = inspect(connection)
        for table in INDEX_TABLES:
            indexes: list[Any] = [index["column_names"] for index in inspector.get_indexes(table.name)]
            keys = [*indexes, inspector.get_pk_constraint(table.name)["constrained_columns"]]
            assert len(keys) > 1
            assert {names[0] for names in keys} == {"org"}


def test_a_new_database_is_not_current_until_migrated(new_original: Callable[[], Original]) -> None:
    url = new_original().url
    assert not is_current(url)
    with pytest.raises(Misconfigured, match="crosswalk migrate"):
        open_store(url, BasicDefinitions())
    migrate(url)
    migrate(url)
    assert is_current(url)


def test_processes_that_migrate_at_once_do_not_collide(new_original: Callable[[], Original]) -> None:
    url = new_original().url
    processes = [multiprocessing.get_context("spawn").Process(target=migrate, args=(url,)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    assert is_current(url)


def test_foreign_tables_are_left_alone(database_url: str) -> None:
    with connected(database_url) as connection:
        connection.exec_driver_sql("CREATE TABLE dbos_migrations (version INTEGER)")
        context = MigrationContext.configure(connection, opts={"include_object": declared_only})
        assert not [change for change in compare_metadata(context, SQLModel.metadata) if "dbos" in str(change)]


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://host/db", "nonsense"])
def test_addresses_that_cannot_serve_are_refused(url: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        open_store(url, BasicDefinitions())
    assert refused.value.issues[0].expression == ("CROSSWALK_DATABASE_URL",)


def test_a_server_that_does_not_answer_is_told_without_the_password(tmp_path: Path) -> None:
    url = f"postgresql://crosswalk:hunter2@/gateway?host={tmp_path}"
    with pytest.raises(Misconfigured, match="cannot be used") as refused:
        migrate(url)
    assert "hunter2" not in str(refused.value)
