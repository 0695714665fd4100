"""The discharge lock: a discharge that the EMR's webhook did not announce is taken once and then locks the record.

An EMR whose webhook works never locks: a webhook that was called is not silent before pulls have found, for more than
a day, changes that it did not tell of. Pulls skip a locked record; pushes go on. A stay that was never taken is taken
though the record is locked, for a re-admission must not be hidden, and when it is open it unlocks the record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from gateway.auth.authority import Realm
from gateway.faults import NotFound
from gateway.store.contract import Transaction
from gateway.sync import links, log, stays, tasks, webhooks
from gateway.sync.connections import Connections
from gateway.sync.stays import Reading, StayRow
from gateway.sync.tables import Connection, Link

BY_OPERATOR = "EMR updates were unlocked; the next pull takes the chart"
BY_ADMISSION = "EMR updates were unlocked by a new stay"


@dataclass(frozen=True, slots=True)
class Lock:
    """The lock within the transaction that applies a chart."""

    tx: Transaction
    session: Session
    realm: Realm
    connection: Connection

    def holds_back(self, reading: Reading, patient: Link | None) -> bool:
        return patient is not None and patient.locked is not None and reading.before is not None

    def admit(self, reading: Reading, patient: Link) -> None:
        """A stay that is open and was never taken unlocks the record."""
        if patient.locked is not None and reading.before is None and not reading.stay.discharged:
            self.open(patient, BY_ADMISSION)

    def settle(self, reading: Reading, patient: Link, *, news: bool) -> None:
        """Remember the reading, which was applied, and lock where it found a discharge that was not announced."""
        rule, finds = reading.stay.lock, reading.finds_discharge
        row = reading.take(patient.local_id)
        if rule is None:
            return
        now, id = self.tx.now, self.connection.id or 0
        why = webhooks.silence(self.session, id, rule.hook, now) if finds else None
        if why is not None:
            self._close(patient, row, rule.reason, why)
        if news:
            webhooks.note_change(self.session, id, rule.hook, reading.changed, now)

    def _close(self, patient: Link, row: StayRow, reason: str, why: str) -> None:
        patient.locked, row.locked = reason, self.tx.now
        self.session.add_all((patient, row))
        self.session.flush()
        tasks.lock(self.tx, self.realm, self.connection.name, patient.local_id, reason)
        self._log("lock", patient, f"{reason}: {why}")

    def open(self, patient: Link, detail: str) -> None:
        patient.locked = None
        rows = stays.of_patient(self.session, self.connection.id or 0, patient.local_id)
        for row in rows:
            row.locked = None
        self.session.add_all((patient, *rows))
        self.session.flush()
        tasks.unlock(self.tx, self.realm, self.connection.name, patient.local_id)
        self._log("unlock", patient, detail)

    def _log(self, operation: str, patient: Link, detail: str) -> None:
        log.write(
            self.session,
            self.connection,
            self.tx.now,
            direction="pull",
            resource=f"Patient/{patient.local_id}",
            operation=operation,
            status="ok",
            detail=detail,
        )


def unlock(tx: Transaction, realm: Realm, rooms: Connections, name: str, patient: str) -> bool:
    """What the link "Unlock EMR Updates" does; False where nothing was locked. Raises NotFound."""
    with Session(tx.connection) as session:
        row = rooms.get(session, realm, name)
        id = row.id or 0
        link = links.by_local(session, id, "Patient", patient)
        if link is None or link.external_key is None:
            raise NotFound(f"{name} has no chart of Patient/{patient}; see its log", "patient")
        if link.locked is None:
            return False
        keys = [stay.key for stay in stays.of_patient(session, id, patient)]
        stays.recall(session, id, keys or [link.external_key], tx.now)
        Lock(tx, session, realm, row).open(link, BY_OPERATOR)
        return True


def locked(session: Session, connection: int, limit: int) -> list[dict[str, Any]]:
    """The records that are locked now, last locked first: the patient's id, the reason and since when."""
    found = session.exec(
        select(Link.local_id, Link.locked, StayRow.locked)
        .join(StayRow, (col(StayRow.connection) == Link.connection) & (col(StayRow.patient) == Link.local_id))
        .where(Link.connection == connection, Link.type == "Patient", col(Link.locked).is_not(None))
        .where(col(StayRow.locked).is_not(None))
        .order_by(col(StayRow.locked).desc(), col(Link.local_id))
        .limit(limit)
    )
    told = {patient: {"patient": f"Patient/{patient}", "reason": why, "since": since} for patient, why, since in found}
    return list(told.values())
