"""Deliveries: what is due for a Subscription is taken from the database, sent, and settled there.

Each of the three is complete by itself. A process that dies between them leaves the events where they are, with the
numbers that they were given; whoever goes on sends them again. So each event arrives at least once, in order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar
from uuid import uuid4

import structlog
from sqlalchemy import delete
from sqlmodel import Session, col, select

from gateway.access.seen import SeenConnection
from gateway.access.sight import Sight
from gateway.definitions.contract import Definitions
from gateway.store import document
from gateway.store.contract import Transaction
from gateway.store.history_sql import one_version
from gateway.store.store import SqlStore
from gateway.subscriptions import notification
from gateway.subscriptions.audience import Refused, is_told_of, sight_of
from gateway.subscriptions.channel import FULL
from gateway.subscriptions.lifecycle import ACTIVE, ERROR, OFF, REQUESTED, change, progress_of
from gateway.subscriptions.names import SUBSCRIPTION
from gateway.subscriptions.notification import Event, State
from gateway.subscriptions.orders import Enqueue, Wake
from gateway.subscriptions.secrecy import Secrecy
from gateway.subscriptions.sending import Letter, Sender
from gateway.subscriptions.tables import EventRow, ProgressRow, SubscriptionRow
from gateway.sync.patience import Patience
from gateway.telemetry import NOTIFICATIONS

LOST_WAKE_S = 120
"""An attempt that is overdue by this much has lost its wake: any other does it."""
MICROSECONDS = 1_000_000
log = structlog.get_logger()
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Due:
    """What one wake has to send."""

    letter: Letter
    type: str
    events: Sequence[int] = ()
    """Their keys."""


class Delivery:
    """Deliveries of all Subscriptions."""

    def __init__(
        self,
        store: SqlStore,
        definitions: Definitions,
        secrecy: Secrecy,
        sender: Sender,
        patience: Patience,
        enqueue: Enqueue,
        base: Callable[[str], str],
    ) -> None:
        self.store = store
        self.definitions = definitions
        self.secrecy = secrecy
        self.sender = sender
        self.patience = patience
        self.enqueue = enqueue
        self.base = base

    async def perform(self, wake: Wake) -> bool:
        """Do what is due, once; answers whether there is more."""
        due = await self._write(wake, self._take)
        if due is None:
            return False
        failure = await self.sender.send(due.letter)
        log.info(
            "notification", subscription=wake.id, type=due.type, taken=failure is None, request_id=due.letter.request_id
        )
        return await self._write(wake, lambda tx, session, wake: self._settle(tx, session, wake, due, failure))

    async def _write(self, wake: Wake, work: Callable[[Transaction, Session, Wake], T]) -> T:
        def inside(tx: Transaction) -> T:
            with Session(tx.connection, expire_on_commit=False) as session:
                result = work(tx, session, wake)
                session.flush()
                return result

        return await self.patience.attempted(lambda: self.store.write(wake.org, inside))

    # --- what is due? ---------------------------------------------------------------------------------------------

    def _take(self, tx: Transaction, session: Session, wake: Wake) -> Due | None:
        row = session.get(SubscriptionRow, (wake.org, wake.id))
        stored = tx.read(SUBSCRIPTION, wake.id)
        if row is None or stored is None or stored.deleted:
            return None
        tx.base = self.base(row.slug)
        if row.ends is not None and row.ends <= tx.now and row.status in (REQUESTED, ACTIVE):
            self._change(tx, session, row, OFF, "The end of the Subscription has passed")
            return None
        progress = progress_of(session, row.org, row.id)
        if not self._is_its_turn(tx, row, progress, wake, stored.version):
            return None
        try:
            self._sight(tx, session, row)
        except Refused as reason:
            self._change(tx, session, row, ERROR, str(reason))
            return None
        return TAKEN[wake.purpose](self, tx, session, row, progress)

    def _is_its_turn(
        self, tx: Transaction, row: SubscriptionRow, progress: ProgressRow, wake: Wake, version: int
    ) -> bool:
        match wake.purpose:
            case "handshake":
                return row.status == REQUESTED and wake.attempt == version
            case "events":
                overdue = tx.now > progress.retry_at + LOST_WAKE_S * MICROSECONDS
                return row.status == ACTIVE and (wake.attempt == progress.attempt or overdue)
            case _:
                return row.status == ACTIVE and wake.period == progress.period

    def _take_handshake(self, tx: Transaction, _: Session, row: SubscriptionRow, progress: ProgressRow) -> Due:
        return self._due(tx, row, progress, notification.HANDSHAKE)

    def _take_heartbeat(
        self, tx: Transaction, session: Session, row: SubscriptionRow, progress: ProgressRow
    ) -> Due | None:
        """Whatever was taken since counts as one; events that wait for their turn are not overtaken."""
        if row.heartbeat is None:
            return None
        left = progress.sent / MICROSECONDS + row.heartbeat - tx.now / MICROSECONDS
        if left > 0.05 or progress.attempt:
            wait = max(left, 0.0) or float(row.heartbeat)
            self.enqueue(tx, Wake(row.org, row.id, "heartbeat", period=progress.period), wait)
            return None
        return self._due(tx, row, progress, notification.HEARTBEAT)

    def _take_end(self, tx: Transaction, session: Session, row: SubscriptionRow, progress: ProgressRow) -> Due | None:
        """Here it has not passed yet, as clocks differ: look again."""
        left = ((row.ends or tx.now) - tx.now) / MICROSECONDS
        self.enqueue(tx, Wake(row.org, row.id, "end", period=progress.period), max(left, 1.0))
        return None

    def _take_events(
        self, tx: Transaction, session: Session, row: SubscriptionRow, progress: ProgressRow
    ) -> Due | None:
        waiting = self._waiting(tx, session, row)
        for event in waiting:
            if event.number is None:
                progress.events += 1
                event.number = progress.events
        if not waiting:
            return None
        events = [_event(tx, each, with_body=row.content == FULL) for each in waiting]
        due = self._due(tx, row, progress, notification.EVENTS, events)
        return replace(due, events=[each.id or 0 for each in waiting])

    def _waiting(self, tx: Transaction, session: Session, row: SubscriptionRow) -> Sequence[EventRow]:
        """The next ones. What the client may not be told of is dropped before it has a number."""
        wanted = (
            select(EventRow)
            .where(EventRow.org == row.org, EventRow.subscription == row.id)
            .order_by(col(EventRow.id))
            .limit(row.max_count)
        )
        seen = SeenConnection(tx.connection, row.org, self._sight(tx, session, row))
        while waiting := session.exec(wanted).all():
            hidden = [each for each in waiting if not is_told_of(seen, each)]
            if not hidden:
                break
            for each in hidden:
                session.delete(each)
            session.flush()
        return waiting

    def _sight(self, tx: Transaction, session: Session, row: SubscriptionRow) -> Sight:
        return sight_of(session, self.definitions, row, base=self.base(row.slug), now=tx.now)

    def _due(
        self,
        tx: Transaction,
        row: SubscriptionRow,
        progress: ProgressRow,
        type: str,
        events: Sequence[Event] = (),
    ) -> Due:
        upto = events[-1].number if events else progress.events
        state = State(self.base(row.slug), row.id, row.status, row.topic, row.content, upto)
        body = notification.written(notification.notification(state, type, tx.now, events), row.mime)
        kept = self.secrecy.opened(row.secret, row.headers, row.org, row.id)
        return Due(Letter(row.endpoint, kept, body, row.mime, row.timeout, str(uuid4())), type)

    # --- what became of it ----------------------------------------------------------------------------------------

    def _settle(self, tx: Transaction, session: Session, wake: Wake, due: Due, failure: str | None) -> bool:
        row = session.get(SubscriptionRow, (wake.org, wake.id))
        if row is None:
            return False
        tx.base = self.base(row.slug)
        progress = progress_of(session, row.org, row.id)
        outcome = "taken" if failure is None else "failed"
        NOTIFICATIONS.labels(due.type, outcome).inc()
        if due.type == notification.HANDSHAKE:
            stored = tx.read(SUBSCRIPTION, row.id)
            if row.status == REQUESTED and stored is not None and stored.version == wake.attempt:
                self._shaken(tx, session, row, progress, failure)
            return False
        if due.type == notification.HEARTBEAT:
            self._beaten(tx, row, progress, failure)
            return False
        return self._delivered(tx, session, row, progress, due, failure)

    def _shaken(
        self, tx: Transaction, session: Session, row: SubscriptionRow, progress: ProgressRow, failure: str | None
    ) -> None:
        """The endpoint has, or has not, agreed to be told."""
        if failure is not None:
            self._change(tx, session, row, ERROR, f"The handshake failed. {failure}")
            return
        progress.period += 1
        progress.attempt, progress.retry_at, progress.sent = 0, 0, tx.now
        self._change(tx, session, row, ACTIVE)
        self.enqueue(tx, Wake(row.org, row.id, "events"), 0)
        if row.heartbeat is not None:
            self.enqueue(tx, Wake(row.org, row.id, "heartbeat", period=progress.period), row.heartbeat)
        if row.ends is not None:
            left = (row.ends - tx.now) / MICROSECONDS
            self.enqueue(tx, Wake(row.org, row.id, "end", period=progress.period), left)

    def _beaten(self, tx: Transaction, row: SubscriptionRow, progress: ProgressRow, failure: str | None) -> None:
        """One that is missed is not repeated: the next one follows, and events say by themselves when none arrive."""
        if failure is None:
            progress.sent = tx.now
        if row.heartbeat is not None and row.status == ACTIVE:
            self.enqueue(tx, Wake(row.org, row.id, "heartbeat", period=progress.period), row.heartbeat)

    def _delivered(
        self,
        tx: Transaction,
        session: Session,
        row: SubscriptionRow,
        progress: ProgressRow,
        due: Due,
        failure: str | None,
    ) -> bool:
        if failure is None:
            session.connection().execute(delete(EventRow).where(col(EventRow.id).in_(due.events)))
            progress.attempt, progress.retry_at, progress.sent = 0, 0, tx.now
            return row.status == ACTIVE
        if row.status != ACTIVE:
            return False
        delay = next(iter(self.patience.delays[progress.attempt : progress.attempt + 1]), None)
        if delay is None:
            self._change(tx, session, row, ERROR, f"Notifications did not arrive for a day. {failure}")
            return False
        progress.attempt += 1
        progress.retry_at = tx.now + int(delay * MICROSECONDS)
        self.enqueue(tx, Wake(row.org, row.id, "events", progress.attempt), delay)
        return False

    def _change(
        self, tx: Transaction, session: Session, row: SubscriptionRow, status: str, reason: str | None = None
    ) -> None:
        change(tx, session, row, status, reason)
        log.log(40 if status == ERROR else 20, "subscription", id=row.id, status=status, reason=reason)


TAKEN: dict[str, Callable[[Delivery, Transaction, Session, SubscriptionRow, ProgressRow], Due | None]] = {
    "handshake": Delivery._take_handshake,
    "events": Delivery._take_events,
    "heartbeat": Delivery._take_heartbeat,
    "end": Delivery._take_end,
}


def _event(tx: Transaction, row: EventRow, *, with_body: bool) -> Event:
    stored = None
    if with_body and not row.deleted:
        stored = one_version(tx.connection, row.org, row.type, row.resource, row.version)
    body = stored.body if stored is not None else b""
    return Event(row.number or 0, row.type, row.resource, row.version, bool(row.deleted), row.time, body)


def error_of(body: bytes) -> str | None:
    """What the resource says about why it stopped."""
    error = document.decode(body).get("error")
    return error if isinstance(error, str) else None
