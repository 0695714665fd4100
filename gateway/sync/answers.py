"""What a person answers when it is asked whose record is whose: by command, console, administration or the Task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlmodel import Session

from gateway.auth.authority import Realm
from gateway.definitions.contract import Resource
from gateway.faults import Conflict, Invalid, Unprocessable
from gateway.store import document
from gateway.store.contract import Stored, Transaction
from gateway.sync import deliveries, links, log, tasks
from gateway.sync.connections import Connections
from gateway.sync.tables import Connection

Enqueue = Callable[[Transaction, Realm, Connection, list[str], float], None]
AGAIN, CHART = "deliver-again", "chart"
ONE = f"Answer with one of the two: `{CHART}`, the EMR's id of the chart, or `{AGAIN}`"


class Answers:
    """Takes answers. Each is followed by a push, in the same transaction."""

    def __init__(self, connections: Connections, enqueue: Enqueue) -> None:
        self.connections = connections
        self.enqueue = enqueue

    def take(self, tx: Transaction, realm: Realm, name: str, patient_id: str, chart: str | None) -> None:
        """`chart`: the EMR's key of the patient's record; None: deliver again. Raises Unprocessable, Conflict."""
        with Session(tx.connection) as session:
            row = self.connections.get(session, realm, name)
            self._take(session, row, patient_id, chart, tx.now)
            told = f"answered: {f'it is chart {chart}' if chart else 'deliver again'}"
            log.write(
                session,
                row,
                tx.now,
                direction="push",
                resource=f"Patient/{patient_id}",
                operation="answer",
                status="ok",
                detail=told,
            )
            tasks.report(tx, realm, name, patient_id, "requested", told)
            self.enqueue(tx, realm, row, [patient_id], 0)

    def _take(self, session: Session, row: Connection, patient_id: str, chart: str | None, now: int) -> None:
        link = links.by_local(session, row.id or 0, "Patient", patient_id)
        waits = deliveries.of(session, row.id or 0, patient_id).asked is not None
        if link is None or not waits:
            raise Unprocessable(f"Nothing is asked about Patient/{patient_id}", "Task.input")
        if chart is not None:
            self._check(session, row, chart)
        link.external_key, link.record, link.pushed = chart, None, None
        session.add(link)
        deliveries.settle(session, row.id or 0, patient_id, now)

    def _check(self, session: Session, row: Connection, chart: str) -> None:
        if not chart.strip() or not chart.isprintable() or len(chart) > 200:
            raise Invalid("That is no id of a chart", "Task.input")
        other = links.by_external(session, row.id or 0, "Patient", chart)
        if other is not None:
            raise Conflict(f"That chart is Patient/{other.local_id} already", "Task.input")

    def written(self, tx: Transaction, realm: Realm, change: Stored) -> None:
        """A client's version of a Task: an input that answers what is asked is taken."""
        task = document.decode(change.body) if change.body else {}
        given = list(_given(task))
        if not given:
            return
        patient_id = _patient(task)
        name = self._asking(tx, realm, change.id, patient_id)
        if len(given) > 1:
            raise Unprocessable(ONE, "Task.input")
        code, value = given[0]
        self.take(tx, realm, name, patient_id, _chart(code, value))

    def _asking(self, tx: Transaction, realm: Realm, task_id: str, patient_id: str) -> str:
        """The connection whose Task this is. A client need not send `owner`: R4 knows no Endpoint there."""
        with Session(tx.connection) as session:
            names = [row.name for row in self.connections.all(session, realm.org)]
        found = next((name for name in names if tasks.task_id(realm, name, patient_id) == task_id), None)
        if found is None:
            raise Unprocessable("Only the Task of a push asks for this", "Task.input")
        return found


def _given(task: Resource) -> Any:
    for item in task.get("input", ()):
        for coding in (item.get("type") or {}).get("coding", ()):
            if coding.get("system") == tasks.INPUT_CODES:
                value = next((item[name] for name in item if name.startswith("value")), None)
                yield coding.get("code"), value


def _chart(code: Any, value: Any) -> str | None:
    if code == CHART and isinstance(value, str):
        return value
    if code == AGAIN and value is True:
        return None
    raise Unprocessable(f"{ONE} with the valueBoolean true", "Task.input")


def _patient(task: Resource) -> str:
    type, _, id = str((task.get("focus") or {}).get("reference", "")).partition("/")
    return id if type == "Patient" else ""
