"""Signing out: of one browser, or everywhere.

Everywhere is what somebody needs who has lost a telephone: every session of theirs ends, and every grant, so that
applications have to ask again, those with offline access included. Their tokens stop working within seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, update
from sqlmodel import Session, col

from gateway.auth.grant_tables import AccessGrant
from gateway.auth.sessions import SignedIn, end_session
from gateway.auth.tables import UserAccount, UserSession
from gateway.auth.users import account_name
from gateway.faults import NotFound

EVERYWHERE = "everywhere"
"""The button's name."""


@dataclass(frozen=True, slots=True)
class Left:
    """What ended."""

    sessions: int
    grants: int


def leave(session: Session, signed_in: SignedIn, *, everywhere: bool, now: int) -> None:
    if everywhere:
        end_all(session, signed_in.org, signed_in.email, now=now)
    else:
        end_session(session, signed_in)


def sign_out_everywhere(session: Session, org: int, email: str, *, now: int) -> Left:
    """For administrators. Raises NotFound."""
    row = session.get(UserAccount, (org, account_name(email)))
    if row is None:
        raise NotFound("This organisation has no such user")
    return end_all(session, org, row.email, now=now)


def end_all(session: Session, org: int, email: str, *, now: int) -> Left:
    of_user = (col(UserSession.org) == org, col(UserSession.email) == email)
    granted = (col(AccessGrant.org) == org, col(AccessGrant.email) == email)
    good = (col(AccessGrant.revoked).is_(None), col(AccessGrant.expires) > now)
    connection = session.connection()
    ended = connection.execute(delete(UserSession).where(*of_user)).rowcount
    revoked = connection.execute(update(AccessGrant).where(*granted, *good).values(revoked=now)).rowcount
    session.expire_all()
    return Left(ended, revoked)
