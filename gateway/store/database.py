"""What the store asks of a database, whatever its dialect.

Work is a synchronous function over one transaction. What it runs on differs: a thread on SQLite, a greenlet over
asyncpg on PostgreSQL. The hot statements go to the driver's connection by `Statements`, without SQLAlchemy between.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine
from sqlmodel import Session

from gateway.store.compiled import Compile, Compiled, Row

T = TypeVar("T")


class Driver(Protocol):
    """A driver's connection inside a transaction."""

    def rows(self, statement: Compiled, values: Mapping[str, Any]) -> list[Row]: ...

    def run(self, statement: Compiled, values: Mapping[str, Any]) -> None: ...

    def run_each(self, statement: Compiled, rows: list[Row]) -> None:
        """Once for every row, whose values stand in the order of the statement's parameters."""


Work = Callable[[Connection, Driver], T]
"""The inside of a transaction: SQLAlchemy's connection, and the driver's beneath it."""


class Database(Protocol):
    """One database, and the connections to it. What cannot be reached or stays busy is a DatabaseBusy."""

    @property
    def engine(self) -> Engine:
        """A synchronous one, for configuration tables and for DBOS."""

    @property
    def compile(self) -> Compile: ...

    async def fetch(self, statement: Compiled, values: Mapping[str, Any]) -> list[Row]:
        """The rows of one statement that only reads."""

    async def read(self, work: Callable[[Driver], T]) -> T:
        """Over one snapshot, which cannot be written."""

    async def look(self, work: Work[T]) -> T:
        """The same, with SQLAlchemy's connection besides; what is written over it is not kept."""

    async def read_session(self, work: Callable[[Session], T]) -> T:
        """With a SQLModel session; what it changes is not kept."""

    async def write(self, work: Work[T]) -> T:
        """In one transaction, as if no other ran beside it; repeated as a whole when it lost a race."""

    async def close(self) -> None:
        """Wait for what is under way, then close every connection."""
