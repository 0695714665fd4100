"""Alembic migrations of every table of the gateway, one chain of small revisions.

To add tables from another part of the gateway:
  1. declare them as SQLModel classes in that part's tables.py;
  2. add a file versions/NNNN_<what>.py whose `revision` is "NNNN" and whose `down_revision` is the highest one there;
  3. write `upgrade()` and `downgrade()` with alembic.op (existing tables: in op.batch_alter_table).
tests/gateway/store/test_migrations.py compares the result with SQLModel.metadata.

The whole chain runs in one transaction that holds a lock, so processes that start at once do not collide.
DBOS keeps its tables in the same database and migrates them itself: tables that no model declares are not looked at.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Select, Text, column, select, table
from sqlalchemy.exc import DBAPIError

from gateway.store.dialect import dialect_of, open_engine, reached
from gateway.store.index_version import note_empty_index

REVISIONS: Select[str] = select(column("version_num", Text)).select_from(table("alembic_version"))
"""Asked of Alembic's own table; Alembic itself would look first whether there is one, which takes longer."""


def configuration(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def migrate(database_url: str, revision: str = "head") -> None:
    """Bring the database to the current schema; does nothing where it is already."""
    engine = open_engine(database_url)
    try:
        with reached(), engine.begin() as connection:
            dialect_of(database_url).lock(connection)
            command.upgrade(configuration(connection), revision)
            if revision == "head":
                note_empty_index(connection)
    finally:
        engine.dispose()


def is_current(database_url: str) -> bool:
    if not dialect_of(database_url).exists(database_url):
        return False
    engine = open_engine(database_url)
    try:
        with reached(), engine.connect() as connection:
            return is_at_newest(connection)
    finally:
        engine.dispose()


def is_at_newest(connection: Connection) -> bool:
    return heads(connection) == newest()


def heads(connection: Connection) -> frozenset[str]:
    try:
        return frozenset(connection.execute(REVISIONS).scalars())
    except DBAPIError:  # a database without tables, or a trouble that shows again
        connection.rollback()
        return frozenset(MigrationContext.configure(connection).get_current_heads())


@cache
def newest() -> frozenset[str]:
    """Where the chain ends: a part of the program, which does not change while it runs."""
    return frozenset(ScriptDirectory.from_config(configuration()).get_heads())


def declared_only(_object: Any, _name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    """Alembic's include_object: leave out tables that only the database knows."""
    return not (kind == "table" and reflected and compare_to is None)
