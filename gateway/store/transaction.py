"""The inside of a write: one resource's versions and index rows, on the driver's connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from gateway.definitions.contract import Definitions, Resource
from gateway.search.entries import Entry, TokenEntry
from gateway.search.labels import MARK, SECURITY, required_by
from gateway.search.query import Query
from gateway.store import document
from gateway.store.compiled import Compiled, Row
from gateway.store.contract import Author, Page, Stored, Tally
from gateway.store.database import Driver
from gateway.store.rows import index_rows, local
from gateway.store.searcher import Searcher
from gateway.store.statements import Statements, stored


class SqlTransaction:
    """Implements contract.Transaction."""

    def __init__(
        self,
        org: int,
        now: int,
        connection: Connection,
        driver: Driver,
        definitions: Definitions,
        statements: Statements,
        searcher: Searcher,
    ) -> None:
        self.org = org
        self.now = now
        self.base = ""
        self.author: Author | None = None
        self.written: list[Stored] = []
        """Every version written so far, in order."""
        self._connection = connection
        self._driver = driver
        self._definitions = definitions
        self._statements = statements
        self._searcher = searcher

    @property
    def connection(self) -> Connection:
        return self._connection

    def rows(self, statement: Compiled, values: Mapping[str, Any]) -> list[Row]:
        return self._driver.rows(statement, values)

    def read(self, type: str, id: str) -> Stored | None:
        rows = self._driver.rows(self._statements.read, {"org": self.org, "type": type, "id": id})
        return stored(rows[0]) if rows else None

    def search(self, query: Query) -> Page:
        return self._searcher.search(self._driver, self.org, query)

    def tally(self, query: Query, param: str) -> Tally:
        return self._searcher.tally(self._driver, self.org, query, param)

    def put(self, resource: Resource, method: str = "PUT") -> Stored:
        type, id = resource["resourceType"], resource["id"]
        current = self.read(type, id)
        if current is not None and self._unchanged(current, resource):
            return current
        version, updated = self._next(current)
        whole = document.stamped(resource, version, updated)
        body = document.encode(whole)
        created = updated if current is None else current.created
        new = Stored(0, type, id, version, updated, False, body, method, created)
        return self._write(current, new, self._definitions.index(whole))

    def delete(self, type: str, id: str) -> Stored | None:
        current = self.read(type, id)
        if current is None or current.deleted:
            return None
        version, updated = self._next(current)
        return self._write(current, Stored(0, type, id, version, updated, True, b"", "DELETE", current.created), [])

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
        for table, rows in index_rows(self.org, new.type, key, local(entries, self.base)).items():
            self._driver.run_each(self._statements.index[table].insert, rows)
        written = replace(new, key=key)
        self._put_down_labels(written, entries)
        self.written.append(written)
        return written

    def _put_down_labels(self, written: Stored, entries: list[Entry]) -> None:
        if MARK not in written.body:
            return
        labels = (
            (each.system, each.code) for each in entries if isinstance(each, TokenEntry) and each.param == SECURITY
        )
        required = required_by(labels)
        if required is not None:
            names = {name: getattr(written, name) for name in ("type", "id", "version")}
            values = {"org": self.org, **names, "purposes": " ".join(sorted(required))}
            self._driver.run(self._statements.label, values)

    def _create(self, new: Stored) -> int:
        state = {name: getattr(new, name) for name in ("type", "id", "version", "updated", "body", "method", "created")}
        values = {"org": self.org, "deleted": int(new.deleted), **state}
        [(key,)] = self._driver.rows(self._statements.create, values)
        return int(key)

    def _replace(self, current: Stored, new: Stored) -> int:
        names = {"org": self.org, "type": new.type, "id": new.id, "key": current.key}
        state = {name: getattr(new, name) for name in ("version", "updated", "body", "method")}
        state["deleted"] = int(new.deleted)
        self._driver.run(self._statements.supersede, names)
        self._driver.run(self._statements.replace, {"in_org": self.org, "with_key": current.key, **state})
        for index in self._statements.index.values():
            self._driver.run(index.clear, names)
        return current.key
