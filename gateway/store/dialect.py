"""Which database a URL names, and what of it differs before there is a store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, OperationalError

from gateway.faults import Misconfigured
from gateway.store import postgres, sqlite
from gateway.store.database import Database
from gateway.store.postgres import PostgresDatabase
from gateway.store.sqlite import SqliteDatabase

VARIABLE = "CROSSWALK_DATABASE_URL"


@dataclass(frozen=True, slots=True)
class Dialect:
    """One of the databases that the store can live in."""

    open_engine: Callable[[str], Engine]
    open_database: Callable[[str, Engine], Database]
    """With the engine, which is the database's from then on."""
    lock: Callable[[Connection], None]
    """Keep every other migration out until the transaction ends."""
    exists: Callable[[str], bool]
    """Whether there is anything to look into; asking must not make it."""


SQLITE = Dialect(sqlite.open_engine, SqliteDatabase, sqlite.begin_write, lambda url: sqlite.database_path(url).exists())
POSTGRESQL = Dialect(postgres.open_engine, PostgresDatabase, postgres.lock_for_migration, lambda _: True)
DIALECTS = {"sqlite": SQLITE, "postgresql": POSTGRESQL}


def dialect_of(database_url: str) -> Dialect:
    """Raises Misconfigured."""
    try:
        name = make_url(database_url).get_backend_name()
    except ArgumentError:
        name = ""
    if name not in DIALECTS:
        raise Misconfigured("Use sqlite:///path/to.db or postgresql://user:pw@host/db.", VARIABLE)
    return DIALECTS[name]


def open_engine(database_url: str) -> Engine:
    return dialect_of(database_url).open_engine(database_url)


@contextmanager
def reached() -> Iterator[None]:
    """An operator who starts something is told why the database does not answer."""
    try:
        yield
    except OperationalError as error:
        why = str(error.orig).strip().partition("\n")[0]
        raise Misconfigured(f"The database cannot be used: {why}", VARIABLE) from error
