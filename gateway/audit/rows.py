"""Events into the database, and out of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Table, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from gateway.audit.access import Access, encoded, mentions
from gateway.audit.tables import AuditRow, MentionRow
from gateway.store.compiled import Compile, Compiled
from gateway.store.database import Driver
from gateway.store.tables import ORGANISATION

EVENT: Any = AuditRow.__table__  # type: ignore[attr-defined]
MENTION: Any = MentionRow.__table__  # type: ignore[attr-defined]
INSERT: dict[str, Callable[[Table], Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
LAST = "g"
"""Greater than every id, which is hexadecimal."""


@dataclass(frozen=True, slots=True)
class Statements:
    """What writes events; one that is there already is left as it is."""

    event: Compiled
    mention: Compiled


@cache
def compile_statements(compile: Compile, dialect: str) -> Statements:
    insert = INSERT[dialect]
    return Statements(*(compile(insert(table).on_conflict_do_nothing()) for table in (EVENT, MENTION)))


def write(driver: Driver, statements: Statements, events: Iterable[tuple[int, Access]]) -> None:
    """Events with the key of their organisation."""
    known = list(events)
    driver.run_each(statements.event, [(org, access.id, encoded(access)) for org, access in known])
    named = [(org, mention, access.id) for org, access in known for mention in mentions(access)]
    if named:
        driver.run_each(statements.mention, named)


@dataclass(frozen=True, slots=True)
class Window:
    """Which events are asked for, newest first: those between two ids, that mention something."""

    org: int
    low: str = ""
    before: str = LAST
    mentions: Sequence[str] = ()
    limit: int = 500


def events(session: Session, window: Window) -> list[bytes]:
    found = select(EVENT.c.body).where(EVENT.c.org == window.org, EVENT.c.id >= window.low, EVENT.c.id < window.before)
    if window.mentions:
        named = MENTION.c.mention.in_(window.mentions)
        within = (MENTION.c.org == window.org, MENTION.c.id >= window.low, MENTION.c.id < window.before)
        ids = select(MENTION.c.id).where(named, *within).order_by(MENTION.c.id.desc()).distinct().limit(window.limit)
        found = found.where(EVENT.c.id.in_(ids))
    return list(session.connection().scalars(found.order_by(EVENT.c.id.desc()).limit(window.limit)))


def event(session: Session, org: int, id: str) -> bytes | None:
    row = session.connection().execute(select(EVENT.c.body).where(EVENT.c.org == org, EVENT.c.id == id)).first()
    return row[0] if row is not None else None


def forget_before(session: Session, id: str) -> None:
    """What is older than the retention has it is deleted."""
    for table in (MENTION, EVENT):
        session.connection().execute(delete(table).where(table.c.id < bindparam("before")), {"before": id})


def organisations(session: Session) -> dict[str, int]:
    """Slug → key."""
    rows = session.connection().execute(select(ORGANISATION.c.slug, ORGANISATION.c.id))
    return {row.slug: row.id for row in rows}
