"""The statements of reading and writing single resources, built from the tables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Executable, Select, Table, bindparam, delete, insert, literal_column, select, union_all, update
from sqlalchemy.sql.elements import ColumnElement

from gateway.store.compiled import Compile, Compiled, Row
from gateway.store.contract import Stored
from gateway.store.tables import HISTORY, INDEX_TABLES, LABELLED, RESOURCE

STORED = ("key", "type", "id", "version", "updated", "deleted", "body", "method", "created")


def stored(row: Row) -> Stored:
    key, type, id, version, updated, deleted, body, method, created = row
    return Stored(key, type, id, version, updated, bool(deleted), body, method, created)


def identity(table: Table) -> list[ColumnElement[bool]]:
    return [table.c[name] == bindparam(name) for name in ("org", "type", "id")]


def versions(table: Table) -> Select[Any]:
    return select(*(table.c[name] for name in STORED)).where(*identity(table))


def one_version(table: Table) -> Select[Any]:
    return versions(table).where(table.c.version == bindparam("version"))


@dataclass(frozen=True, slots=True)
class IndexStatements:
    """Writing and clearing one index table."""

    insert: Compiled
    clear: Compiled


@dataclass(frozen=True, slots=True)
class Statements:
    """Compiled for one dialect, once a process."""

    read: Compiled
    vread: Compiled
    history: Compiled
    create: Compiled
    supersede: Compiled
    """Copies the current version into the history."""
    replace: Compiled
    label: Compiled
    """Puts down that a version bears labels that restrict."""
    index: dict[Table, IndexStatements]


@cache
def compile_statements(compile: Compile) -> Statements:
    index = {table: IndexStatements(compile(insert(table)), compile(clear(table))) for table in INDEX_TABLES}
    return Statements(index=index, **{name: compile(statement) for name, statement in STATEMENTS.items()})


def clear(table: Table) -> Any:
    return delete(table).where(table.c.org == bindparam("org"), table.c.key == bindparam("key"))


def copy_to_history() -> Any:
    columns = [column.name for column in HISTORY.columns]
    return insert(HISTORY).from_select(
        columns, select(*(RESOURCE.c[name] for name in columns)).where(*identity(RESOURCE))
    )


def replace_current() -> Any:
    # Names of their own: SQLAlchemy keeps the names of columns for the SET clause.
    where = [RESOURCE.c.org == bindparam("in_org"), RESOURCE.c.key == bindparam("with_key")]
    return (
        update(RESOURCE)
        .where(*where)
        .values({name: bindparam(name) for name in ("version", "updated", "deleted", "body", "method")})
    )


STATEMENTS: dict[str, Executable] = {
    "read": versions(RESOURCE),
    "vread": union_all(one_version(RESOURCE), one_version(HISTORY)),
    "history": union_all(versions(RESOURCE), versions(HISTORY)).order_by(literal_column("version").desc()),
    "create": insert(RESOURCE)
    .values({c.name: bindparam(c.name) for c in RESOURCE.columns if c.name != "key"})
    .returning(RESOURCE.c.key),
    "supersede": copy_to_history(),
    "replace": replace_current(),
    "label": insert(LABELLED).values({column.name: bindparam(column.name) for column in LABELLED.columns}),
}
