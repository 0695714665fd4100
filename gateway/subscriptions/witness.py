"""Sees every version that is written, whoever wrote it, and puts down who is to be told of it.

A write asks one question of an index, which types the organisation's active Subscriptions are about, and most often
that is all. It is asked within the transaction, so the answer is right in every process at once, and an event exists
exactly when its version does.

On PostgreSQL two transactions that each read what the other writes cannot both commit. Writes read Subscriptions and
add events; deliveries read events and write ProgressRow, which writes never read: neither gets into the other's way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import bindparam, insert, or_, select
from sqlmodel import Session

from gateway.definitions.contract import Definitions
from gateway.faults import ClientFault
from gateway.store import document
from gateway.store.compiled import Compile
from gateway.store.contract import Stored, Transaction
from gateway.store.history_sql import one_version
from gateway.subscriptions.criteria import conditions
from gateway.subscriptions.lifecycle import ACTIVE, REQUESTED, forget
from gateway.subscriptions.matching import Candidate, candidate, satisfies
from gateway.subscriptions.names import SUBSCRIPTION
from gateway.subscriptions.orders import Enqueue, Wake
from gateway.subscriptions.tables import EventRow, SubscriptionRow

TABLE: Any = SubscriptionRow.__table__  # type: ignore[attr-defined]
EVENT: Any = EventRow.__table__  # type: ignore[attr-defined]
LISTENING = (TABLE.c.org == bindparam("org"), TABLE.c.status == bindparam("status"))


class SubscriptionWitness:
    """Implements store.contract.Witness."""

    def __init__(
        self, definitions: Definitions, compile: Compile, enqueue: Enqueue, base: Callable[[str], str]
    ) -> None:
        self._definitions = definitions
        self._enqueue = enqueue
        self._base = base
        self._types = compile(select(TABLE.c.resource_type).where(*LISTENING).distinct())
        self._of_type = compile(
            select(TABLE.c.id, TABLE.c.slug, TABLE.c.criteria, TABLE.c.topic)
            .where(*LISTENING, TABLE.c.resource_type == bindparam("type"))
            .where(or_(TABLE.c.ends.is_(None), TABLE.c.ends > bindparam("now")))
            .order_by(TABLE.c.id)
        )

    def __call__(self, tx: Transaction, changes: Sequence[Stored]) -> None:
        told: dict[str, None] = {}
        listening = {"org": tx.org, "status": ACTIVE}
        types = {type for (type,) in tx.rows(self._types, listening)}
        for type in types.intersection(change.type for change in changes):
            subscribers = tx.rows(self._of_type, {**listening, "type": type, "now": tx.now})
            for change in changes:
                if change.type == type:
                    told |= dict.fromkeys(self._told(tx, change, subscribers))
        for id in told:
            self._enqueue(tx, Wake(tx.org, id, "events"), 0)
        for change in changes:
            if change.type == SUBSCRIPTION:
                self._follow(tx, change)

    def _told(self, tx: Transaction, change: Stored, subscribers: Sequence[Any]) -> list[str]:
        """Those whose criteria the version satisfies, or did before it was deleted."""
        body = change.body if not change.deleted else _before(tx, change)
        if not body or not subscribers:
            return []
        resource = document.decode(body)
        base = tx.base or self._base(subscribers[0][1])
        judged = candidate(self._definitions, resource, change.updated, base)
        found = [
            id
            for id, _, criteria, topic in subscribers
            # R4 speaks of resources that are created or updated; our topic of those deleted, too.
            if not (change.deleted and topic is None) and self._satisfied(tx, judged, change.type, criteria, base)
        ]
        if found:
            tx.connection.execute(insert(EVENT), [_event(tx.org, id, change) for id in found])
        return found

    def _satisfied(self, tx: Transaction, judged: Candidate, type: str, criteria: str, base: str) -> bool:
        try:
            return satisfies(judged, type, conditions(self._definitions, type, criteria, base=base, now=tx.now))
        except ClientFault:
            return False  # understood when it was made; the definitions have changed since

    def _follow(self, tx: Transaction, change: Stored) -> None:
        """A Subscription itself has changed: what there is to do about it."""
        with Session(tx.connection) as session:
            if change.deleted:
                forget(session, tx.org, change.id)
                return
            row = session.get(SubscriptionRow, (tx.org, change.id))
            requested = row is not None and row.status == REQUESTED
        if requested:
            self._enqueue(tx, Wake(tx.org, change.id, "handshake", change.version), 0)


def _before(tx: Transaction, change: Stored) -> bytes:
    before = one_version(tx.connection, tx.org, change.type, change.id, change.version - 1)
    return before.body if before is not None else b""


def _event(org: int, id: str, change: Stored) -> dict[str, Any]:
    return {
        "org": org,
        "subscription": id,
        "number": None,
        "type": change.type,
        "resource": change.id,
        "version": change.version,
        "deleted": int(change.deleted),
        "time": change.updated,
    }
