"""Access grants and their tokens in the database: opened, redeemed, rotated, revoked.

A code and a refresh token are each good once. Which of two uses at once came first is decided by one UPDATE; the
second one, whoever sends it, ends the whole grant, as one of the two holders is a thief (RFC 6749, 4.1.2; RFC 9700,
4.14.2). There is no time of grace: OAuth 2.1 (4.3.1) has none.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from gateway.auth.grant_tables import AccessGrant, RefreshToken, RevokedToken
from gateway.auth.keys import MICROSECONDS
from gateway.auth.secrets import Random
from gateway.auth.sessions import digest_of
from gateway.auth.tables import UserAccount

CODE_US = 60 * MICROSECONDS
"""From the browser's redirect to the application's token request."""
ACCESS_US = 3600 * MICROSECONDS
OFFLINE_US = 120 * 24 * 3600 * MICROSECONDS
"""Since the last use. More than the three months that certification asks for."""
MAX_SECRET = 256
OFFLINE, ONLINE = "offline_access", "online_access"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a user granted to a client, and what about."""

    client_id: str
    email: str
    scope: str
    patient: str | None
    encounter: str | None
    fhir_user: str | None
    context: dict[str, Any]
    session: str
    authenticated: int
    redirect_uri: str
    nonce: str | None
    code_challenge: str


def secret_text(random: Random) -> str:
    return base64.urlsafe_b64encode(random(32)).rstrip(b"=").decode()


def open_grant(session: Session, org: int, decision: Decision, *, now: int, random: Random) -> str:
    """The authorization code. Also clears away grants of which nothing is left."""
    session.connection().execute(delete(AccessGrant).where(col(AccessGrant.expires) <= now - ACCESS_US))
    code = secret_text(random)
    session.add(
        AccessGrant(
            org=org,
            id=random(16).hex(),
            code_digest=digest_of(code),
            code_expires=now + CODE_US,
            created=now,
            expires=now + CODE_US,
            **{name: getattr(decision, name) for name in Decision.__slots__},
        )
    )
    session.flush()
    return code


def of_code(session: Session, org: int, code: str) -> AccessGrant | None:
    if len(code) > MAX_SECRET:
        return None
    this = (AccessGrant.org == org, AccessGrant.code_digest == digest_of(code))
    return session.exec(select(AccessGrant).where(*this)).first()


def use_code(session: Session, grant: AccessGrant, *, now: int) -> bool:
    """Whether this is the first use, in time."""
    first = (col(AccessGrant.code_used).is_(None), col(AccessGrant.revoked).is_(None), AccessGrant.code_expires > now)
    return _changed(session, grant, *first, code_used=now)


def revoke(session: Session, org: int, grant_id: str, *, now: int) -> bool:
    this = (col(AccessGrant.org) == org, col(AccessGrant.id) == grant_id, col(AccessGrant.revoked).is_(None))
    return session.connection().execute(update(AccessGrant).where(*this).values(revoked=now)).rowcount == 1


def prolong(session: Session, grant: AccessGrant, until: int) -> None:
    """A token of the grant is good until then."""
    _changed(session, grant, col(AccessGrant.expires) < until, expires=until)


def add_refresh_token(session: Session, grant: AccessGrant, *, now: int, random: Random) -> str:
    text, expires = secret_text(random), now + OFFLINE_US
    session.add(RefreshToken(org=grant.org, digest=digest_of(text), grant_id=grant.id, created=now, expires=expires))
    prolong(session, grant, expires)
    return text


def of_refresh_token(session: Session, org: int, text: str) -> tuple[RefreshToken, AccessGrant] | None:
    row = session.get(RefreshToken, (org, digest_of(text))) if len(text) <= MAX_SECRET else None
    grant = session.get(AccessGrant, (org, row.grant_id)) if row is not None else None
    return (row, grant) if row is not None and grant is not None else None


def use_refresh_token(session: Session, row: RefreshToken, *, now: int) -> bool:
    """Whether this is the first use."""
    this = (col(RefreshToken.org) == row.org, col(RefreshToken.digest) == row.digest, col(RefreshToken.used).is_(None))
    return session.connection().execute(update(RefreshToken).where(*this).values(used=now)).rowcount == 1


def is_refreshing(grant: AccessGrant) -> bool:
    """Whether the grant is one that refresh tokens belong to."""
    return bool({OFFLINE, ONLINE} & set(grant.scope.split()))


def is_offline(grant: AccessGrant) -> bool:
    return OFFLINE in grant.scope.split()


def user_of(session: Session, grant: AccessGrant) -> UserAccount | None:
    """The user who granted; None once they are disabled."""
    user = session.get(UserAccount, (grant.org, grant.email))
    return user if user is not None and user.disabled is None else None


def revoke_token(session: Session, org: int, jti: str, *, expires: int, now: int) -> None:
    """An access token that belongs to no grant. Both instants are in microseconds."""
    session.connection().execute(delete(RevokedToken).where(col(RevokedToken.expires) <= now))
    if session.get(RevokedToken, (org, jti)) is None:
        session.add(RevokedToken(org=org, jti=jti, expires=expires))
    session.flush()


def is_token_revoked(session: Session, org: int, jti: str) -> bool:
    return session.get(RevokedToken, (org, jti)) is not None


def _changed(session: Session, grant: AccessGrant, *when: Any, **values: int) -> bool:
    this = (col(AccessGrant.org) == grant.org, col(AccessGrant.id) == grant.id, *when)
    return session.connection().execute(update(AccessGrant).where(*this).values(**values)).rowcount == 1
