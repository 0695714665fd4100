"""The migrated tables are the declared ones."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect
from sqlmodel import SQLModel

from gateway.auth import tables
from gateway.store.migrations import migrate


def test_migrations_and_declarations_agree(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'crosswalk.db'}"
    migrate(url)
    names = {str(table.__tablename__) for table in (tables.Client, tables.SigningKey, tables.AssertionJti)}
    engine = create_engine(url)
    with engine.connect() as connection:
        assert names <= set(inspect(connection).get_table_names())
        context = MigrationContext.configure(
            connection,
            opts={"include_name": lambda name, kind, _: kind != "table" or name in names},
        )
        found = compare_metadata(context, SQLModel.metadata)
    engine.dispose()
    assert [change for change in found if any(name in repr(change) for name in names)] == []
