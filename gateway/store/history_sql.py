"""Versions of resources, current and superseded, newest first: of one resource, of types, page by page.

Each type asks both tables for no more than a page, along an index; the pages are merged. What is deleted counts as a
version. A page continues behind the last version of the one before, so versions written meanwhile move nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Select, Table, and_, func, literal_column, select, tuple_, union_all
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session

from gateway.store.contract import Stored
from gateway.store.statements import STORED, stored
from gateway.store.store import SqlStore
from gateway.store.tables import HISTORY, RESOURCE

Condition = ColumnElement[bool]
TYPES_AT_ONCE = 100
"""SQLite joins at most 500 selects."""


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """Which versions; instants are UTC microseconds."""

    types: tuple[str, ...]
    id: str | None = None
    since: int | None = None
    """Written then or later."""
    before: int | None = None
    """Written before then."""
    at: tuple[int, int] | None = None
    """Current at some moment of [low, high)."""
    count: int = 20
    after: tuple[int, int] | None = None
    """(updated, key) of the last version of the page before."""


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Versions, newest first."""

    versions: Sequence[Stored]
    total: int
    """Of all pages."""
    after: tuple[int, int] | None
    """Where the next page continues, when there is one."""


async def history(store: SqlStore, org: int, query: HistoryQuery) -> HistoryPage:
    def read(session: Session) -> HistoryPage:
        return history_page(session.connection(), org, query)

    return await store.session_read(read)


def history_page(connection: Connection, org: int, query: HistoryQuery) -> HistoryPage:
    """The same inside a transaction."""
    found = sorted(_newest(connection, org, query), key=lambda version: (-version.updated, -version.key))
    versions = found[: query.count]
    more = len(found) > query.count > 0
    after = (versions[-1].updated, versions[-1].key) if more else None
    return HistoryPage(versions, _total(connection, org, query), after)


def one_version(connection: Connection, org: int, type: str, id: str, version: int) -> Stored | None:
    """A vread inside a transaction."""
    for table in (RESOURCE, HISTORY):
        c = table.c
        same = and_(c.org == org, c.type == type, c.id == id, c.version == version)
        row = connection.execute(select(*(c[name] for name in STORED)).where(same)).first()
        if row is not None:
            return stored(tuple(row))
    return None


def _newest(connection: Connection, org: int, query: HistoryQuery) -> Iterator[Stored]:
    if not query.count:
        return
    for start in range(0, len(query.types), TYPES_AT_ONCE):
        some = query.types[start : start + TYPES_AT_ONCE]
        pages = [_of_table(table, org, type, query) for type in some for table in (RESOURCE, HISTORY)]
        merged = union_all(*(select(page.subquery()) for page in pages)).subquery()
        newest = select(merged).order_by(merged.c.updated.desc(), merged.c.key.desc()).limit(query.count + 1)
        yield from (stored(tuple(row)) for row in connection.execute(newest))


def _of_table(table: Table, org: int, type: str, query: HistoryQuery) -> Select[tuple[object, ...]]:
    statement = select(*(table.c[name] for name in STORED)).where(*_conditions(table, org, type, query))
    if query.after is not None:
        statement = statement.where(tuple_(table.c.updated, table.c.key) < tuple_(*query.after))
    return statement.order_by(table.c.updated.desc(), table.c.key.desc()).limit(query.count + 1)


def _total(connection: Connection, org: int, query: HistoryQuery) -> int:
    counts = [
        select(func.count()).select_from(table).where(*_conditions(table, org, type, query))
        for type in query.types
        for table in (RESOURCE, HISTORY)
    ]
    return sum(
        row[0]
        for start in range(0, len(counts), TYPES_AT_ONCE)
        for row in connection.execute(union_all(*counts[start : start + TYPES_AT_ONCE]))
    )


def _conditions(table: Table, org: int, type: str, query: HistoryQuery) -> Iterator[Condition]:
    yield and_(table.c.org == org, table.c.type == type)
    if query.id is not None:
        yield table.c.id == query.id
    if query.since is not None:
        yield table.c.updated >= query.since
    if query.before is not None:
        yield table.c.updated < query.before
    if query.at is not None:
        low, high = query.at
        yield table.c.updated < high
        if table is HISTORY:
            yield ~(_superseded_until(RESOURCE, low) | _superseded_until(HISTORY, low))


def _superseded_until(table: Table, moment: int) -> Condition:
    """The version that came after a superseded one was there by then."""
    next = table.alias("next")
    names = ("org", "type", "id")
    same = [next.c[name] == HISTORY.c[name] for name in names]
    later = and_(*same, next.c.version == HISTORY.c.version + 1, next.c.updated <= moment)
    return select(literal_column("1")).select_from(next).where(later).correlate(HISTORY).exists()
