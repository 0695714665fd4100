"""Opens the store that a database URL names."""

from __future__ import annotations

import time
from collections.abc import Callable

from gateway.definitions.contract import Definitions
from gateway.faults import Misconfigured
from gateway.store.dialect import VARIABLE, dialect_of
from gateway.store.index_version import STALE, is_index_current
from gateway.store.migrations import is_current
from gateway.store.param_ids import check_collisions
from gateway.store.store import SqlStore


def system_clock() -> int:
    return time.time_ns() // 1000


def open_store(database_url: str, definitions: Definitions, *, clock: Callable[[], int] = system_clock) -> SqlStore:
    """The store on a migrated database; `clock` tells UTC microseconds since 1970."""
    check_collisions(definitions)
    if not is_current(database_url):
        raise Misconfigured("The database is not at the current schema; run `crosswalk migrate`.", VARIABLE)
    if not is_index_current(database_url):
        raise Misconfigured(STALE, VARIABLE)
    return SqlStore(dialect_of(database_url).open_database(database_url), definitions, clock)
