"""PostgreSQL: serializable transactions of several writers, on an event loop of the database's own.

Four roads to one server, each with connections of its own:
  reads   asyncpg's pool; a search is a greenlet over one connection, in a snapshot that cannot be written
  looks   the same where SQLAlchemy's statements are needed too: as writes, in a snapshot
  writes  SQLAlchemy's async engine, whose connection sessions and DBOS use, with asyncpg's connection beneath it for
          the hot statements. The function runs as a greenlet. BEGIN and COMMIT are sent here: SQLAlchemy would begin
          with its first own statement only, and a write may have none
  engine  a synchronous one over psycopg, for sign-in, configuration and DBOS

The loop runs in a thread of its own, so that callers may live on any loop (DBOS has its own) and a long Bundle
does not hold up the one that serves requests. How races are settled: docs/decisions/2611-postgresql.md.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from typing import Any, TypeVar, cast

import asyncpg
from sqlalchemy import URL, Connection, Engine, Executable, create_engine, make_url, text
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.util import await_only, greenlet_spawn
from sqlmodel import Session

from gateway.store.compiled import Compiled, Row, compiled
from gateway.store.database import Driver, Work
from gateway.store.sqlite import read_session, run
from gateway.store.trouble import (
    QUERY_CANCELED,
    READ_S,
    UNIQUE_VIOLATION,
    busy,
    is_lost,
    is_race,
    state_of,
    told_as_busy,
    too_costly,
)

T = TypeVar("T")
READERS, WRITERS, SESSIONS = 8, 8, 10
SESSION_THREADS = 4
CONNECT_S = 10
STATEMENT_S = 60
ATTEMPTS = 12
ALONE_FROM = 3
"""The number of the attempt, counted from 0, from which on other writers are kept out."""
PAUSE_S = 0.01
INDEXED_BYTES = 600
"""Of one text; four of them fit into a row of an index."""
DIGEST_LENGTH = 32
WIDEST = 4
"""Bytes of a character in UTF-8."""
MIGRATION_LOCK = 0x43524F5353  # "CROSS": advisory locks are numbers, and shared by all users of a database
DIALECT = dialect()  # type: ignore[no-untyped-call]
SETTINGS = {
    "application_name": "crosswalk",
    "timezone": "UTC",
    "jit": "off",  # takes longer than any of our statements
    "lock_timeout": "30s",
    "idle_in_transaction_session_timeout": "120s",
}
AS_WRITTEN = {
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "join_collapse_limit": "1",
    "from_collapse_limit": "1",
    "plan_cache_mode": "force_generic_plan",
}
"""For the store's own statements: each is written as a path along indexes, and the searcher has weighed before which
one to take. A planner that knows less (of a database just filled, or of a value it has not seen) would find a worse
one, and would look for it at every execution."""
BEGIN_WRITE = "BEGIN ISOLATION LEVEL SERIALIZABLE"
KEEP_OUT = "LOCK TABLE resource IN SHARE ROW EXCLUSIVE MODE"
"""As a transaction's first statement it is waited for before the snapshot is taken: there is no race left to lose."""
BEGIN_READ = f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = '{READ_S}s'"
OUTCOME_UNKNOWN = (
    "The database was lost while the change was being confirmed; read whether it was made before you repeat it"
)
Asyncpg = Any
"""asyncpg.Connection, or the pool's proxy of one."""


def compile_statement(statement: Executable) -> Compiled:
    return compiled(statement, DIALECT)


def open_engine(database_url: str) -> Engine:
    """The synchronous one."""
    url = make_url(database_url).set(drivername="postgresql+psycopg")
    options = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
    return create_engine(
        url,
        pool_size=SESSIONS,
        max_overflow=SESSIONS,
        pool_pre_ping=True,
        use_native_hstore=False,  # no column is one; it would be looked for when the first connection is made
        connect_args={"connect_timeout": CONNECT_S, "options": options},
    )


def lock_for_migration(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})


class PlainConnection(asyncpg.Connection):
    """One that needs no clean-up between two uses, as nothing here changes its settings."""

    def get_reset_query(self) -> str:
        return ""


