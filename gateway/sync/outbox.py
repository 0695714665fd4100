"""The outbox: a committed write becomes a Task and a queued push per connection, in the same database transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from sqlmodel import Session

from gateway.auth.authority import Realm
from gateway.store.contract import Stored, Transaction
from gateway.sync import tasks
from gateway.sync.chart import chart_types, patient_of
from gateway.sync.connections import Connections
from gateway.sync.tables import Connection

Enqueue = Callable[[Transaction, Realm, Connection, list[str], float], None]
"""(transaction, realm, connection, patient ids, delay in seconds): queue a push in the transaction."""


class PushOutbox:
    """Implements services.Outbox. A pull's writes do not come here: no EMR is told what another says."""

    def __init__(self, connections: Connections, enqueue: Enqueue) -> None:
        self.connections = connections
        self.enqueue = enqueue
        self.types = chart_types(connections.translators.values())

    def written(self, transaction: Transaction, realm: Realm, changes: Sequence[Stored]) -> None:
        patients = list(dict.fromkeys(self._patients(transaction, changes)))
        if not patients:
            return
        for connection in self._pushing(transaction):
            for patient in patients:
                tasks.report(transaction, realm, connection.name, patient, "requested")
            delay = float(self.connections.effective_settings(connection)["write_delay_s"])
            self.enqueue(transaction, realm, connection, patients, delay)

    def _patients(self, transaction: Transaction, changes: Sequence[Stored]) -> Iterator[str]:
        for change in changes:
            if change.type == "Patient" or change.type in self.types:
                patient = patient_of(change)
                stored = transaction.read("Patient", patient) if patient else None
                if stored is not None and not stored.deleted:
                    yield stored.id

    def _pushing(self, transaction: Transaction) -> list[Connection]:
        with Session(transaction.connection) as session:
            rows = self.connections.all(session, transaction.org)
            pushing = [row for row in rows if self.connections.effective_settings(row)["push"] == "true"]
            session.expunge_all()
            return pushing
