"""Versions of resources, current and superseded, newest first: of one resource, of types, page by page.

Each type asks both tables for no more than a page, along an index; the pages are merged. What is deleted counts as a
version. A page continues behind the last version of the one before, so versions written meanwhile move nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CompoundSelect,
    Connection,
    FromClause,
    Select,
    Table,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session

from gateway.search.plan import tests
from gateway.search.query import Query
from gateway.store.contract import Stored
from gateway.store.node_sql import keys, node_shape, node_values
from gateway.store.statements import STORED, stored
from gateway.store.store import SqlStore
from gateway.store.tables import HISTORY, LABELLED, RESOURCE

Condition = ColumnElement[bool]
TYPES_AT_ONCE = 100
"""SQLite joins at most 500 selects."""
ONE_VERSION = tuple(
    select(*(table.c[name] for name in STORED)).where(
        *(table.c[name] == bindparam(name) for name in ("org", "type", "id", "version"))
    )
    for table in (RESOURCE, HISTORY)
)


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
    closed: tuple[str, ...] = ()
    """Requirements of labels (tables.LabelledVersion) that hide a version, and all of a resource that has them now."""
    within: tuple[Query, ...] = ()
    """By type: of which resources, beside deleted ones."""
    with_total: bool = True


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Versions, newest first."""

    versions: Sequence[Stored]
    total: int | None
    """Of all pages, where it is known."""
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
    return HistoryPage(versions, _total(connection, org, query) if query.with_total else None, after)


def one_version(connection: Connection, org: int, type: str, id: str, version: int) -> Stored | None:
    """A vread inside a transaction."""
    values = {"org": org, "type": type, "id": id, "version": version}
    for statement in ONE_VERSION:
        row = connection.execute(statement, values).first()
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
        yield from (stored(tuple(row)) for row in connection.execute(newest, _values(org, query)))


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
        for row in connection.execute(union_all(*counts[start : start + TYPES_AT_ONCE]), _values(org, query))
    )


def _conditions(table: Table, org: int, type: str, query: HistoryQuery) -> Iterator[Condition]:
    yield and_(table.c.org == org, table.c.type == type)
    if query.id is not None:
        yield table.c.id == query.id
    if query.since is not None:
        yield table.c.updated >= query.since
    if query.before is not None:
        yield table.c.updated < query.before
    if query.closed:
        yield ~_is_closed(table, query.closed)
    for at, limit in enumerate(query.within):
        if limit.type == type:
            yield table.c.key.in_(_keys_within(org, limit, f"h{at}"))
    if query.at is not None:
        low, high = query.at
        yield table.c.updated < high
        if table is HISTORY:
            yield ~(_superseded_until(RESOURCE, low) | _superseded_until(HISTORY, low))


def _is_closed(table: Table, requirements: Sequence[str]) -> Condition:
    """By its labels, or by those of what the resource is now; of a deletion those of what it deleted count."""
    label, now = LABELLED.alias("label"), RESOURCE.alias("now")
    latest = select(now.c.version - now.c.deleted).where(*_same(now, table)).correlate(table).scalar_subquery()
    own = or_(label.c.version == table.c.version - table.c.deleted, label.c.version == latest)
    found: Select[Any] = select(literal_column("1")).select_from(label).where(*_same(label, table), own)
    return found.where(label.c.purposes.in_(requirements)).correlate(table).exists()


def _same(one: FromClause, table: Table) -> list[Condition]:
    return [one.c[name] == table.c[name] for name in ("org", "type", "id")]


def _keys_within(org: int, limit: Query, place: str) -> CompoundSelect[Any]:
    c = RESOURCE.c
    deleted = select(c.key).where(c.org == org, c.type == limit.type, c.deleted == 1)
    live = [keys(node_shape(node), f"{place}x{at}").subquery() for at, node in enumerate(tests(limit))]
    return union_all(deleted, *(select(each.c.key) for each in live))


def _values(org: int, query: HistoryQuery) -> dict[str, Any]:
    found: dict[str, Any] = {"org": org}
    for number, limit in enumerate(query.within):
        for at, node in enumerate(tests(limit)):
            found |= node_values(node, f"h{number}x{at}")
    return found


def _superseded_until(table: Table, moment: int) -> Condition:
    """The version that came after a superseded one was there by then."""
    next = table.alias("next")
    names = ("org", "type", "id")
    same = [next.c[name] == HISTORY.c[name] for name in names]
    later = and_(*same, next.c.version == HISTORY.c.version + 1, next.c.updated <= moment)
    return select(literal_column("1")).select_from(next).where(later).correlate(HISTORY).exists()
