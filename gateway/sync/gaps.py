"""Words that no mapping table of a connection knows, and whose facts an EMR therefore did not get.

They are kept for each patient, so that the operator sees what is missing and how many wait for it, and so that the
pushes which left something out go out again by themselves once the word is mapped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Text, cast, delete, func, select
from sqlmodel import Field, Session, SQLModel, col
from sqlmodel import select as rows_of

from gateway.auth.authority import Realm
from gateway.store.contract import Transaction
from gateway.sync import tasks
from gateway.sync.connections import Connections
from gateway.sync.mapping_targets import places_like
from gateway.sync.mappings import set_mapping
from gateway.sync.tables import Connection, instant
from gateway.translation.lens import LeftOut
from gateway.translation.unmapped import Unmapped

AT_ONCE = 100
"""Patients of one push workflow."""
MOST = 200
"""Words that are shown; the others follow when these are mapped."""
Enqueue = Callable[[Transaction, Realm, Connection, list[str], float], None]


class Gap(SQLModel, table=True):
    """One word that kept something of one patient back."""

    __tablename__ = "mapping_gap"
    __table_args__ = (Index("mapping_gap_by_patient", "connection", "patient"),)

    connection: int = Field(sa_column=Column(Integer, ForeignKey("connection.id"), primary_key=True))
    kind: str = Field(sa_column=Column(String(32), primary_key=True))
    source: str = Field(sa_column=Column(Text, primary_key=True))
    patient: str = Field(sa_column=Column(String(64), primary_key=True))
    target: str | None = Field(default=None, sa_column=Column(Text))
    """What it was mapped to, which the EMR does not know."""
    near: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """What the EMR has that is most like it."""
    since: int = instant()


@dataclass(frozen=True, slots=True)
class Wanted:
    """A mapping that is missing, for all of its patients."""

    kind: str
    source: str
    target: str | None
    near: Sequence[str]
    patients: int
    since: int


def unmapped(left_out: Iterable[LeftOut]) -> dict[tuple[str, str], Unmapped]:
    return {(word.kind, word.source): word for each in left_out for word in each.unmapped}


def keep(session: Session, connection: int, patient: str, left_out: Iterable[LeftOut], now: int) -> None:
    """What the latest push of the patient lacked, in place of what an earlier one did."""
    words = unmapped(left_out)
    for gap in session.exec(rows_of(Gap).where(Gap.connection == connection, Gap.patient == patient)):
        if (gap.kind, gap.source) not in words:
            session.delete(gap)
    add(session, connection, patient, words.values(), now)


def add(session: Session, connection: int, patient: str, words: Iterable[Unmapped], now: int) -> None:
    """What a push has lacked, beside what is known already."""
    for word in words:
        known = session.get(Gap, (connection, word.kind, word.source, patient))
        gap = known or Gap(connection=connection, kind=word.kind, source=word.source, patient=patient, since=now)
        gap.target, gap.near = word.target, list(word.near) or places_like(session, connection, word)
        session.add(gap)
    session.flush()


def forget(session: Session, connection: int, patient: str) -> None:
    session.connection().execute(delete(Gap).where(col(Gap.connection) == connection, col(Gap.patient) == patient))


def wanted(session: Session, connection: int) -> list[Wanted]:
    """Those that most patients wait for, first."""
    near, number = func.max(cast(Gap.near, Text)), func.count()
    told = (
        select(col(Gap.kind), col(Gap.source), func.max(Gap.target), near, number, func.min(Gap.since))
        .where(col(Gap.connection) == connection)
        .group_by(col(Gap.kind), col(Gap.source))
        .order_by(number.desc(), col(Gap.kind), col(Gap.source))
        .limit(MOST)
    )
    rows = session.connection().execute(told)
    return [Wanted(kind, source, target, json.loads(near), *rest) for kind, source, target, near, *rest in rows]


def shown(row: Wanted) -> dict[str, Any]:
    """As `connection list` tells it."""
    return {
        "mapping": row.kind,
        "from": row.source,
        "to": row.target,
        "near": list(row.near),
        "patients": row.patients,
    }


class Gaps:
    """Sets mappings, and queues again what waited for them, in the same transaction."""

    def __init__(self, connections: Connections, enqueue: Enqueue) -> None:
        self.connections = connections
        self.enqueue = enqueue

    def set(
        self, tx: Transaction, realm: Realm, name: str, kind: str, source: str, target: str
    ) -> tuple[tuple[str, ...], int]:
        """What the operator should know of the mapping, and how many patients are pushed again because of it.

        Of very many only the pushes are queued here, so that nobody else waits long; the Tasks follow when they begin.
        """
        with Session(tx.connection) as session:
            row = self.connections.get(session, realm, name)
            told = set_mapping(session, row, self.connections.translator(row), kind, source, target)
            waiting = rows_of(Gap.patient).where(
                Gap.connection == row.id, Gap.kind == kind, Gap.source == source.strip()
            )
            patients = list(session.exec(waiting.order_by(col(Gap.since))))
            if not patients or self.connections.effective_settings(row)["push"] != "true":
                return told, 0
            session.expunge_all()
        for start in range(0, len(patients), AT_ONCE):
            some = patients[start : start + AT_ONCE]
            for patient in some if len(patients) <= AT_ONCE else ():
                tasks.report(tx, realm, name, patient, "requested", f"{kind} {source.strip()} is mapped now")
            self.enqueue(tx, realm, row, some, 0)
        return told, len(patients)
