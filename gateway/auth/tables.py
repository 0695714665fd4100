"""The tables of the authorization server: clients, signing keys and the assertions that were used.

Instants are UTC microseconds since 1970, as everywhere in the database.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, ForeignKeyConstraint, Index, Integer, String, Text
from sqlmodel import Field, SQLModel


class Client(SQLModel, table=True):
    """An application that an organisation has registered."""

    __tablename__ = "client"

    org: int = Field(sa_column=Column(Integer, ForeignKey("organisation.id"), primary_key=True))
    client_id: str = Field(sa_column=Column(String(64), primary_key=True))
    name: str = Field(sa_column=Column(Text, nullable=False))
    scopes: str = Field(sa_column=Column(Text, nullable=False))
    """As registered, in the registrant's spelling."""
    grants: list[str] = Field(sa_column=Column(JSON, nullable=False))
    redirect_uris: list[str] = Field(sa_column=Column(JSON, nullable=False))
    public: bool = False
    """Cannot keep a secret: a browser or native app."""
    secret_hash: str | None = Field(default=None, sa_column=Column(Text))
    jwks: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    jwks_url: str | None = Field(default=None, sa_column=Column(Text))
    created: int = Field(sa_column=Column(BigInteger, nullable=False))
    disabled: int | None = Field(default=None, sa_column=Column(BigInteger))


class SigningKey(SQLModel, table=True):
    """A private key of an organisation, or of the gateway itself. `private_key` is sealed."""

    __tablename__ = "signing_key"
    __table_args__ = (Index("signing_key_org", "org"),)

    slot: str = Field(sa_column=Column(String(64), primary_key=True))
    """Owner, algorithm and generation: two processes cannot both make the same generation."""
    org: int | None = Field(default=None, sa_column=Column(Integer, ForeignKey("organisation.id")))
    """None: the gateway's own."""
    alg: str = Field(sa_column=Column(String(16), nullable=False))
    generation: int = Field(sa_column=Column(Integer, nullable=False))
    kid: str = Field(sa_column=Column(String(64), nullable=False, unique=True))
    private_key: str = Field(sa_column=Column(Text, nullable=False), repr=False)
    created: int = Field(sa_column=Column(BigInteger, nullable=False))
    signs_from: int = Field(sa_column=Column(BigInteger, nullable=False))
    """Published since `created`, used since this instant: verifiers have the key before they need it."""
    retired: int | None = Field(default=None, sa_column=Column(BigInteger))


class AssertionJti(SQLModel, table=True):
    """A client assertion that was used, kept until it would have expired."""

    __tablename__ = "assertion_jti"
    __table_args__ = (
        ForeignKeyConstraint(["org", "client_id"], ["client.org", "client.client_id"], ondelete="CASCADE"),
        Index("assertion_jti_expires", "org", "expires"),
    )

    org: int = Field(sa_column=Column(Integer, primary_key=True))
    client_id: str = Field(sa_column=Column(String(64), primary_key=True))
    jti: str = Field(sa_column=Column(String(64), primary_key=True))
    """SHA-256 of the `jti`, in hex: a client may choose a long one."""
    expires: int = Field(sa_column=Column(BigInteger, nullable=False))
