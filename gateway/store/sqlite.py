"""What is particular to SQLite: opening connections, taking the write lock, compiling statements.

Python's sqlite3 begins a transaction by itself before the first INSERT, UPDATE or DELETE; with isolation level
IMMEDIATE that takes the write lock at once, which is also how DBOS uses the same file. A write of the store takes the
lock before it reads, so it cannot lose a race; it waits at most BUSY_SECONDS for other processes.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Executable, create_engine, event, make_url
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.compiler import SQLCompiler

from gateway.faults import Misconfigured
from gateway.store.compiled import Compiled, Row, compiled

BUSY_SECONDS = 30
CACHED_STATEMENTS = 512
PAGE_CACHE_KIB = 16_384
DIALECT = sqlite.dialect(paramstyle="qmark")


def compile_statement(statement: Executable) -> Compiled:
    compiler = statement.compile(dialect=DIALECT)  # type: ignore[attr-defined]
    assert isinstance(compiler, SQLCompiler)  # noqa: S101 (a DDL statement would be a mistake of ours)
    return compiled(compiler)


def database_path(database_url: str) -> Path:
    path = make_url(database_url).database
    if not path or path == ":memory:":
        raise Misconfigured("Give the database a file: sqlite:///path/to.db.", "CROSSWALK_DATABASE_URL")
    return Path(path)


def prepare(raw: sqlite3.Connection) -> None:
    # FULL: with NORMAL a power cut could take back a commit that was already answered.
    raw.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    raw.execute("PRAGMA journal_mode=WAL").fetchone()
    raw.execute("PRAGMA synchronous=FULL")
    raw.execute("PRAGMA foreign_keys=ON")
    raw.execute(f"PRAGMA cache_size=-{PAGE_CACHE_KIB}")


def open_engine(database_url: str) -> Engine:
    database_path(database_url).parent.mkdir(parents=True, exist_ok=True)
    arguments = {"timeout": BUSY_SECONDS, "check_same_thread": False, "cached_statements": CACHED_STATEMENTS}
    engine = create_engine(database_url, connect_args={**arguments, "isolation_level": "IMMEDIATE"})

    @event.listens_for(engine, "connect")
    def on_connect(raw: sqlite3.Connection, _record: Any) -> None:
        prepare(raw)

    return engine


def open_reader(database_url: str) -> sqlite3.Connection:
    """A connection that cannot write; each statement outside a transaction sees the latest commit."""
    raw = sqlite3.connect(
        database_path(database_url),
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=CACHED_STATEMENTS,
    )
    prepare(raw)
    raw.execute("PRAGMA query_only=ON")
    return raw


def raw_connection(connection: Connection) -> sqlite3.Connection:
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)  # noqa: S101
    return raw


def begin_write(connection: Connection) -> None:
    raw_connection(connection).execute("BEGIN IMMEDIATE")


def begin_read(raw: sqlite3.Connection) -> None:
    raw.execute("BEGIN")


def end_read(raw: sqlite3.Connection) -> None:
    raw.rollback()


def insert(raw: sqlite3.Connection, statement: Compiled, row: Row) -> int:
    """Insert one row and tell the number the database gave it."""
    key = raw.execute(statement.sql, row).lastrowid
    assert key is not None  # noqa: S101
    return key
