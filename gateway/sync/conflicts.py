"""Conflicts: facts that both sides changed to different values, kept until somebody has looked at them.

A pull decides each by the connection's rule and writes down both values, sealed, and whose they are. A person may let
it stand or take the other value: that is a new version of the resource, and so goes to the EMR like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Column, Index, String, Text
from sqlmodel import Field, Session, SQLModel, col, func, select

from gateway.auth.secrets import SecretBox
from gateway.digits import as_written
from gateway.faults import Conflict, NotFound
from gateway.store import document
from gateway.store.contract import Transaction
from gateway.store.tables import BIG_KEY
from gateway.sync import log
from gateway.sync.origins import Origin
from gateway.sync.reconcile import CRM_WINS, EMR_WINS, Disagreement
from gateway.sync.tables import Connection, instant, owner
from gateway.translation.contract import DECODER

SEALED_FOR = "sync-conflict"
SIDES = (EMR_WINS, CRM_WINS)
_encoder = msgspec.json.Encoder(enc_hook=as_written, decimal_format="number")


class ConflictRow(SQLModel, table=True):
    """One disagreement. What tells of a patient is sealed."""

    __tablename__ = "sync_conflict"
    __table_args__ = (Index("sync_conflict_by_resource", "connection", "type", "local_id"),)

    id: int | None = Field(default=None, sa_column=Column(BIG_KEY, primary_key=True))
    org: int = owner("organisation.id")
    connection: int = owner("connection.id")
    type: str = Field(sa_column=Column(String(64), nullable=False))
    local_id: str = Field(sa_column=Column(String(64), nullable=False))
    field: str = Field(sa_column=Column(Text, nullable=False))
    """Where it stands in the EMR's record."""
    expression: str = Field(sa_column=Column(Text, nullable=False))
    """Where it stands in the resource."""
    sides: str = Field(sa_column=Column(Text, nullable=False), repr=False)
    """Sealed: the elements of the resource with our value and with the EMR's, and the two values."""
    taken: str = Field(sa_column=Column(String(8), nullable=False))
    """Whose value the pull took: `emr` or `crm`."""
    ours_by: str = Field(sa_column=Column(Text, nullable=False))
    """Who wrote our value: `client …`, `connection …`."""
    ours_at: int | None = instant(nullable=True)
    found: int = instant()
    """When the EMR's value was fetched."""
    settled: int | None = Field(default=None, sa_column=Column(BigInteger))
    settled_as: str | None = Field(default=None, sa_column=Column(String(8)))
    settled_by: str | None = Field(default=None, sa_column=Column(Text))

    @property
    def resource(self) -> str:
        return f"{self.type}/{self.local_id}"


@dataclass(frozen=True, slots=True)
class Sides:
    """What either side says: the elements concerned as they would be, and the value itself."""

    ours: dict[str, Any]
    theirs: dict[str, Any]
    values: tuple[Any, Any]

    def elements(self, side: str) -> dict[str, Any]:
        return self.theirs if side == EMR_WINS else self.ours


@dataclass(frozen=True, slots=True)
class Recorder:
    """Writes down what a pull of one connection finds."""

    tx: Transaction
    session: Session
    box: SecretBox
    connection: Connection

    def record(self, type: str, local_id: str, found: Disagreement, taken: str, ours: Origin) -> ConflictRow:
        """One that is open at the same place is replaced: what it tells of is overtaken."""
        row = ConflictRow(
            org=self.connection.org, connection=self.connection.id or 0, type=type, local_id=local_id,
            field=found.field, expression=found.expression, sides="", taken=taken,
            ours_by=ours.who, ours_at=ours.when, found=self.tx.now,
        )  # fmt: skip
        row.sides = seal(self.box, row, Sides(dict(found.ours), dict(found.theirs), found.values))
        for former in self._open_at(row):
            self.session.delete(former)
        self.session.add(row)
        self.session.flush()
        log.write(
            self.session,
            self.connection,
            self.tx.now,
            direction="pull",
            resource=row.resource,
            operation="conflict",
            status="ok",
            detail=told(row, self.connection.name),
        )
        return row

    def _open_at(self, row: ConflictRow) -> Sequence[ConflictRow]:
        wanted = select(ConflictRow).where(
            ConflictRow.connection == row.connection,
            ConflictRow.type == row.type,
            ConflictRow.local_id == row.local_id,
            ConflictRow.field == row.field,
            ConflictRow.expression == row.expression,
            col(ConflictRow.settled).is_(None),
        )
        return self.session.exec(wanted).all()


def told(row: ConflictRow, connection: str) -> str:
    """What happened, without the values."""
    when = f" at {document.instant(row.ours_at)}" if row.ours_at is not None else ""
    stands = "the EMR's value was taken" if row.taken == EMR_WINS else "our value stays and goes to the EMR"
    return (
        f"{row.expression} ({row.field}) was changed on both sides: here by {row.ours_by}{when}, "
        f"and at the EMR, fetched over connection {connection} at {document.instant(row.found)}; {stands}"
    )


def seal(box: SecretBox, row: ConflictRow, sides: Sides) -> str:
    plain = _encoder.encode([sides.ours, sides.theirs, sides.values])
    return box.seal(SEALED_FOR, plain, _about(row))


def opened(box: SecretBox, row: ConflictRow) -> Sides:
    ours, theirs, values = DECODER.decode(box.open(SEALED_FOR, row.sides, _about(row)))
    return Sides(ours, theirs, (values[0], values[1]))


def _about(row: ConflictRow) -> str:
    return f"{row.connection}/{row.resource}"


def listed(session: Session, connection: Connection, *, all_: bool = False, limit: int = 200) -> Sequence[ConflictRow]:
    """Newest first; those that are settled only where asked for."""
    wanted = select(ConflictRow).where(ConflictRow.connection == connection.id)
    if not all_:
        wanted = wanted.where(col(ConflictRow.settled).is_(None))
    return session.exec(wanted.order_by(col(ConflictRow.id).desc()).limit(limit)).all()


def open_count(session: Session, connection: Connection) -> int:
    wanted = select(func.count()).where(ConflictRow.connection == connection.id, col(ConflictRow.settled).is_(None))
    return session.exec(wanted).one()


def one(session: Session, connection: Connection, id: int) -> ConflictRow:
    """Raises NotFound."""
    row = session.get(ConflictRow, id)
    if row is None or row.connection != connection.id:
        raise NotFound(
            f"Connection {connection.name} has no such conflict; `connection conflicts` lists them", "conflict"
        )
    return row


def unsettled(session: Session, connection: Connection, id: int) -> ConflictRow:
    """Raises NotFound and Conflict."""
    row = one(session, connection, id)
    if row.settled is not None:
        raise Conflict(f"This conflict was settled already, as {row.settled_as} by {row.settled_by}", "conflict")
    return row
