"""Opens the store that a database URL names."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import Engine

from gateway.definitions.contract import Definitions
from gateway.faults import Misconfigured
from gateway.store.dialect import VARIABLE, dialect_of, reached
from gateway.store.index_version import STALE, is_made_by_this
from gateway.store.migrations import is_at_newest
from gateway.store.param_ids import check_collisions
from gateway.store.store import SqlStore

BEHIND = "The database is not at the current schema; run `crosswalk migrate`."


def system_clock() -> int:
    return time.time_ns() // 1000


def open_store(database_url: str, definitions: Definitions, *, clock: Callable[[], int] = system_clock) -> SqlStore:
    """The store on a migrated database; `clock` tells UTC microseconds since 1970."""
    check_collisions(definitions)
    dialect = dialect_of(database_url)
    if not dialect.exists(database_url):
        raise Misconfigured(BEHIND, VARIABLE)
    engine = dialect.open_engine(database_url)
    try:
        check_current(engine)
        return SqlStore(dialect.open_database(database_url, engine), definitions, clock)
    except BaseException:
        engine.dispose()
        raise


def check_current(engine: Engine) -> None:
    """Raises Misconfigured. The connection that was looked through stays in the engine, for who comes next."""
    with reached(), engine.connect() as connection:
        if not is_at_newest(connection):
            raise Misconfigured(BEHIND, VARIABLE)
        if not is_made_by_this(connection):
            raise Misconfigured(STALE, VARIABLE)
