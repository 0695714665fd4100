"""Initial access tokens: who may register a client by itself, how often, and for how much (RFC 7591, 3)."""

from __future__ import annotations

from collections.abc import Container

from sqlalchemy import delete, update
from sqlmodel import Session, col

from gateway.auth.clients import check_scope
from gateway.auth.grant_tables import InitialToken
from gateway.auth.grants import MAX_SECRET, secret_text
from gateway.auth.keys import MICROSECONDS
from gateway.auth.secrets import Random
from gateway.auth.sessions import digest_of
from gateway.faults import Invalid

HOUR_US = 3600 * MICROSECONDS
MAX_HOURS, MAX_USES = 24 * 90, 1_000
DEFAULT_SCOPE = (
    "openid fhirUser profile launch launch/patient launch/encounter offline_access online_access "
    "patient/*.cruds user/*.cruds"
)
"""What people grant; access without a user has to be named when the token is made."""


def make(
    session: Session,
    org: int,
    *,
    scope: str = DEFAULT_SCOPE,
    hours: int = 24,
    uses: int = 1,
    types: Container[str],
    now: int,
    random: Random,
) -> tuple[str, int]:
    """The token, which is shown this once, and when it ends. Raises Invalid."""
    check_scope(scope, types)
    for name, number, most in (("hours", hours, MAX_HOURS), ("uses", uses, MAX_USES)):
        if not 1 <= number <= most:
            raise Invalid(f"Write a number from 1 to {most}", name)
    session.connection().execute(delete(InitialToken).where(col(InitialToken.expires) <= now))
    text, expires = secret_text(random), now + hours * HOUR_US
    row = InitialToken(org=org, digest=digest_of(text), scope=scope, uses=uses, created=now, expires=expires)
    session.add(row)
    session.flush()
    return text, expires


def use(session: Session, org: int, text: str, *, now: int) -> InitialToken | None:
    """The token, one use of it taken; None when it is none, or there is nothing left of it."""
    if len(text) > MAX_SECRET:
        return None
    this = (col(InitialToken.org) == org, col(InitialToken.digest) == digest_of(text))
    good = (col(InitialToken.uses) > 0, col(InitialToken.expires) > now)
    taken = update(InitialToken).where(*this, *good).values(uses=InitialToken.uses - 1)
    if session.connection().execute(taken).rowcount != 1:
        return None
    return session.get(InitialToken, (org, digest_of(text)))
