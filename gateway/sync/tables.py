"""Connections, what is linked to what, and what happened. Instants are UTC microseconds since 1970."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    event,
)
from sqlmodel import Field, SQLModel

from gateway.store.tables import BIG_KEY
from gateway.translation.known import person_of


def instant(*, nullable: bool = False) -> Any:
    return Field(default=None if nullable else 0, sa_column=Column(BigInteger, nullable=nullable))


def owner(column: str) -> Any:
    return Field(sa_column=Column(Integer, ForeignKey(column), nullable=False))


class Connection(SQLModel, table=True):
    """One account at one EMR. `name` is unique in the organisation and is the id of its Endpoint resource."""

    __tablename__ = "connection"
    __table_args__ = (UniqueConstraint("org", "name", name="connection_name"),)

    id: int | None = Field(default=None, primary_key=True)
    org: int = owner("organisation.id")
    name: str = Field(sa_column=Column(String(64), nullable=False))
    translator: str = Field(sa_column=Column(String(64), nullable=False))
    base_url: str = Field(sa_column=Column(Text, nullable=False))
    settings: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    secrets: str = Field(sa_column=Column(Text, nullable=False), repr=False)
    """Sealed JSON."""
    hook_token: str = Field(sa_column=Column(Text, nullable=False), repr=False)
    """Sealed; the secret part of the webhook addresses."""
    created: int = instant()
    cursor: str | None = Field(default=None, sa_column=Column(Text))
    """Where the next pull goes on; written with the page that it follows."""
    pull_started: int | None = instant(nullable=True)
    pull_finished: int | None = instant(nullable=True)
    pull_error: str | None = Field(default=None, sa_column=Column(Text))
    """Why the last pull failed; None after a good one."""
    charts_seen: int = 0
    """Of the pull that is under way: for progress."""
    charts_total: int | None = None


class Mapping(SQLModel, table=True):
    """A row of a mapping table: the CRM's word `source` is the EMR's `target`."""

    __tablename__ = "mapping"

    connection: int = Field(sa_column=Column(Integer, ForeignKey("connection.id"), primary_key=True))
    kind: str = Field(sa_column=Column(String(32), primary_key=True))
    source: str = Field(sa_column=Column(Text, primary_key=True))
    target: str = Field(sa_column=Column(Text, nullable=False))


class Link(SQLModel, table=True):
    """A resource of the store and what it is in one EMR."""

    __tablename__ = "link"
    __table_args__ = (
        UniqueConstraint("connection", "type", "local_id", name="link_local"),
        UniqueConstraint("connection", "type", "external_key", name="link_external"),
        Index("link_by_person", "connection", "type", "person"),
        Index("link_by_look", "connection", "type", "looked"),
    )

    id: int | None = Field(default=None, sa_column=Column(BIG_KEY, primary_key=True))
    org: int = owner("organisation.id")
    connection: int = owner("connection.id")
    type: str = Field(sa_column=Column(String(64), nullable=False))
    local_id: str = Field(sa_column=Column(String(64), nullable=False))
    external_key: str | None = Field(default=None, sa_column=Column(Text))
    """None while the EMR has taken the record but not told its key."""
    person: str | None = Field(default=None, sa_column=Column(Text))
    """Whom `external_key` is of, where an EMR has a key for each stay; follows from it (`person_of`)."""
    record: bytes | None = Field(default=None, sa_column=Column(LargeBinary), repr=False)
    """The vendor's document as last synced, JSON: the base of the next three-way comparison."""
    referred: str | None = Field(default=None, sa_column=Column(Text))
    """JSON: where it referred to which of the EMR's other records when it was last pulled."""
    pushed: str | None = Field(default=None, sa_column=Column(String(64)))
    """Digest of the chart as last pushed; an equal chart is not pushed again."""
    missing: str | None = Field(default=None, sa_column=Column(Text))
    """What the EMR's chart lacks before updates are taken from it."""
    locked: str | None = Field(default=None, sa_column=Column(Text))
    """Why updates from the EMR are no longer taken, until an operator unlocks it."""
    holder: str | None = Field(default=None, sa_column=Column(String(64)))
    """The workflow that is pushing it, until `held_until`."""
    held_until: int | None = instant(nullable=True)
    synced: int = instant()
    looked: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))
    """When a pull last read the patient's chart; 0: never."""


@event.listens_for(Link, "before_insert")
@event.listens_for(Link, "before_update")
def _name_person(mapper: Any, connection: Any, link: Link) -> None:
    link.person = None if link.external_key is None else person_of(link.external_key)


class LogEntry(SQLModel, table=True):
    """One thing that happened on a connection, without patient data."""

    __tablename__ = "sync_log"
    __table_args__ = (Index("sync_log_by_connection", "connection", "id"),)

    id: int | None = Field(default=None, sa_column=Column(BIG_KEY, primary_key=True))
    org: int = owner("organisation.id")
    connection: int = owner("connection.id")
    time: int = instant()
    direction: str = Field(sa_column=Column(String(8), nullable=False))
    resource: str | None = Field(default=None, sa_column=Column(Text))
    """`Type/id` in the store."""
    operation: str = Field(sa_column=Column(String(32), nullable=False))
    status: str = Field(sa_column=Column(String(16), nullable=False))
    detail: str = Field(sa_column=Column(Text, nullable=False))
    attempt: int = 1


class Executor(SQLModel, table=True):
    """A process that runs workflows; one that stops beating is dead and its work is taken over."""

    __tablename__ = "executor"

    id: str = Field(sa_column=Column(String(64), primary_key=True))
    seen: int = instant()
    serves: bool = False
    """It works on the queues, not only on what it started itself."""
