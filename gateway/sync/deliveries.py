"""Deliveries: what of one patient went to one EMR and is not settled yet, so that nothing goes twice.

A row is written before a create goes out. While it says `sent`, no other create of that patient goes out by itself:
the EMR is looked through, and after some hours a person is asked.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, String, Text, inspect
from sqlmodel import Field, Session, SQLModel, col, func, select

from gateway.auth.authority import Realm
from gateway.definitions.contract import Resource
from gateway.faults import EmrRefused, Issue
from gateway.store import document
from gateway.store.contract import Store, Transaction
from gateway.sync import files, links, log, stays, tasks
from gateway.sync.connections import Connections
from gateway.sync.tables import Link
from gateway.translation.contract import File, Halfway, Linked


class Delivery(SQLModel, table=True):
    """One patient over one connection."""

    __tablename__ = "delivery"
    __table_args__ = (Index("delivery_outstanding", "connection", "sent"),)

    connection: int = Field(sa_column=Column(Integer, ForeignKey("connection.id"), primary_key=True))
    patient: str = Field(sa_column=Column(String(64), primary_key=True))
    sent: int | None = Field(default=None, sa_column=Column(BigInteger))
    """When a create went out whose record the EMR has not shown yet, in UTC microseconds."""
    asked: list[str] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    """A person is asked: the EMR's records of which one may be it."""
    files: dict[str, str] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    """Attachments that the EMR was sent: place → digest."""
    halfway: str | None = Field(default=None, sa_column=Column(Text))
    """What the EMR has of the record while the rest is still to follow."""
    halfway_since: int | None = Field(default=None, sa_column=Column(BigInteger))


def of(session: Session, connection: int, patient: str) -> Delivery:
    """The row, or a new one that is not stored yet."""
    found = session.get(Delivery, (connection, patient))
    return found or Delivery(connection=connection, patient=patient)


def keep(session: Session, row: Delivery) -> None:
    """Store the row; one that says nothing goes."""
    if row.sent is not None or row.asked is not None or row.files or row.halfway is not None:
        session.add(row)
    elif inspect(row).persistent:
        session.delete(row)
    session.flush()


def outstanding(session: Session, connection: int) -> list[str]:
    """Patients of whom a create went out and no record was shown."""
    wanted = select(Delivery.patient).where(Delivery.connection == connection, col(Delivery.sent).is_not(None))
    return list(session.exec(wanted))


def asked(session: Session, connection: int) -> list[Delivery]:
    """Those about which a person is asked; the oldest first."""
    wanted = select(Delivery).where(Delivery.connection == connection, col(Delivery.asked).is_not(None))
    return list(session.exec(wanted.order_by(col(Delivery.sent), Delivery.patient)))


def halfway(session: Session, connection: int) -> list[Delivery]:
    """Patients of whom the EMR has a part only; the oldest first."""
    wanted = select(Delivery).where(Delivery.connection == connection, col(Delivery.halfway).is_not(None))
    return list(session.exec(wanted.order_by(col(Delivery.halfway_since), Delivery.patient)))


def halfway_count(session: Session, connection: int) -> int:
    wanted = select(func.count()).where(Delivery.connection == connection, col(Delivery.halfway).is_not(None))
    return session.exec(wanted).one()


def forget_halfway(session: Session, connection: int, patient: str) -> None:
    """The rest has followed, or there is no patient any more."""
    row = session.get(Delivery, (connection, patient))
    if row is not None and row.halfway is not None:
        row.halfway = row.halfway_since = None
        keep(session, row)


def settle(session: Session, connection: int, patient: str, now: int) -> None:
    """The EMR's record is known, or nothing is out any more: nothing waits and nobody is asked.

    Pulls left the charts aside that it might have been, and may be past them: they are fetched once more.
    """
    row = session.get(Delivery, (connection, patient))
    if row is not None and (row.sent is not None or row.asked is not None):
        stays.recall(session, connection, row.asked or (), now)
        row.sent, row.asked = None, None
        keep(session, row)


