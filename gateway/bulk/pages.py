"""The resources of an export page by page, each as it was at the transaction time.

Superseded versions stay in the history, so an export needs no database snapshot of its own while it goes on for
minutes: what has changed meanwhile is read there, what has been made since is left out, what has been deleted since is
still exported. With `_since`, what was deleted until the transaction time is told as a deletion.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Select, select, union_all

from gateway.store.contract import Stored
from gateway.store.statements import STORED, stored
from gateway.store.tables import HISTORY, RESOURCE

PAGE = 250


def page_of_type(connection: Connection, org: int, type: str, after: int, since: int | None, time: int) -> list[Stored]:
    """The next ones in order of creation, whatever their state now, that may have been there or been deleted."""
    live = _of_state(org, type, after, 0, since)
    gone = _of_state(org, type, after, 1, time if since is None else since)
    both = union_all(select(live.subquery()), select(gone.subquery())).subquery()
    return [stored(tuple(row)) for row in connection.execute(select(both).order_by(both.c.key).limit(PAGE))]


def _of_state(org: int, type: str, after: int, deleted: int, since: int | None) -> Select[Any]:
    c = RESOURCE.c
    wanted = [c.org == org, c.type == type, c.deleted == deleted, c.key > after]
    if since is not None:
        wanted.append(c.updated > since)
    return select(*(c[name] for name in STORED)).where(*wanted).order_by(c.key).limit(PAGE)


def page_of_keys(connection: Connection, org: int, keys: Sequence[int]) -> list[Stored]:
    c = RESOURCE.c
    wanted = select(*(c[name] for name in STORED)).where(c.org == org, c.key.in_(keys)).order_by(c.key)
    return [stored(tuple(row)) for row in connection.execute(wanted)]


def as_of(connection: Connection, org: int, rows: Iterable[Stored], time: int, since: int | None) -> Iterator[Stored]:
    """The version that each had at the time, as far as the export tells of it."""
    for row in rows:
        version = row if row.updated <= time else _version_at(connection, org, row, time)
        if version is None or (since is not None and version.updated <= since):
            continue
        if not version.deleted or since is not None:
            yield version


def _version_at(connection: Connection, org: int, row: Stored, time: int) -> Stored | None:
    c = HISTORY.c
    wanted = select(*(c[name] for name in STORED)).where(c.org == org, c.type == row.type, c.id == row.id)
    found = connection.execute(wanted.where(c.updated <= time).order_by(c.version.desc()).limit(1)).first()
    return stored(tuple(found)) if found is not None else None