def dsn(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


async def connect(*dsn: Any, **more: Any) -> Asyncpg:
    try:
        return await asyncpg.connect(
            *dsn, timeout=CONNECT_S, command_timeout=STATEMENT_S, server_settings=SETTINGS | AS_WRITTEN, **more
        )
    except OSError as error:
        raise ConnectionError("no answer from PostgreSQL") from error  # of whatever kind, it may pass


def storable(value: Any) -> Any:
    """The text of index rows, and of what is asked of them, as PostgreSQL can hold it.

    Its text has no U+0000 (nor has any value of FHIR), and a row of its indexes has at most 2,704 bytes: of longer
    text a digest stands for the end, so that equal texts stay equal and others different.
    """
    if not isinstance(value, str):
        return value
    text = value.replace("\0", "\N{REPLACEMENT CHARACTER}")
    if len(text) * WIDEST <= INDEXED_BYTES:
        return text
    whole = text.encode()
    if len(whole) <= INDEXED_BYTES:
        return text
    return whole[: INDEXED_BYTES - DIGEST_LENGTH].decode(errors="ignore") + blake2b(whole, digest_size=16).hexdigest()


def bound(statement: Compiled, values: Mapping[str, Any]) -> Row:
    return tuple(map(storable, statement.bind(values)))


class PostgresDriver:
    """Implements database.Driver; lives in a greenlet of the database's loop."""

    def __init__(self, raw: Asyncpg) -> None:
        self.raw = raw

    def rows(self, statement: Compiled, values: Mapping[str, Any]) -> list[Row]:
        return cast("list[Row]", await_only(self.raw.fetch(statement.sql, *bound(statement, values))))

    def run(self, statement: Compiled, values: Mapping[str, Any]) -> None:
        await_only(self.raw.execute(statement.sql, *bound(statement, values)))

    def run_each(self, statement: Compiled, rows: list[Row]) -> None:
        await_only(self.raw.executemany(statement.sql, [tuple(map(storable, row)) for row in rows]))


class PostgresDatabase:
    """Implements database.Database."""

    compile = staticmethod(compile_statement)

    def __init__(self, database_url: str, engine: Engine) -> None:
        self.engine = engine
        self._url = make_url(database_url)
        self._sessions = ThreadPoolExecutor(SESSION_THREADS, "store-session")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="store-postgresql", daemon=True)
        self._thread.start()
        self._readers = asyncio.run_coroutine_threadsafe(self._open(), self._loop).result()
        self._writers, self._lookers = self._transactions(WRITERS), self._transactions(READERS)
        self._again = asyncio.Lock()

    async def fetch(self, statement: Compiled, values: Mapping[str, Any]) -> list[Row]:
        row = bound(statement, values)

        async def fetched(reader: Asyncpg) -> list[Row]:
            return cast("list[Row]", await reader.fetch(statement.sql, *row))

        return await self._here(self._read(fetched))

    async def read(self, work: Callable[[Driver], T]) -> T:
        async def in_snapshot(reader: Asyncpg) -> T:
            await reader.execute(BEGIN_READ)
            try:
                return await greenlet_spawn(work, PostgresDriver(reader))
            except asyncpg.QueryCanceledError as error:
                raise too_costly() from error
            finally:
                if not reader.is_closed():
                    await reader.execute("ROLLBACK")

        return await self._here(self._read(in_snapshot))

    async def look(self, work: Work[T]) -> T:
        return await self._here(self._retried(lambda: self._look_once(work)))

    async def read_session(self, work: Callable[[Session], T]) -> T:
        return await run(self._sessions, lambda: read_session(self.engine, work))

    async def write(self, work: Work[T]) -> T:
        # A caller that goes away does not take back half of what it asked for.
        return await asyncio.shield(self._here(self._write(work)))

    async def close(self) -> None:
        await self._here(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.to_thread(self._thread.join)
        self._loop.close()
        self._sessions.shutdown()
        self.engine.dispose()

    async def _open(self) -> Any:
        return await asyncpg.create_pool(
            dsn(self._url), min_size=0, max_size=READERS, connect=connect, connection_class=PlainConnection
        )

    def _transactions(self, at_once: int) -> AsyncEngine:
        # AUTOCOMMIT: that is, it leaves BEGIN and COMMIT to us.
        return create_async_engine(
            "postgresql+asyncpg://",
            async_creator=lambda: connect(dsn(self._url)),
            isolation_level="AUTOCOMMIT",
            pool_size=at_once,
            max_overflow=0,
        )

    async def _close(self) -> None:
        waiting = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*waiting, return_exceptions=True)
        await self._readers.close()
        await self._writers.dispose()
        await self._lookers.dispose()

    def _here(self, work: Coroutine[Any, Any, T]) -> asyncio.Future[T]:
        """Run on the database's loop, awaited on the caller's."""
        return asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    async def _read(self, work: Callable[[Asyncpg], Coroutine[Any, Any, T]]) -> T:
        return await self._retried(lambda: self._read_once(work))

    async def _retried(self, once: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Twice where the connection was lost: a server that was started anew has closed all that were open."""
        with told_as_busy():
            try:
                return await once()
            except Exception as error:
                if not is_lost(error):
                    raise
            return await once()

    async def _read_once(self, work: Callable[[Asyncpg], Coroutine[Any, Any, T]]) -> T:
        async with self._readers.acquire(timeout=STATEMENT_S) as reader:
            return await work(reader)

    async def _look_once(self, work: Work[T]) -> T:
        async with self._lookers.connect() as connection, connection.begin():
            raw: Asyncpg = (await connection.get_raw_connection()).driver_connection
            try:
                await raw.execute(BEGIN_READ)
                return await connection.run_sync(lambda sync: work(sync, PostgresDriver(raw)))
            except Exception as error:
                if state_of(error) == QUERY_CANCELED:
                    raise too_costly() from error
                raise
            finally:
                await leave_clean(connection, raw)

    async def _write(self, work: Work[T]) -> T:
        """At first beside the others; what lost a race goes on alone among those of this process that did, and at last
        alone among all: a long transaction beside many short ones would lose every time."""
        with told_as_busy():
            try:
                return await self._attempt(work)
            except Exception as error:
                if not worth_repeating(error):
                    raise
                lost = error
            async with self._again:
                return await self._repeat(work, lost)

    async def _repeat(self, work: Work[T], lost: Exception) -> T:
        for number in range(1, ATTEMPTS):
            try:
                return await self._attempt(work, alone=number >= ALONE_FROM)
            except Exception as error:
                if not worth_repeating(error):
                    raise
                lost = error
            await asyncio.sleep(random.uniform(0, PAUSE_S * number))  # noqa: S311 — other processes race too
        if state_of(lost) == UNIQUE_VIOLATION:
            raise lost  # each time anew: this was no race, two things have one name
        raise busy() from lost

    async def _attempt(self, work: Work[T], *, alone: bool = False) -> T:
        async with self._writers.connect() as connection, connection.begin():
            raw: Asyncpg = (await connection.get_raw_connection()).driver_connection
            try:
                await raw.execute(BEGIN_WRITE)
                if alone:
                    await raw.execute(KEEP_OUT)
                result = await connection.run_sync(lambda sync: work(sync, PostgresDriver(raw)))
                await commit(raw)
            except BaseException:
                await leave_clean(connection, raw)
                raise
            return result


async def commit(raw: Asyncpg) -> None:
    try:
        await raw.execute("COMMIT")
    except Exception as error:
        if is_lost(error):
            raise busy(OUTCOME_UNKNOWN) from error
        raise


async def leave_clean(connection: AsyncConnection, raw: Asyncpg) -> None:
    """The pool gets the connection back without a transaction, or not at all."""
    if raw.is_closed():
        await connection.invalidate()
    elif raw.is_in_transaction():
        await raw.execute("ROLLBACK")


def worth_repeating(error: Exception) -> bool:
    """A race that was lost, or a connection that was lost before COMMIT; a unique violation may be a race as well."""
    return is_race(error) or is_lost(error) or state_of(error) == UNIQUE_VIOLATION
