"""SQLite: one writer, a reader on the event loop for single resources, a few threads for searches.

Python's sqlite3 begins a transaction by itself before the first INSERT, UPDATE or DELETE; with isolation level
IMMEDIATE that takes the write lock at once, which is also how DBOS uses the same file. A write of the store takes the
lock before it reads, so it cannot lose a race; it waits at most BUSY_SECONDS for other processes.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Executable, create_engine, event, make_url
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from gateway.faults import Misconfigured
from gateway.store import trouble
from gateway.store.compiled import Compiled, Row, compiled
from gateway.store.database import Driver, Work
from gateway.store.trouble import told_as_busy

T = TypeVar("T")
READER_THREADS = 4
BUSY_SECONDS = 30
CACHED_STATEMENTS = 512
PAGE_CACHE_KIB = 16_384
MAPPED_BYTES = 1 << 30
"""Of the file read as memory: a search of a large database touches many pages once, each a system call otherwise."""
LOOKED_AT_EVERY = 100_000
"""Instructions of SQLite's machine, a few milliseconds, between two looks at the clock."""
DIALECT = sqlite.dialect(paramstyle="qmark")


def compile_statement(statement: Executable) -> Compiled:
    return compiled(statement, DIALECT)


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
    raw.execute(f"PRAGMA mmap_size={MAPPED_BYTES}").fetchone()


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


def bound(statement: Compiled, values: Mapping[str, Any]) -> Row:
    """Lists are bound as JSON."""
    return tuple(f"{value}" if isinstance(value, list) else value for value in statement.bind(values))


class SqliteDriver:
    """Implements database.Driver."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self.raw = raw

    def rows(self, statement: Compiled, values: Mapping[str, Any]) -> list[Row]:
        return self.raw.execute(statement.sql, bound(statement, values)).fetchall()

    def run(self, statement: Compiled, values: Mapping[str, Any]) -> None:
        self.raw.execute(statement.sql, statement.bind(values))

    def run_each(self, statement: Compiled, rows: list[Row]) -> None:
        self.raw.executemany(statement.sql, rows)


class SqliteDatabase:
    """Implements database.Database.

    Reads of one resource take tens of microseconds and never wait for a writer (WAL): they run where they are called.
    """

    compile = staticmethod(compile_statement)

    def __init__(self, database_url: str, engine: Engine) -> None:
        self.engine = engine
        self._url = database_url
        self._writing = ThreadPoolExecutor(1, "store-writer")
        self._reading = ThreadPoolExecutor(READER_THREADS, "store-reader")
        self._writer: Connection | None = None
        self._of_thread = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._opening = threading.Lock()

    async def fetch(self, statement: Compiled, values: Mapping[str, Any]) -> list[Row]:
        with told_as_busy():
            return SqliteDriver(self.reader()).rows(statement, values)

    async def read(self, work: Callable[[Driver], T]) -> T:
        return await run(self._reading, lambda: self._read(work))

    async def look(self, work: Work[T]) -> T:
        return await run(self._reading, lambda: self._look(work))

    async def read_session(self, work: Callable[[Session], T]) -> T:
        return await run(self._reading, lambda: read_session(self.engine, work))

    async def write(self, work: Work[T]) -> T:
        return await run(self._writing, lambda: self._write(work))

    async def close(self) -> None:
        await asyncio.to_thread(self._close)

    def reader(self) -> sqlite3.Connection:
        """The one of this thread."""
        reader: sqlite3.Connection | None = getattr(self._of_thread, "reader", None)
        if reader is None:
            reader = self._of_thread.reader = open_reader(self._url)
            with self._opening:
                self._readers.append(reader)
        return reader

    def _read(self, work: Callable[[Driver], T]) -> T:
        reader = self.reader()
        with snapshot(reader):
            return work(SqliteDriver(reader))

    def _look(self, work: Work[T]) -> T:
        with self.engine.connect() as connection:
            raw = raw_connection(connection)
            with snapshot(raw):
                return work(connection, SqliteDriver(raw))

    def _write(self, work: Work[T]) -> T:
        if self._writer is None:
            self._writer = self.engine.connect()
        with self._writer.begin():
            begin_write(self._writer)
            return work(self._writer, SqliteDriver(raw_connection(self._writer)))

    def _close(self) -> None:
        self._reading.shutdown()
        self._writing.shutdown()
        if self._writer is not None:
            self._writer.close()
        for reader in self._readers:
            reader.close()
        self.engine.dispose()


@contextmanager
def snapshot(raw: sqlite3.Connection) -> Iterator[None]:
    """What is there at one moment, looked at for no longer than a search may take."""
    raw.execute("BEGIN")
    until = monotonic() + trouble.READ_S
    raw.set_progress_handler(lambda: monotonic() > until, LOOKED_AT_EVERY)
    try:
        yield
    except (sqlite3.OperationalError, OperationalError) as error:
        if was_interrupted(error):
            raise trouble.too_costly() from error
        raise
    finally:
        raw.set_progress_handler(None, 0)
        raw.rollback()


def was_interrupted(error: Exception) -> bool:
    cause = error.orig if isinstance(error, OperationalError) else error
    return isinstance(cause, sqlite3.Error) and cause.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT


def read_session(engine: Engine, work: Callable[[Session], T]) -> T:
    with Session(engine, expire_on_commit=False) as session:
        return work(session)


async def run(pool: Executor, work: Callable[[], T]) -> T:
    """Run `work` in a thread of the pool, with the log context of the caller."""
    with told_as_busy():
        return await asyncio.get_running_loop().run_in_executor(pool, copy_context().run, work)
