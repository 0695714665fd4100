"""The Store on SQL, whatever the dialect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlmodel import Session

from gateway.definitions.contract import Definitions
from gateway.search.query import Query
from gateway.store.compiled import Compiled
from gateway.store.contract import Page, Stored, Transaction, Witness
from gateway.store.database import Database, Driver
from gateway.store.given_out import told, told_all
from gateway.store.look import Look
from gateway.store.searcher import searcher_of
from gateway.store.statements import compile_statements, stored
from gateway.store.transaction import SqlTransaction

T = TypeVar("T")
LAST_VERSION = 2**31 - 1
"""Versions are 32 bits wide; PostgreSQL does not compare them with more."""


class SqlStore:
    """Implements contract.Store."""

    def __init__(self, database: Database, definitions: Definitions, clock: Callable[[], int]) -> None:
        self.database = database
        self._definitions = definitions
        self._clock = clock
        self._statements = compile_statements(database.compile)
        self._searcher = searcher_of(database.compile)
        self.witnesses: list[Witness] = []
        """Those who see what each transaction writes; see contract.Witness."""

    @property
    def engine(self) -> Engine:
        return self.database.engine

    async def read(self, org: int, type: str, id: str) -> Stored | None:
        return await self._one(self._statements.read, {"org": org, "type": type, "id": id})

    async def vread(self, org: int, type: str, id: str, version: int) -> Stored | None:
        if version > LAST_VERSION:
            return None
        return await self._one(self._statements.vread, {"org": org, "type": type, "id": id, "version": version})

    async def history(self, org: int, type: str, id: str) -> Sequence[Stored]:
        statement, values = self._statements.history, {"org": org, "type": type, "id": id}
        found = await self.database.read(lambda driver: [stored(row) for row in driver.rows(statement, values)])
        told_all(found)
        return found

    async def search(self, org: int, query: Query) -> Page:
        page = await self.database.read(lambda driver: self._searcher.search(driver, org, query))
        told_all((*page.matches, *page.included))
        return page

    async def look(self, org: int, work: Callable[[Look], T]) -> T:
        """Run `work` over one snapshot. What it gives out it has to tell (given_out.py)."""
        return await self.database.look(lambda connection, driver: work(Look(org, connection, driver, self._searcher)))

    async def write(self, org: int, work: Callable[[Transaction], T]) -> T:
        def inside(connection: Connection, driver: Driver) -> tuple[T, list[Stored]]:
            transaction = self._transaction(org, connection, driver)
            result = work(transaction)
            self._show(transaction)
            return result, transaction.written

        result, written = await self.database.write(inside)
        told_all(written)
        return result

    async def session_read(self, work: Callable[[Session], T]) -> T:
        """Run `work` with a SQLModel session, for configuration tables; what it changes is not kept."""
        return await self.database.read_session(work)

    async def session_write(self, work: Callable[[Session], T]) -> T:
        """Run `work` with a SQLModel session in one transaction; repeated as a whole when it lost a race."""
        return await self.database.write(lambda connection, _: in_session(connection, work))

    async def close(self) -> None:
        """Wait for what is under way, then close every connection."""
        await self.database.close()

    async def _one(self, statement: Compiled, values: dict[str, object]) -> Stored | None:
        rows = await self.database.fetch(statement, values)
        found = stored(rows[0]) if rows else None
        if found is not None:
            told(found)
        return found

    def _show(self, transaction: SqlTransaction) -> None:
        shown = 0
        while changes := transaction.written[shown:]:
            shown += len(changes)
            for witness in self.witnesses:
                witness(transaction, changes)

    def _transaction(self, org: int, connection: Connection, driver: Driver) -> SqlTransaction:
        return SqlTransaction(
            org, self._clock(), connection, driver, self._definitions, self._statements, self._searcher
        )


def in_session(connection: Connection, work: Callable[[Session], T]) -> T:
    with Session(connection, expire_on_commit=False) as session:
        result = work(session)
        session.flush()
        return result
