"""The connection log: one row for each thing that happened, for operators. It never holds patient data."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session, col, select

from gateway.sync.tables import Connection, LogEntry

MAX_DETAIL = 1000
FAILED = "failed"
REMEMBERED = 2000
Told = tuple[str | None, str, str]
"""(resource, operation, detail)"""


def write(
    session: Session,
    connection: Connection,
    now: int,
    *,
    direction: str,
    operation: str,
    status: str,
    detail: str,
    resource: str | None = None,
    attempt: int = 1,
) -> None:
    entry(session, connection, now, direction, operation, status, detail, resource, attempt)
    session.flush()


def entry(
    session: Session,
    connection: Connection,
    now: int,
    direction: str,
    operation: str,
    status: str,
    detail: str,
    resource: str | None = None,
    attempt: int = 1,
) -> None:
    """Written with the session's next flush: many at once."""
    made = LogEntry(
        org=connection.org,
        connection=connection.id or 0,
        time=now,
        direction=direction,
        resource=resource,
        operation=operation,
        status=status,
        detail=detail[:MAX_DETAIL],
        attempt=attempt,
    )
    session.add(made)


def recently(session: Session, connection: int) -> set[Told]:
    """What pulls have said of late: that which has not changed since need not be said again."""
    wanted = (
        select(LogEntry.resource, LogEntry.operation, LogEntry.detail)
        .where(LogEntry.connection == connection, LogEntry.direction == "pull")
        .order_by(col(LogEntry.id).desc())
        .limit(REMEMBERED)
    )
    return {(resource, operation, detail) for resource, operation, detail in session.exec(wanted)}


def latest(session: Session, connection: int, limit: int) -> list[dict[str, Any]]:
    """The newest entries first, in the shape of interfaces.md, 3."""
    wanted = select(LogEntry).where(LogEntry.connection == connection).order_by(col(LogEntry.id).desc()).limit(limit)
    return [_shown(entry) for entry in session.exec(wanted)]


def page(
    session: Session, connection: int, limit: int, before: int | None = None, *, failed: bool | None = None
) -> list[LogEntry]:
    """Newest first, older than entry `before`; only those that failed, or only the others."""
    wanted = select(LogEntry).where(LogEntry.connection == connection).order_by(col(LogEntry.id).desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(col(LogEntry.id) < before)
    if failed is not None:
        wanted = wanted.where(LogEntry.status == FAILED if failed else LogEntry.status != FAILED)
    return list(session.exec(wanted))


def _shown(entry: LogEntry) -> dict[str, Any]:
    return {
        "time": datetime.fromtimestamp(entry.time / 1_000_000, UTC).isoformat(timespec="milliseconds"),
        "direction": entry.direction,
        "resource": entry.resource,
        "operation": entry.operation,
        "status": entry.status,
        "detail": entry.detail,
        "attempt": entry.attempt,
    }
