"""Waiting until every write that had begun is over: what has an earlier instant is in the database from then on.

SQLite has one writer, who has to be done before another can begin: whoever writes has waited already. PostgreSQL's
writers work side by side, and one may commit after another that began later.
"""

from __future__ import annotations

import asyncio

from sqlalchemy import text
from sqlmodel import Session

from gateway.store.store import SqlStore
from gateway.store.trouble import busy

PAUSE_S = 0.05
LONGEST_S = 90.0
NOW = text("SELECT clock_timestamp()")
OLDER = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'crosswalk'"
    " AND pid <> pg_backend_pid() AND xact_start < :moment"
)


async def settled(store: SqlStore) -> None:
    """Raises DatabaseBusy where a write does not end."""
    if store.engine.dialect.name != "postgresql":
        return
    moment = await store.session_read(lambda session: session.connection().execute(NOW).scalar())

    def older(session: Session) -> int:
        return int(session.connection().execute(OLDER, {"moment": moment}).scalar() or 0)

    for _ in range(int(LONGEST_S / PAUSE_S)):
        if not await store.session_read(older):
            return
        await asyncio.sleep(PAUSE_S)
    raise busy()
