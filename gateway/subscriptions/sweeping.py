"""Looks every minute for Subscriptions that wait for a wake that does not come.

Wakes are enqueued with what makes them necessary and survive the process. Still one can be lost: DBOS gives up a
workflow that took its process down again and again, and one may end in a failure that nobody foresaw.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from dbos import DBOS
from sqlalchemy import Connection, and_, exists, or_, select
from sqlmodel import Session

from gateway.store.contract import Transaction
from gateway.store.store import SqlStore
from gateway.store.tables import RESOURCE
from gateway.subscriptions.delivery import LOST_WAKE_S, MICROSECONDS
from gateway.subscriptions.lifecycle import ACTIVE, REQUESTED
from gateway.subscriptions.names import SUBSCRIPTION
from gateway.subscriptions.orders import Enqueue, Wake
from gateway.subscriptions.tables import EventRow, ProgressRow, SubscriptionRow
from gateway.sync.journal import durable

NAME = "subscriptions"
EACH_MINUTE = "* * * * *"
ROW: Any = SubscriptionRow.__table__  # type: ignore[attr-defined]
PROGRESS: Any = ProgressRow.__table__  # type: ignore[attr-defined]
EVENT: Any = EventRow.__table__  # type: ignore[attr-defined]


class Sweeping:
    """The scheduled look."""

    def __init__(self, store: SqlStore, enqueue: Enqueue, clock: Callable[[], float]) -> None:
        self.store = store
        self.enqueue = enqueue
        self.clock = clock

    def register(self) -> None:
        async def sweep(scheduled: datetime, context: object) -> None:
            await durable("sweep", self.sweep)

        self.run = DBOS.workflow(name=NAME)(sweep)

    def schedules(self) -> list[dict[str, Any]]:
        return [{"schedule_name": NAME, "workflow_fn": self.run, "schedule": EACH_MINUTE, "context": None}]

    async def sweep(self) -> None:
        now = int(self.clock() * MICROSECONDS)

        def read(session: Session) -> list[Wake]:
            connection = session.connection()
            return [*overdue_events(connection, now), *overdue_handshakes(connection, now), *ended(connection, now)]

        for wake in await self.store.session_read(read):
            await self.store.write(wake.org, partial(self._again, wake))

    def _again(self, wake: Wake, transaction: Transaction) -> None:
        self.enqueue(transaction, wake, 0)


def overdue_events(connection: Connection, now: int) -> list[Wake]:
    """Events that were to be sent a while ago."""
    limit = now - LOST_WAKE_S * MICROSECONDS
    waiting = exists().where(EVENT.c.org == ROW.c.org, EVENT.c.subscription == ROW.c.id, EVENT.c.time < limit)
    progress = and_(PROGRESS.c.org == ROW.c.org, PROGRESS.c.id == ROW.c.id)
    wanted = (
        select(ROW.c.org, ROW.c.id, PROGRESS.c.attempt)
        .join(PROGRESS, progress)
        .where(ROW.c.status == ACTIVE, PROGRESS.c.retry_at < limit, waiting)
    )
    return [Wake(org, id, "events", attempt) for org, id, attempt in connection.execute(wanted)]


def overdue_handshakes(connection: Connection, now: int) -> list[Wake]:
    same = and_(RESOURCE.c.org == ROW.c.org, RESOURCE.c.type == SUBSCRIPTION, RESOURCE.c.id == ROW.c.id)
    wanted = (
        select(ROW.c.org, ROW.c.id, RESOURCE.c.version)
        .join(RESOURCE, same)
        .where(ROW.c.status == REQUESTED, RESOURCE.c.updated < now - LOST_WAKE_S * MICROSECONDS)
    )
    return [Wake(org, id, "handshake", version) for org, id, version in connection.execute(wanted)]


def ended(connection: Connection, now: int) -> list[Wake]:
    running = or_(ROW.c.status == ACTIVE, ROW.c.status == REQUESTED)
    wanted = select(ROW.c.org, ROW.c.id).where(running, ROW.c.ends < now - LOST_WAKE_S * MICROSECONDS)
    return [Wake(org, id, "end") for org, id in connection.execute(wanted)]
