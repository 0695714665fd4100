"""The states of a Subscription, and who may bring it from one to another.

    requested ──handshake taken──► active ──a day of failures, authority lost──► error
        ▲                            │
        └──────── the client ◄───────┴── off: by the client, or because `end` has passed

R4 subscription.html: the client writes `requested` and `off`, the server `active` and `error`.
"""

from __future__ import annotations

from sqlalchemy import delete
from sqlmodel import Session, col

from gateway.faults import Unprocessable
from gateway.store import document
from gateway.store.contract import Transaction
from gateway.subscriptions.names import SUBSCRIPTION
from gateway.subscriptions.tables import EventRow, ProgressRow, SubscriptionRow

REQUESTED, ACTIVE, ERROR, OFF = "requested", "active", "error", "off"
STATUS = "Subscription.status"


def next_status(asked: str, before: str | None, *, moved: bool) -> str:
    """What becomes of a client's write; `moved`: it changes the channel. Raises Unprocessable."""
    if asked == REQUESTED:
        return REQUESTED
    if before is None:
        raise Unprocessable("A new Subscription is `requested`; this server makes it active", STATUS)
    if asked == OFF:
        return OFF
    if asked == before:
        return REQUESTED if moved and before == ACTIVE else before
    raise Unprocessable("Only this server says `active` or `error`; write `requested` or `off`", STATUS)


def change(tx: Transaction, session: Session, row: SubscriptionRow, status: str, error: str | None = None) -> None:
    """Write the status into the resource, as a version like any other, and into the row."""
    stored = tx.read(SUBSCRIPTION, row.id)
    if stored is None or stored.deleted:
        return
    resource = {name: value for name, value in document.decode(stored.body).items() if name != "error"}
    resource["status"] = status
    if error is not None:
        resource["error"] = error
    row.status = status
    session.add(row)
    session.flush()
    tx.put(resource)
    if status in (ERROR, OFF):
        drop_events(session, row.org, row.id)


def progress_of(session: Session, org: int, id: str) -> ProgressRow:
    found = session.get(ProgressRow, (org, id))
    if found is None:
        found = ProgressRow(org=org, id=id)
        session.add(found)
    return found


def drop_events(session: Session, org: int, id: str) -> None:
    """They keep the numbers that they were given: a client sees by the gap that it has missed something."""
    where = (col(EventRow.org) == org, col(EventRow.subscription) == id)
    session.connection().execute(delete(EventRow).where(*where))


def forget(session: Session, org: int, id: str) -> None:
    """The Subscription was deleted."""
    drop_events(session, org, id)
    for table in (ProgressRow, SubscriptionRow):
        session.connection().execute(delete(table).where(col(table.org) == org, col(table.id) == id))
