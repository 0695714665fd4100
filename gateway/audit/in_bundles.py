"""The entries of Bundles that are about AuditEvents: the trail is no part of the store, and answers them itself."""

from __future__ import annotations

from collections.abc import Iterable

from sqlmodel import Session

from gateway.audit.endpoints import UNWRITABLE, check_allowed, searched, stored_event
from gateway.audit.searching import AUDIT_EVENT
from gateway.faults import MethodNotAllowed
from gateway.interactions.bundle_entries import READING, Entry, Target
from gateway.interactions.exchange import Exchange
from gateway.store.contract import Stored


def check_about_events(exchange: Exchange, entry: Entry) -> None:
    """Raises MethodNotAllowed and Forbidden."""
    if entry.type != AUDIT_EVENT:
        return
    if entry.method not in READING:
        raise MethodNotAllowed(UNWRITABLE, f"{entry.place}.request.method")
    check_allowed(exchange, "s" if entry.id is None else "r")


async def bring_up_to_date(exchange: Exchange, entries: Iterable[Entry]) -> None:
    """Before a transaction begins: what happened until now can be found in the database."""
    if any(is_of_trail(entry.target) for entry in entries):
        await exchange.services.audit.flush()


def is_of_trail(target: Target) -> bool:
    """Events have one version, and no histories."""
    plain = target.operation is None and target.compartment is None
    return target.type == AUDIT_EVENT and plain and (target.version is not None or not target.history)


def event_of(exchange: Exchange, entry: Entry, session: Session) -> Stored | None:
    known = entry.target.version in (None, 1)
    return stored_event(exchange, session, entry.id or "") if known else None


def events_of(exchange: Exchange, entry: Entry, session: Session) -> bytes:
    """A searchset."""
    return searched(exchange, entry.params)(session)
