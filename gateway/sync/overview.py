"""What an operator sees of the connections at a glance: `connection list` and the console."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select

from gateway.auth.authority import Realm
from gateway.sync.allowance import allowance
from gateway.sync.conflicts import open_count
from gateway.sync.connections import Connections
from gateway.sync.deliveries import halfway_count
from gateway.sync.gaps import shown, wanted
from gateway.sync.tables import Connection, Link
from gateway.sync.tested import ConnectionTest, failure
from gateway.sync.waiting import lacking
from gateway.sync.webhooks import last_seen, warnings
from gateway.translation.hinting import Hinting


def connections(session: Session, rooms: Connections, realm: Realm, now: int) -> list[dict[str, Any]]:
    return [connection(session, rooms, realm, row, now) for row in rooms.all(session, realm.org)]


def connection(session: Session, rooms: Connections, realm: Realm, row: Connection, now: int) -> dict[str, Any]:
    missing, unready = lacking(session, row.id or 0), failure(session, row)
    return {
        "connection": row.name,
        "translator": row.translator,
        "base_url": row.base_url,
        "status": status(row, unready),
        "detail": row.pull_error or (unready.detail if unready else None),
        "last_pull": _instant(row.pull_finished),
        "charts_seen": row.charts_seen,
        "charts_total": row.charts_total,
        "lag": None if row.pull_finished is None else max(0, (now - row.pull_finished) // 1_000_000),
        "linked": _patients(session, row, col(Link.external_key).is_not(None)),
        "incomplete": sum(missing.values()),
        "lacking": missing,
        "delivered_in_part": halfway_count(session, row.id or 0),
        "mappings_missing": [shown(gap) for gap in wanted(session, row.id or 0)],
        "locked": _patients(session, row, col(Link.locked).is_not(None)),
        "webhooks": {hook: {"last_seen": _instant(seen)} for hook, seen in last_seen(session, rooms, row).items()},
        "warnings": list(warnings(session, rooms, row)),
        "conflicts": open_count(session, row),
        "hints": list(hints(rooms, row)),
        "allowance": allowance(session, rooms, realm, row, now / 1_000_000),
        "settings": rooms.effective_settings(row),
        "endpoint": f"{realm.fhir_base}/via/{row.name}",
    }


def hints(rooms: Connections, row: Connection) -> tuple[str, ...]:
    """What operators would otherwise wonder about."""
    translator = rooms.translators.get(row.translator)
    return translator.hints(rooms.effective_settings(row)) if isinstance(translator, Hinting) else ()


def status(row: Connection, unready: ConnectionTest | None) -> str:
    if row.pull_started and row.pull_started > (row.pull_finished or 0):
        return "pulling"
    if row.pull_error:
        return "failing"
    if unready:
        return "unready"
    return "ok" if row.pull_finished else "new"


def _patients(session: Session, row: Connection, condition: ColumnElement[bool]) -> int:
    wanted = select(func.count()).where(Link.connection == row.id, Link.type == "Patient", condition)
    return session.exec(wanted).one()


def _instant(microseconds: int | None) -> str | None:
    if microseconds is None:
        return None
    return datetime.fromtimestamp(microseconds / 1_000_000, UTC).isoformat(timespec="milliseconds")
