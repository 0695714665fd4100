"""What a create may have brought to an EMR that never answered it: the base when its record turns up.

Without a base everything in the record would be the EMR's news, and what the CRM has changed since would be undone.
"""

from __future__ import annotations

from sqlmodel import Session, col, select

from gateway.definitions.contract import Resource
from gateway.store import document
from gateway.store.contract import Transaction
from gateway.store.tables import HistoryRow
from gateway.sync import deliveries
from gateway.sync.links import LEASE_SECONDS
from gateway.sync.tables import Link
from gateway.translation.rows import Record
from gateway.translation.view import View


def as_sent(tx: Transaction, session: Session, link: Link, lens: View) -> Record | None:
    """The record of the patient as the create may have had it; None where none is out."""
    sent = deliveries.of(session, link.connection, link.local_id).sent
    if sent is None:
        return None
    # A push has read the chart before it wrote its delivery down: rather a version too old than one that never went
    # out. What both sides say is no conflict, however old the base.
    resource = _at(tx, lens.type, link.local_id, sent - LEASE_SECONDS * 1_000_000)
    return None if resource is None else lens.to_vendor(resource, {}).value


def _at(tx: Transaction, type: str, id: str, moment: int) -> Resource | None:
    """The version that was current then, else the first one."""
    stored = tx.read(type, id)
    if stored is None or stored.deleted or stored.updated <= moment or stored.version == 1:
        return None if stored is None or stored.deleted else document.decode(stored.body)
    of = (HistoryRow.org == tx.org, HistoryRow.type == type, HistoryRow.id == id, HistoryRow.deleted == 0)
    with Session(tx.connection) as session:
        then = select(HistoryRow.body).where(*of, HistoryRow.updated <= moment).order_by(col(HistoryRow.version).desc())
        first = select(HistoryRow.body).where(*of).order_by(col(HistoryRow.version))
        body = session.exec(then.limit(1)).first() or session.exec(first.limit(1)).first()
    return None if body is None else document.decode(body)
