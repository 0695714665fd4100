"""The inside of a write: one resource's versions and index rows, on the raw connection of the transaction."""

from __future__ import annotations

import sqlite3

from sqlalchemy import Connection

from gateway.definitions.contract import Definitions, Resource
from gateway.search.entries import Entry
from gateway.search.query import Query
from gateway.store import document, sqlite
from gateway.store.contract import Page, Stored
from gateway.store.rows import index_rows
from gateway.store.searcher import Searcher
from gateway.store.statements import Statements, stored


class SqlTransaction:
    """Implements contract.Transaction."""

    def __init__(
        self,
        org: int,
        now: int,
        connection: Connection,
        definitions: Definitions,
        statements: Statements,
        searcher: Searcher,
    ) -> None:
        self.org = org
        self.now = now
        self._connection = connection
        self._raw: sqlite3.Connection = sqlite.raw_connection(connection)
        self._definitions = definitions
        self._statements = statements
        self._searcher = searcher

    @property
    def connection(self) -> Connection:
        return self._connection

    def read(self, type: str, id: str) -> Stored | None:
        statement = self._statements.read
        values = {"org": self.org, "type": type, "id": id}
        row = self._raw.execute(statement.sql, statement.bind(values)).fetchone()
        return stored(row) if row else None

    def search(self, query: Query) -> Page:
        return self._searcher.search(self._raw, self.org, query)

    def put(self, resource: Resource) -> Stored:
        type, id = resource["resourceType"], resource["id"]
        current = self.read(type, id)
        if current is not None and self._unchanged(current, resource):
            return current
        version, updated = self._next(current)
        whole = document.stamped(resource, version, updated)
        body = document.encode(whole)
        return self._write(current, Stored(0, type, id, version, updated, False, body), self._definitions.index(whole))

    def delete(self, type: str, id: str) -> Stored | None:
        current = self.read(type, id)
        if current is None or current.deleted:
            return None
        version, updated = self._next(current)
        return self._write(current, Stored(0, type, id, version, updated, True, b""), [])

    def _unchanged(self, current: Stored, resource: Resource) -> bool:
        if current.deleted:
            return False
        same_stamp = document.encode(document.stamped(resource, current.version, current.updated))
        return document.same_content(same_stamp, current.body)

    def _next(self, current: Stored | None) -> tuple[int, int]:
        """The next version, and an instant that is later than the last one even when the clock is not."""
        if current is None:
            return 1, self.now
        return current.version + 1, max(self.now, current.updated + 1)

    def _write(self, current: Stored | None, new: Stored, entries: list[Entry]) -> Stored:
        key = self._create(new) if current is None else self._replace(current, new)
        for table, rows in index_rows(self.org, new.type, key, entries).items():
            self._raw.executemany(self._statements.index[table].insert.sql, rows)
        return Stored(key, new.type, new.id, new.version, new.updated, new.deleted, new.body)

    def _create(self, new: Stored) -> int:
        values = {name: getattr(new, name) for name in ("type", "id", "version", "updated", "deleted", "body")}
        statement = self._statements.create
        return sqlite.insert(self._raw, statement, statement.bind({"org": self.org, **values}))

    def _replace(self, current: Stored, new: Stored) -> int:
        names = {"org": self.org, "type": new.type, "id": new.id, "key": current.key}
        state = {name: getattr(new, name) for name in ("version", "updated", "deleted", "body")}
        keep, replace = self._statements.supersede, self._statements.replace
        self._raw.execute(keep.sql, keep.bind(names))
        self._raw.execute(replace.sql, replace.bind({"in_org": self.org, "with_key": current.key, **state}))
        for index in self._statements.index.values():
            self._raw.execute(index.clear.sql, index.clear.bind(names))
        return current.key
