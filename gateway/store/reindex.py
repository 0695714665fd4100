"""Makes the rows of the search index anew, where they were made by an older extraction than the one installed.

`crosswalk migrate` does this after the schema is current; until it is done, nothing is served (index_version.py).

Batch by batch, each in a transaction of its own that notes how far it came: what is interrupted goes on from there.
Servers of the version before may go on writing meanwhile. A batch and a write of the same resource exclude each other
(one writer on SQLite, serializable transactions on PostgreSQL); what was written since the start is gone through once
more at the end, as those servers know the old extraction only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.elements import ColumnElement

from gateway.definitions.contract import Definitions
from gateway.store import document
from gateway.store.index_version import INDEX_VERSION
from gateway.store.rows import index_rows, local
from gateway.store.tables import INDEX_STATE, INDEX_TABLES, ORGANISATION, RESOURCE
from gateway.store.trouble import is_race

BATCH = 500
ATTEMPTS = 100
ROUNDS = 16
"""Of going through what was written meanwhile; servers that write faster than that have to be stopped."""
EVERYTHING = -1
OVERLAP = 60_000_000
"""Microseconds by which the clocks of servers, and the begin and end of a transaction, may be apart."""

CLAIM = update(INDEX_STATE).values(id=INDEX_STATE.c.id)
"""Writes before anything is read: of several processes that do this, one does the batch."""

Progress = Callable[[int, int], None]
"""Told how many of how many resources are done."""


def reindex(
    engine: Engine,
    definitions: Definitions,
    public_url: str = "",
    progress: Progress = lambda done, total: None,
) -> int:
    """How many resources were indexed anew by this call: none where the index is current."""
    run = Reindexing(engine, definitions, public_url, progress)
    if not run.begin():
        return 0
    done = run.all_from_where_it_stopped()
    for _ in range(ROUNDS):
        if run.has_caught_up():
            break
    run.finish()
    return done


@dataclass(slots=True)
class Reindexing:
    """One run of it."""

    engine: Engine
    definitions: Definitions
    public_url: str
    progress: Progress
    since: int = 0
    """Of what is written later, an old server may have made the rows."""

    def begin(self) -> bool:
        """From the start, or from where a run to the same version was interrupted; False where nothing is to do."""
        with self.engine.begin() as connection:
            connection.execute(CLAIM)
            found = state(connection)
            if found.version == INDEX_VERSION:
                return False
            self.since = found.since
            if found.target != INDEX_VERSION:
                self.since = newest(connection)
                values = {"target": INDEX_VERSION, "position": EVERYTHING, "since": self.since}
                connection.execute(update(INDEX_STATE).values(values))
            return True

    def all_from_where_it_stopped(self) -> int:
        done, (ready, total) = 0, self._sizes()
        while made := self._repeated(self._next_batch):
            done += made
            self.progress(min(ready + done, total), total)
        return done

    def has_caught_up(self) -> bool:
        """Goes through what was written since; whether nothing more was, until it began."""
        with self.engine.connect() as connection:
            before, until = self.since, newest(connection)
        last: int | None = EVERYTHING
        while last is not None:
            last = self._repeated(lambda connection, last=last: self._later_batch(connection, last))  # type: ignore[misc]
        self.since = until
        return until == before

    def finish(self) -> None:
        with self.engine.begin() as connection:
            values = {"version": INDEX_VERSION, "target": 0, "position": 0, "since": 0}
            connection.execute(update(INDEX_STATE).values(values))

    def _sizes(self) -> tuple[int, int]:
        with self.engine.connect() as connection:
            count = select(func.count()).where(RESOURCE.c.deleted == 0)
            position = state(connection).position
            ready = connection.execute(count.where(RESOURCE.c.key <= position)).scalar_one()
            return int(ready), int(connection.execute(count).scalar_one())

    def _repeated(self, work: Callable[[Connection], Any]) -> Any:
        """In one transaction, as if nothing else were written meanwhile."""
        for attempt in range(ATTEMPTS):
            try:
                with self.engine.connect() as connection:
                    alone(connection)
                    with connection.begin():
                        return work(connection)
            except DBAPIError as error:
                if not is_race(error) or attempt == ATTEMPTS - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _next_batch(self, connection: Connection) -> int:
        connection.execute(CLAIM)
        found = state(connection)
        if found.version == INDEX_VERSION:
            return 0
        rows = batch(connection, RESOURCE.c.key > found.position)
        if rows:
            self._write(connection, rows)
            connection.execute(update(INDEX_STATE).values(position=rows[-1].key))
        return len(rows)

    def _later_batch(self, connection: Connection, last: int) -> int | None:
        """The last key of it; None where there was no more."""
        connection.execute(CLAIM)
        rows = batch(connection, RESOURCE.c.key > last, RESOURCE.c.updated >= self.since - OVERLAP)
        self._write(connection, rows)
        return int(rows[-1].key) if rows else None

    def _write(self, connection: Connection, rows: Sequence[Any]) -> None:
        bases = fhir_bases(connection, self.public_url)
        for org, group in groupby(sorted(rows, key=attrgetter("org", "key")), attrgetter("org")):
            write(connection, self.definitions, org, bases[org], list(group))


def alone(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execution_options(isolation_level="SERIALIZABLE")


def newest(connection: Connection) -> int:
    """The store's own time: that of its latest version."""
    return int(connection.execute(select(func.max(RESOURCE.c.updated))).scalar() or 0)


def state(connection: Connection) -> Any:
    return connection.execute(select(INDEX_STATE)).one()


def fhir_bases(connection: Connection, public_url: str) -> dict[int, str]:
    rows = connection.execute(select(ORGANISATION.c.id, ORGANISATION.c.slug)).all()
    return {id: f"{public_url}/fhir/r4/{slug}" if public_url else "" for id, slug in rows}


def batch(connection: Connection, *conditions: ColumnElement[bool]) -> Sequence[Any]:
    columns = (RESOURCE.c.org, RESOURCE.c.type, RESOURCE.c.key, RESOURCE.c.body)
    wanted = select(*columns).where(RESOURCE.c.deleted == 0, *conditions)
    return connection.execute(wanted.order_by(RESOURCE.c.key).limit(BATCH)).all()


def write(connection: Connection, definitions: Definitions, org: int, base: str, rows: Sequence[Any]) -> None:
    keys = [row.key for row in rows]
    for table in INDEX_TABLES:
        connection.execute(delete(table).where(table.c.org == org, table.c.key.in_(keys)))
    for row in rows:
        entries = local(definitions.index(document.decode(row.body)), base)
        for table, values in index_rows(org, row.type, row.key, entries).items():
            names = table.columns.keys()
            connection.execute(insert(table), [dict(zip(names, each, strict=True)) for each in values])
