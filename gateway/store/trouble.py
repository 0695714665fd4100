"""Which failures of a database pass by themselves: a race lost, a connection lost, a lock held for too long.

The names of PostgreSQL's states are those of its manual, appendix A; SQLite's are of its result codes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from asyncpg import InterfaceError
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from gateway.faults import DatabaseBusy, Issue, TooLarge

RACES = frozenset({"40001", "40P01"})
"""serialization_failure, deadlock_detected"""
UNIQUE_VIOLATION = "23505"
LOST_CLASSES = ("08", "57P")
"""Connection exceptions, shut down or not yet up."""
PASSING_CLASSES = (*LOST_CLASSES, "53")
"""Insufficient resources besides."""
QUERY_CANCELED = "57014"
PASSING = frozenset({"25P03", "55P03", QUERY_CANCELED})
"""idle_in_transaction_session_timeout, lock_not_available, query_canceled (by its time limit)"""
PASSING_IN_SQLITE = frozenset(
    {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN}
)
PRIMARY_CODE = 0xFF
"""SQLite's extended result codes keep the primary one in the lowest byte."""
TRY_AGAIN = "The gateway's database is busy or cannot be reached; nothing was changed, try again soon"


def state_of(error: BaseException) -> str:
    """PostgreSQL's five characters, through SQLAlchemy or straight from a driver; "" where there are none."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(cause, "sqlstate", None)
    return state if isinstance(state, str) else ""


def is_race(error: BaseException) -> bool:
    """Another transaction won: the same work done again may succeed."""
    return state_of(error) in RACES


def is_lost(error: BaseException) -> bool:
    """The connection is gone, and with it what was not committed."""
    if state := state_of(error):
        return state.startswith(LOST_CLASSES)
    if isinstance(error, DBAPIError):
        return error.connection_invalidated
    # asyncpg's InterfaceError that is a ValueError complains of what was asked, not of the connection.
    return isinstance(error, ConnectionError) or (
        isinstance(error, InterfaceError) and not isinstance(error, ValueError)
    )


def is_passing(error: BaseException) -> bool:
    """Nothing is wrong with what was asked; it may well succeed a little later."""
    state = state_of(error)
    if state:
        return state in RACES or state in PASSING or state.startswith(PASSING_CLASSES)
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        unsaid = sqlite3.SQLITE_BUSY if isinstance(cause, sqlite3.OperationalError) else sqlite3.SQLITE_ERROR
        return getattr(cause, "sqlite_errorcode", unsaid) & PRIMARY_CODE in PASSING_IN_SQLITE
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or isinstance(error, OperationalError)
    return is_lost(error) or isinstance(error, PoolTimeout | TimeoutError)


def stops_a_transaction(error: BaseException) -> bool:
    """After which a savepoint is of no use: the whole transaction has to be done again, or not at all."""
    return isinstance(error, DatabaseBusy) or is_passing(error)


READ_S = 20
"""What one search may take; chains through types with many resources could take far longer."""


def too_costly() -> TooLarge:
    text = f"The search took longer than {READ_S} seconds; give a more selective parameter, or a shorter chain"
    return TooLarge((Issue(text, (), "too-costly"),))


def busy(advice: str = TRY_AGAIN) -> DatabaseBusy:
    return DatabaseBusy(advice)


@contextmanager
def told_as_busy() -> Iterator[None]:
    """What passes by itself leaves as a DatabaseBusy."""
    try:
        yield
    except DatabaseBusy:
        raise
    except Exception as error:
        if is_passing(error):
            raise busy() from error
        raise
