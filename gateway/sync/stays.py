"""What is remembered of each stay that an EMR has shown: how new it was, whether it had ended, where it discharges to.

A chart is a reading of a stay. Pulls may run side by side (a webhook's beside a long first load), so a reading may
come to be applied after a later one: it is known by the EMR's own time of change and not taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Text
from sqlmodel import Field, Session, SQLModel, col, delete, select

from gateway.sync import links
from gateway.sync.tables import Connection, Link, instant
from gateway.translation.contract import Part, Referral, Stay

MAX_RECALLS = 1000
"""As many charts as webhooks may have named and nobody fetched yet; the ordinary pull brings the others."""


class StayRow(SQLModel, table=True):
    """A stay as last taken."""

    __tablename__ = "stay"
    __table_args__ = (Index("stay_by_patient", "connection", "patient"),)

    connection: int = Field(sa_column=Column(Integer, ForeignKey("connection.id"), primary_key=True))
    key: str = Field(sa_column=Column(String(256), primary_key=True))
    patient: str = Field(sa_column=Column(String(64), nullable=False))
    """The Patient's id in the store."""
    changed: int | None = Field(default=None, sa_column=Column(BigInteger))
    """The EMR's own time of the change that was taken last."""
    rank: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    discharged: bool = False
    referral: str | None = Field(default=None, sa_column=Column(Text))
    """Key of the order that is active."""
    locked: int | None = Field(default=None, sa_column=Column(BigInteger))
    """When its discharge locked the patient's record; kept until the record is unlocked."""


class Recall(SQLModel, table=True):
    """A chart that is to be fetched by its key, whatever the cursor of the pulls."""

    __tablename__ = "recall"

    connection: int = Field(sa_column=Column(Integer, ForeignKey("connection.id"), primary_key=True))
    key: str = Field(sa_column=Column(String(256), primary_key=True))
    asked: int = instant()


@dataclass(slots=True)
class Reading:
    """A stay as a chart tells it, beside the stay as it was taken last."""

    session: Session
    connection: Connection
    stay: Stay
    before: StayRow | None

    @classmethod
    def of(cls, session: Session, connection: Connection, stay: Stay | None) -> Reading | None:
        if stay is None:
            return None
        return cls(session, connection, stay, session.get(StayRow, (connection.id, stay.key)))

    @property
    def changed(self) -> int | None:
        return None if self.stay.changed is None else microseconds(self.stay.changed)

    @property
    def is_stale(self) -> bool:
        """Whether a later reading has been taken."""
        taken = self.before.changed if self.before else None
        return taken is not None and self.changed is not None and self.changed < taken

    @property
    def finds_discharge(self) -> bool:
        """Whether the discharge is news. One from before the connection is not: nothing could have announced it."""
        if not self.stay.discharged:
            return False
        if self.before is not None:
            return not self.before.discharged
        return self.changed is None or self.changed >= self.connection.created

    def parts(self, own: Iterable[Part], patient: Link | None) -> Iterator[Part]:
        """The chart's own parts and its referral. What a later stay has told of the person, an earlier one does not."""
        overtaken = patient is not None and patient.id is not None and self._is_overtaken(patient)
        for part in own:
            last = links.record_of(patient) if overtaken and part.lens.type == "Patient" else None
            yield part if last is None else replace(part, record=last)
        yield from self._orders()

    def _is_overtaken(self, patient: Link) -> bool:
        later = select(StayRow.key).where(
            StayRow.connection == self._id,
            StayRow.patient == patient.local_id,
            StayRow.key != self.stay.key,
            StayRow.rank > self.stay.rank,
        )
        return self.session.exec(later.limit(1)).first() is not None

    def _orders(self) -> Iterator[Part]:
        """The order that the chart names, and, revoked, the one that it names no longer."""
        told = self.stay.referral
        if told is None:
            return
        if told.part is not None:
            yield told.part
        former = self.before.referral if self.before else None
        if former is not None and former != _key(told):
            record = links.record_of(links.by_external(self.session, self._id, told.lens.type, former))
            if record is not None:
                yield Part(told.lens, former, {**record, **told.revoked})

    def take(self, patient: str) -> StayRow:
        """Remember it as taken."""
        row = self.before or StayRow(connection=self._id, key=self.stay.key, patient=patient)
        row.patient, row.discharged = patient, self.stay.discharged
        row.rank = self.stay.rank
        row.changed = row.changed if self.changed is None else self.changed
        row.referral = _key(self.stay.referral)
        self.session.add(row)
        return row

    @property
    def _id(self) -> int:
        return self.connection.id or 0


def _key(referral: Referral | None) -> str | None:
    return referral.part.key if referral and referral.part else None


def microseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)


def of_patient(session: Session, connection: int, patient: str) -> list[StayRow]:
    return list(session.exec(select(StayRow).where(StayRow.connection == connection, StayRow.patient == patient)))


def recall(session: Session, connection: int, keys: Iterable[str], now: int) -> None:
    """Have the charts fetched by the next pull."""
    wanted = [key for key in dict.fromkeys(keys) if len(key) <= 256][:MAX_RECALLS]
    known = set(session.exec(select(Recall.key).where(Recall.connection == connection)))
    for key in wanted[: MAX_RECALLS - len(known.difference(wanted))]:
        session.merge(Recall(connection=connection, key=key, asked=now))
    session.flush()


def recalled(session: Session, connection: int, count: int) -> list[Recall]:
    """The next charts to fetch, those asked for first."""
    wanted = select(Recall).where(Recall.connection == connection).order_by(col(Recall.asked), col(Recall.key))
    return list(session.exec(wanted.limit(count)))


def fetched(session: Session, connection: int, rows: Sequence[Recall]) -> None:
    """They need not be fetched again, unless they were asked for anew meanwhile."""
    for row in rows:
        session.exec(
            delete(Recall).where(
                col(Recall.connection) == connection, col(Recall.key) == row.key, col(Recall.asked) <= row.asked
            )
        )
