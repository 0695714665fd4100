"""What deliveries need to know of each Subscription, how far they have come, and the events that wait."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, SmallInteger, String, Text
from sqlmodel import Field, SQLModel

from gateway.store.tables import BIG_KEY, CODE_POINT_TEXT


class SubscriptionRow(SQLModel, table=True):
    """A Subscription resource as it was understood, and the two things that the resource does not tell."""

    __tablename__ = "subscription"
    __table_args__ = (Index("subscription_by_type", "org", "status", "resource_type"),)

    org: int = Field(sa_column=Column(Integer, ForeignKey("organisation.id"), primary_key=True))
    id: str = Field(sa_column=Column(String(64), primary_key=True))
    slug: str = Field(sa_column=Column(Text, nullable=False))
    client: str = Field(sa_column=Column(String(64), nullable=False))
    scopes: str = Field(sa_column=Column(Text, nullable=False))
    """Those of the token that wrote it last: deliveries never reach further, nor beyond the client's own."""
    status: str = Field(sa_column=Column(String(16), nullable=False))
    resource_type: str = Field(sa_column=Column(CODE_POINT_TEXT, nullable=False))
    criteria: str = Field(sa_column=Column(Text, nullable=False))
    """The search parameters, without the type."""
    topic: str | None = Field(default=None, sa_column=Column(Text))
    endpoint: str = Field(sa_column=Column(Text, nullable=False))
    secret: str = Field(sa_column=Column(Text, nullable=False), repr=False)
    """Sealed."""
    headers: str = Field(sa_column=Column(Text, nullable=False), repr=False)
    """Sealed JSON: [name, value] pairs."""
    content: str = Field(sa_column=Column(String(16), nullable=False))
    """empty | id-only | full-resource"""
    mime: str = Field(sa_column=Column(String(64), nullable=False))
    heartbeat: int | None = Field(default=None, sa_column=Column(Integer))
    """Seconds."""
    timeout: int = Field(sa_column=Column(Integer, nullable=False))
    """Seconds."""
    max_count: int = Field(sa_column=Column(Integer, nullable=False))
    ends: int | None = Field(default=None, sa_column=Column(BigInteger))


class ProgressRow(SQLModel, table=True):
    """How far deliveries have come. Apart from the Subscription, which every write reads: see witness.py."""

    __tablename__ = "subscription_progress"

    org: int = Field(sa_column=Column(Integer, ForeignKey("organisation.id"), primary_key=True))
    id: str = Field(sa_column=Column(String(64), primary_key=True))
    events: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    """The number given last."""
    attempt: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    """How often the events at hand have failed to arrive."""
    retry_at: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    sent: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    """When the endpoint last took something."""
    period: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    """Counts activations: what was planned in an earlier one is left undone."""


class EventRow(SQLModel, table=True):
    """A version that a Subscription is to be told of; removed once it was, or is no longer wanted."""

    __tablename__ = "subscription_event"
    __table_args__ = (Index("subscription_event_in_order", "org", "subscription", "id"),)

    id: int | None = Field(default=None, sa_column=Column(BIG_KEY, primary_key=True))
    org: int = Field(sa_column=Column(Integer, ForeignKey("organisation.id"), nullable=False))
    subscription: str = Field(sa_column=Column(String(64), nullable=False))
    number: int | None = Field(default=None, sa_column=Column(BigInteger))
    """Given when it is first sent: concurrent writes need not agree on an order of theirs."""
    type: str = Field(sa_column=Column(String(64), nullable=False))
    resource: str = Field(sa_column=Column(String(64), nullable=False))
    version: int = Field(sa_column=Column(Integer, nullable=False))
    deleted: int = Field(sa_column=Column(SmallInteger, nullable=False))
    time: int = Field(sa_column=Column(BigInteger, nullable=False))