def linked(session: Session, link: Link, known: Linked) -> Linked:
    """What a flow is told. Deliveries of before this table are as old as their links."""
    row = of(session, link.connection, link.local_id)
    if row.sent is None and link.external_key is None and link.pushed is not None:
        row.sent = link.synced
        keep(session, row)
    told = None if row.sent is None else datetime.fromtimestamp(row.sent / 1_000_000, UTC)
    return replace(known, sent=told, files=row.files or {})


def refuse_anothers(session: Session, connection: int, patient: str, key: str) -> None:
    """One record of the EMR is one patient here. Raises EmrRefused."""
    other = links.by_external(session, connection, "Patient", key)
    if other is not None and other.local_id != patient:
        told = f"The EMR's record of this patient is that of Patient/{other.local_id} already"
        raise EmrRefused((Issue(f"{told}: merge the two here if they are one person", ("Patient",)),))


class Ledger:
    """The delivery of one patient while its flow runs: what a runner reads and writes down."""

    def __init__(self, store: Store, connections: Connections, realm: Realm, name: str, patient: str) -> None:
        self.store = store
        self.connections = connections
        self.realm = realm
        self.name = name
        self.patient = patient

    async def bytes_of(self, file: File) -> bytes:
        type, _, id = file.source.partition("#")[0].partition("/")
        stored = await self.store.read(self.realm.org, type, id)
        resource: Resource | None = None if stored is None or stored.deleted else document.decode(stored.body)
        return files.bytes_of(file, resource)

    async def claim(self, settles: float | None = None) -> bool:
        return await self.store.write(self.realm.org, lambda tx: self._claim(tx, settles))

    async def withdraw(self) -> None:
        await self.store.write(self.realm.org, lambda tx: self._write(tx, None))

    async def halfway(self, halfway: Halfway) -> None:
        await self.store.write(self.realm.org, lambda tx: self._halfway(tx, halfway))

    async def adopt(self, key: str) -> None:
        await self.store.write(self.realm.org, lambda tx: self._adopt(tx, key))

    def _adopt(self, tx: Transaction, key: str) -> None:
        with Session(tx.connection) as session:
            connection = self.connections.get(session, self.realm, self.name).id or 0
            refuse_anothers(session, connection, self.patient, key)

    def _halfway(self, tx: Transaction, halfway: Halfway) -> None:
        """The key is remembered, so that what follows is an update; and whoever looks sees how far it is."""
        with Session(tx.connection) as session:
            connection = self.connections.get(session, self.realm, self.name)
            link = links.by_local(session, connection.id or 0, "Patient", self.patient)
            if link is None or link.external_key not in (None, halfway.external_id):
                return
            if link.external_key is None:
                link.external_key, link.record = halfway.external_id, links.encode_record(halfway.record)
            session.add(link)
            row = of(session, connection.id or 0, self.patient)
            row.halfway, row.halfway_since = halfway.has, row.halfway_since or tx.now
            keep(session, row)
            told = f"{halfway.has}; the rest follows"
            log.write(
                session,
                connection,
                tx.now,
                direction="push",
                resource=f"Patient/{self.patient}",
                operation="create",
                status="halfway",
                detail=told,
            )
            tasks.report(tx, self.realm, self.name, self.patient, "in-progress", told, halfway=halfway.external_id)

    def _claim(self, tx: Transaction, settles: float | None) -> bool:
        with Session(tx.connection) as session:
            connection = self.connections.get(session, self.realm, self.name).id or 0
            sent = of(session, connection, self.patient).sent
            if sent is not None and (settles is None or tx.now - sent < settles * 1_000_000):
                return False
        self._write(tx, tx.now)
        return True

    def _write(self, tx: Transaction, sent: int | None) -> None:
        with Session(tx.connection) as session:
            row = of(session, self.connections.get(session, self.realm, self.name).id or 0, self.patient)
            row.sent = sent
            keep(session, row)
