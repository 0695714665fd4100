"""The tables of launches: what users granted to applications, and what each kind of token leaves behind.

An access grant is the family of everything that came of one decision: its code, access tokens and refresh tokens name
it, and revoking the row ends them all. Secrets (codes, refresh tokens, launches, initial tokens) are kept as SHA-256
digests in hex: a copy of the database gives nobody access. Instants are UTC microseconds since 1970.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, ForeignKeyConstraint, Index, Integer, String, Text
from sqlmodel import Field, SQLModel


def of_client() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["org", "client_id"], ["client.org", "client.client_id"], ondelete="CASCADE")


def of_user() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["org", "email"], ["user_account.org", "user_account.email"], ondelete="CASCADE")


class AccessGrant(SQLModel, table=True):
    """One decision of one user to let one application in."""

    __tablename__ = "access_grant"
    __table_args__ = (
        of_client(),
        of_user(),
        Index("access_grant_code", "org", "code_digest", unique=True),
        Index("access_grant_expires", "expires"),
    )

    org: int = Field(sa_column=Column(Integer, primary_key=True))
    id: str = Field(sa_column=Column(String(64), primary_key=True))
    client_id: str = Field(sa_column=Column(String(64), nullable=False))
    email: str = Field(sa_column=Column(String(254), nullable=False))
    scope: str = Field(sa_column=Column(Text, nullable=False))
    patient: str | None = Field(default=None, sa_column=Column(String(64)))
    encounter: str | None = Field(default=None, sa_column=Column(String(64)))
    fhir_user: str | None = Field(default=None, sa_column=Column(String(128)))
    """Who the user is, as TYPE/ID."""
    context: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    """The other parameters of the launch, as the token response gives them."""
    session: str | None = Field(default=None, sa_column=Column(String(64)))
    """The digest of the session in which it was granted."""
    authenticated: int = Field(sa_column=Column(BigInteger, nullable=False))
    redirect_uri: str = Field(sa_column=Column(Text, nullable=False))
    nonce: str | None = Field(default=None, sa_column=Column(Text))
    code_digest: str = Field(sa_column=Column(String(64), nullable=False))
    code_challenge: str = Field(sa_column=Column(String(128), nullable=False))
    code_expires: int = Field(sa_column=Column(BigInteger, nullable=False))
    code_used: int | None = Field(default=None, sa_column=Column(BigInteger))
    created: int = Field(sa_column=Column(BigInteger, nullable=False))
    expires: int = Field(sa_column=Column(BigInteger, nullable=False))
    """No token of the grant is good after this instant."""
    revoked: int | None = Field(default=None, sa_column=Column(BigInteger))


class RefreshToken(SQLModel, table=True):
    """One of the refresh tokens of a grant; all but the newest are used."""

    __tablename__ = "refresh_token"
    __table_args__ = (
        ForeignKeyConstraint(["org", "grant_id"], ["access_grant.org", "access_grant.id"], ondelete="CASCADE"),
        Index("refresh_token_grant", "org", "grant_id"),
    )

    org: int = Field(sa_column=Column(Integer, primary_key=True))
    digest: str = Field(sa_column=Column(String(64), primary_key=True))
    grant_id: str = Field(sa_column=Column(String(64), nullable=False))
    created: int = Field(sa_column=Column(BigInteger, nullable=False))
    expires: int = Field(sa_column=Column(BigInteger, nullable=False))
    used: int | None = Field(default=None, sa_column=Column(BigInteger))


class RevokedToken(SQLModel, table=True):
    """An access token without a grant that its client gave back, kept until it would have expired."""

    __tablename__ = "revoked_token"
    __table_args__ = (Index("revoked_token_expires", "expires"),)

    org: int = Field(sa_column=Column(Integer, ForeignKey("organisation.id"), primary_key=True))
    jti: str = Field(sa_column=Column(String(64), primary_key=True))
    expires: int = Field(sa_column=Column(BigInteger, nullable=False))


class RememberedConsent(SQLModel, table=True):
    """What a user has granted to a client before: asked for no more than this, the user is not asked again."""

    __tablename__ = "remembered_consent"
    __table_args__ = (of_client(), of_user())

    org: int = Field(sa_column=Column(Integer, primary_key=True))
    email: str = Field(sa_column=Column(String(254), primary_key=True))
    client_id: str = Field(sa_column=Column(String(64), primary_key=True))
    scope: str = Field(sa_column=Column(Text, nullable=False))
    granted: int = Field(sa_column=Column(BigInteger, nullable=False))


class LaunchContext(SQLModel, table=True):
    """What an EHR launch is about; the row goes with its use."""

    __tablename__ = "launch_context"
    __table_args__ = (Index("launch_context_expires", "expires"),)

    org: int = Field(sa_column=Column(Integer, ForeignKey("organisation.id"), primary_key=True))
    digest: str = Field(sa_column=Column(String(64), primary_key=True))
    client_id: str | None = Field(default=None, sa_column=Column(String(64)))
    """The only client that may use it."""
    email: str | None = Field(default=None, sa_column=Column(String(254)))
    """The only user who may."""
    context: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    created: int = Field(sa_column=Column(BigInteger, nullable=False))
    expires: int = Field(sa_column=Column(BigInteger, nullable=False))


class InitialToken(SQLModel, table=True):
    """Lets its holder register clients (RFC 7591, 3)."""

    __tablename__ = "initial_token"

    org: int = Field(sa_column=Column(Integer, ForeignKey("organisation.id"), primary_key=True))
    digest: str = Field(sa_column=Column(String(64), primary_key=True))
    scope: str = Field(sa_column=Column(Text, nullable=False))
    """The most that a client registered with it may get."""
    uses: int = Field(sa_column=Column(Integer, nullable=False))
    """How often it can still be used."""
    created: int = Field(sa_column=Column(BigInteger, nullable=False))
    expires: int = Field(sa_column=Column(BigInteger, nullable=False))


class IdentityProvider(SQLModel, table=True):
    """The OpenID provider whose accounts may sign in to an organisation. `client_secret` is sealed."""

    __tablename__ = "identity_provider"

    org: int = Field(sa_column=Column(Integer, ForeignKey("organisation.id"), primary_key=True, autoincrement=False))
    name: str = Field(sa_column=Column(Text, nullable=False))
    """What the sign-in page calls it."""
    issuer: str = Field(sa_column=Column(Text, nullable=False))
    client_id: str = Field(sa_column=Column(Text, nullable=False))
    client_secret: str = Field(sa_column=Column(Text, nullable=False), repr=False)
    created: int = Field(sa_column=Column(BigInteger, nullable=False))
