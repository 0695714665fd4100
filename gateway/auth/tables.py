"""The tables of the authorization server: clients, signing keys, used assertions, users and how they are signed in.

Instants are UTC microseconds since 1970, as everywhere in the database.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, ForeignKeyConstraint, Index, Integer, String, Text, text
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
    launch_url: str | None = Field(default=None, sa_column=Column(Text))
    """Where an EHR launch of it begins."""
    purposes: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=text("''")))
    """The purposes of use that it acts for: codes of http://terminology.hl7.org/ValueSet/v3-PurposeOfUse."""
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


class UserAccount(SQLModel, table=True):
    """A person who may sign in. `email` is in lower case."""

    __tablename__ = "user_account"

    org: int = Field(sa_column=Column(Integer, ForeignKey("organisation.id"), primary_key=True))
    email: str = Field(sa_column=Column(String(254), primary_key=True))
    password_hash: str = Field(sa_column=Column(Text, nullable=False), repr=False)
    role: str = Field(sa_column=Column(String(16), nullable=False))
    """One of users.Role."""
    patient: str | None = Field(default=None, sa_column=Column(String(64)))
    """The id of the Patient that this person is, or of …"""
    practitioner: str | None = Field(default=None, sa_column=Column(String(64)))
    """… the Practitioner."""
    subject: str = Field(default_factory=lambda: uuid4().hex, sa_column=Column(String(64)))
    """What applications know the person by (`sub`): the same for ever, and nothing that can be guessed."""
    created: int = Field(sa_column=Column(BigInteger, nullable=False))
    disabled: int | None = Field(default=None, sa_column=Column(BigInteger))


class UserSession(SQLModel, table=True):
    """A browser that a user has signed in with. Deleting the row signs it out."""

    __tablename__ = "user_session"
    __table_args__ = (
        ForeignKeyConstraint(["org", "email"], ["user_account.org", "user_account.email"], ondelete="CASCADE"),
    )

    org: int = Field(sa_column=Column(Integer, primary_key=True))
    digest: str = Field(sa_column=Column(String(64), primary_key=True))
    """SHA-256 of the token in the browser's cookie, in hex: this table opens no session."""
    email: str = Field(sa_column=Column(String(254), nullable=False))
    created: int = Field(sa_column=Column(BigInteger, nullable=False))
    seen: int = Field(sa_column=Column(BigInteger, nullable=False))
    """When the user last did something; told within a minute."""


class SignInAttempts(SQLModel, table=True):
    """How often a password was tried lately for one account from one address.

    The key is a digest, as the organisation and account that are tried need not exist.
    """

    __tablename__ = "sign_in_attempts"
    __table_args__ = (Index("sign_in_attempts_since", "since"),)

    digest: str = Field(sa_column=Column(String(64), primary_key=True))
    since: int = Field(sa_column=Column(BigInteger, nullable=False))
    count: int = Field(sa_column=Column(Integer, nullable=False))
