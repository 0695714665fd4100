"""The Store on SQL: one writer, a reader on the event loop for single resources, a few threads for searches."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlmodel import Session

from gateway.definitions.contract import Definitions
from gateway.search.query import Query
from gateway.store import sqlite
from gateway.store.compiled import Compiled
from gateway.store.contract import Page, Stored, Transaction
from gateway.store.searcher import Searcher
from gateway.store.statements import compile_statements, stored
from gateway.store.transaction import SqlTransaction

T = TypeVar("T")
READER_THREADS = 4


class SqlStore:
    """Implements contract.Store.

    Reads of one resource take tens of microseconds and never wait for a writer (WAL): they run where they are called.
    """

    def __init__(self, database_url: str, definitions: Definitions, clock: Callable[[], int]) -> None:
        self.engine: Engine = sqlite.open_engine(database_url)
        self._url = database_url
        self._definitions = definitions
        self._clock = clock
        self._statements = compile_statements(sqlite.compile_statement)
        self._searcher = Searcher(sqlite.compile_statement)
        self._writing = ThreadPoolExecutor(1, "store-writer")
        self._reading = ThreadPoolExecutor(READER_THREADS, "store-reader")
        self._writer: Connection | None = None
        self._of_thread = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._opening = threading.Lock()

    async def read(self, org: int, type: str, id: str) -> Stored | None:
        return self._one(self._statements.read, {"org": org, "type": type, "id": id})

    async def vread(self, org: int, type: str, id: str, version: int) -> Stored | None:
        return self._one(self._statements.vread, {"org": org, "type": type, "id": id, "version": version})

    async def history(self, org: int, type: str, id: str) -> Sequence[Stored]:
        return await run(self._reading, lambda: self._history({"org": org, "type": type, "id": id}))

    async def search(self, org: int, query: Query) -> Page:
        return await run(self._reading, lambda: self._search(org, query))

    async def write(self, org: int, work: Callable[[Transaction], T]) -> T:
        return await run(
            self._writing, lambda: self._write(lambda connection: work(self._transaction(org, connection)))
        )

    async def session_read(self, work: Callable[[Session], T]) -> T:
        """Run `work` with a SQLModel session, for configuration tables; what it changes is not kept."""
        return await run(self._reading, lambda: self._session_read(work))

    async def session_write(self, work: Callable[[Session], T]) -> T:
        """Run `work` with a SQLModel session in one transaction of the writer."""
        return await run(self._writing, lambda: self._write(lambda connection: in_session(connection, work)))

    async def close(self) -> None:
        """Wait for what is under way, then close every connection."""
        await asyncio.to_thread(self._close)

    def _one(self, statement: Compiled, values: dict[str, object]) -> Stored | None:
        row = self._reader().execute(statement.sql, statement.bind(values)).fetchone()
        return stored(row) if row else None

    def _history(self, values: dict[str, object]) -> list[Stored]:
        statement = self._statements.history
        return [stored(row) for row in self._reader().execute(statement.sql, statement.bind(values))]

    def _search(self, org: int, query: Query) -> Page:
        reader = self._reader()
        sqlite.begin_read(reader)
        try:
            return self._searcher.search(reader, org, query)
        finally:
            sqlite.end_read(reader)

    def _reader(self) -> sqlite3.Connection:
        reader: sqlite3.Connection | None = getattr(self._of_thread, "reader", None)
        if reader is None:
            reader = self._of_thread.reader = sqlite.open_reader(self._url)
            with self._opening:
                self._readers.append(reader)
        return reader

    def _transaction(self, org: int, connection: Connection) -> SqlTransaction:
        return SqlTransaction(org, self._clock(), connection, self._definitions, self._statements, self._searcher)

    def _write(self, work: Callable[[Connection], T]) -> T:
        if self._writer is None:
            self._writer = self.engine.connect()
        with self._writer.begin():
            sqlite.begin_write(self._writer)
            return work(self._writer)

    def _session_read(self, work: Callable[[Session], T]) -> T:
        with Session(self.engine, expire_on_commit=False) as session:
            return work(session)

    def _close(self) -> None:
        self._reading.shutdown()
        self._writing.shutdown()
        if self._writer is not None:
            self._writer.close()
        for reader in self._readers:
            reader.close()
        self.engine.dispose()


def in_session(connection: Connection, work: Callable[[Session], T]) -> T:
    with Session(connection, expire_on_commit=False) as session:
        result = work(session)
        session.flush()
        return result


async def run(pool: Executor, work: Callable[[], T]) -> T:
    """Run `work` in a thread of the pool, with the log context of the caller."""
    return await asyncio.get_running_loop().run_in_executor(pool, copy_context().run, work)
