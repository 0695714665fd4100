"""The tables of the audit trail. Events are kept as they were written down, and made into AuditEvents when read."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Integer, LargeBinary
from sqlmodel import Field, SQLModel

from gateway.store.tables import WITHOUT_ROWID, text


def organisation() -> Any:
    return Field(sa_column=Column(Integer, primary_key=True, nullable=False, autoincrement=False))


class AuditRow(SQLModel, table=True):
    """One event. Ids begin with the time, so the key is in order of time."""

    __tablename__ = "audit_event"
    __table_args__ = (WITHOUT_ROWID,)

    org: int = organisation()
    id: str = text(primary=True)
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class MentionRow(SQLModel, table=True):
    """A resource that an event names, as TYPE/ID."""

    __tablename__ = "audit_mention"
    __table_args__ = (WITHOUT_ROWID,)

    org: int = organisation()
    mention: str = text(primary=True)
    id: str = text(primary=True)
