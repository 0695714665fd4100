"""The migrated tables are the declared ones."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect
from sqlmodel import SQLModel

from gateway.auth import grant_tables, tables
from gateway.store.migrations import migrate


def models(module: ModuleType) -> list[type[SQLModel]]:
    found = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, SQLModel)]
    return [value for value in found if value is not SQLModel]


def test_migrations_and_declarations_agree(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'crosswalk.db'}"
    migrate(url)
    names = {str(model.__tablename__) for module in (tables, grant_tables) for model in models(module)}
    assert len(names) == 13
    engine = create_engine(url)
    with engine.connect() as connection:
        assert names <= set(inspect(connection).get_table_names())
        context = MigrationContext.configure(
            connection,
            opts={"include_object": lambda _object, name, kind, *_: kind != "table" or name in names},
        )
        found = compare_metadata(context, SQLModel.metadata)
    engine.dispose()
    assert found == []
