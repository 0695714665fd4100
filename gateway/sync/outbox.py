"""The outbox: a committed write becomes a Task and a queued push per connection, in the same database transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from sqlmodel import Session, col, select

from gateway.auth.authority import Realm
from gateway.search.query import Criterion, Query, UriValue
from gateway.store.contract import Stored, Transaction
from gateway.store.tables import HistoryRow
from gateway.sync import tasks
from gateway.sync.answers import Answers
from gateway.sync.chart import CHART_TYPES, patient_of
from gateway.sync.connections import Connections
from gateway.sync.tables import Connection

Enqueue = Callable[[Transaction, Realm, Connection, list[str], float], None]
"""(transaction, realm, connection, patient ids, delay in seconds): queue a push in the transaction."""


class PushOutbox:
    """Implements services.Outbox. A pull's writes do not come here: no EMR is told what another says."""

    def __init__(self, connections: Connections, enqueue: Enqueue) -> None:
        self.connections = connections
        self.enqueue = enqueue
        self.types = frozenset(CHART_TYPES)
        self.answers = Answers(connections, enqueue)

    def written(self, transaction: Transaction, realm: Realm, changes: Sequence[Stored]) -> None:
        for change in tuple(changes):
            if change.type == "Task":
                self.answers.written(transaction, realm, change)
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
            for patient in self._concerned(transaction, change):
                stored = transaction.read("Patient", patient)
                if stored is not None and not stored.deleted:
                    yield stored.id

    def _concerned(self, transaction: Transaction, change: Stored) -> Iterator[str]:
        """The patient that a version is about, and the one that the version before it was about."""
        if change.type == "Patient":
            yield change.id
        elif change.type == "Binary":
            yield from filter(None, _shown_by(transaction, change.id))
        elif change.type in self.types:
            before = _body_before(transaction, change) if change.version > 1 else b""
            yield from filter(None, (patient_of(change.type, change.id, body) for body in (change.body, before)))

    def _pushing(self, transaction: Transaction) -> list[Connection]:
        with Session(transaction.connection) as session:
            rows = self.connections.all(session, transaction.org)
            pushing = [row for row in rows if self._pushes(row)]
            session.expunge_all()
            return pushing

    def _pushes(self, row: Connection) -> bool:
        return self.connections.is_usable(row) and self.connections.effective_settings(row)["push"] == "true"


def _shown_by(transaction: Transaction, binary: str) -> Iterator[str | None]:
    """Patients whose documents name the Binary: a new picture is news of them."""
    places = [UriValue(f"{prefix}Binary/{binary}") for prefix in ("", f"{transaction.base}/")]
    query = Query("DocumentReference", (Criterion("location", "uri", "", tuple(places)),), count=20, want_total=False)
    for stored in transaction.search(query).matches:
        yield patient_of(stored.type, stored.id, stored.body)


def _body_before(transaction: Transaction, change: Stored) -> bytes:
    """Of a deleted resource only the history still tells whose it was."""
    wanted = (
        select(HistoryRow.body)
        .where(HistoryRow.org == transaction.org, HistoryRow.type == change.type, HistoryRow.id == change.id)
        .order_by(col(HistoryRow.version).desc())
        .limit(1)
    )
    return transaction.connection.execute(wanted).scalar() or b""
