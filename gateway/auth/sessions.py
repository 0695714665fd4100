"""Sessions: which browser is signed in as whom, and the token that shows that a form is one of ours.

The cookie holds a random token; the database holds its digest, so a copy of the database opens no session and deleting
the row ends it. A session ends by itself after 30 minutes in which its user did nothing, and 12 hours after signing in
whatever was done. Rows that refresh themselves on a page left open are not the user doing something.

The pages of the authorization server have a cookie of their own. It is SameSite=Lax, as an application sends the
browser to them from its own site; what it opens takes a decision of its user, by a form, before anything happens.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete, or_
from sqlmodel import Session, col, select
from starlette.responses import Response

from gateway.auth.secrets import Random, SecretBox
from gateway.auth.tables import UserAccount, UserSession
from gateway.auth.users import Role
from gateway.faults import Forbidden
from gateway.settings import Settings
from gateway.store.tables import Organisation

COOKIE = "crosswalk_session"
FORM_COOKIE = "crosswalk_form"
"""Before there is a session: what the sign-in form's own token belongs to."""
SECOND = 1_000_000
IDLE_US = 30 * 60 * SECOND
ABSOLUTE_US = 12 * 3600 * SECOND
TOUCH_US = 60 * SECOND
"""A session is written at most this often."""
CSRF = "console-csrf"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A user and the session in which they came."""

    org: int
    slug: str
    org_name: str
    email: str
    role: Role
    token: str
    seen: int
    created: int
    patient: str | None = None
    """The Patient that they are, where they are one."""


def new_token(random: Random) -> str:
    return random(32).hex()


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def open_session(session: Session, user: UserAccount, token: str, now: int) -> None:
    """Also clears away what has expired."""
    session.connection().execute(
        delete(UserSession).where(
            or_(col(UserSession.seen) <= now - IDLE_US, col(UserSession.created) <= now - ABSOLUTE_US)
        )
    )
    session.add(UserSession(org=user.org, digest=digest_of(token), email=user.email, created=now, seen=now))


def is_open(row: UserSession | None, now: int) -> bool:
    return row is not None and now - row.seen < IDLE_US and now - row.created < ABSOLUTE_US


def find_session(session: Session, cookie: str, now: int) -> SignedIn | None:
    """Who the cookie's session belongs to; None when it has ended or its user was disabled."""
    org, _, token = cookie.partition(".")
    if not org.isascii() or not org.isdigit() or len(org) > 18:
        return None
    row = session.get(UserSession, (int(org), digest_of(token)))
    if row is None or not is_open(row, now):
        return None
    user = session.get(UserAccount, (row.org, row.email))
    organisation = session.exec(select(Organisation).where(Organisation.id == row.org)).one()
    if user is None or user.disabled is not None:
        return None
    role, name = Role(user.role), organisation.name
    return SignedIn(row.org, organisation.slug, name, user.email, role, token, row.seen, row.created, user.patient)


def touch(session: Session, signed_in: SignedIn, now: int) -> None:
    row = session.get(UserSession, (signed_in.org, digest_of(signed_in.token)))
    if row is not None:
        touch_row(session, row, now)


def touch_row(session: Session, row: UserSession, now: int) -> None:
    row.seen = now
    session.add(row)


def end_session(session: Session, signed_in: SignedIn) -> None:
    row = session.get(UserSession, (signed_in.org, digest_of(signed_in.token)))
    if row is not None:
        session.delete(row)


def set_lax_cookie(response: Response, settings: Settings, path: str, name: str, value: str) -> None:
    """For the pages of the authorization server, which begin with `path`."""
    response.set_cookie(name, value, path=path, httponly=True, samesite="lax", secure=is_secure(settings))


def drop_lax_cookie(response: Response, settings: Settings, path: str, name: str) -> None:
    response.delete_cookie(name, path=path, httponly=True, samesite="lax", secure=is_secure(settings))


def is_secure(settings: Settings) -> bool:
    return settings.public_url.startswith("https:")


def csrf_token(box: SecretBox, token: str) -> str:
    """What forms shown to the holder of `token` carry."""
    return hmac.new(box.mac_key(CSRF), token.encode(), hashlib.sha256).hexdigest()


def check_csrf(box: SecretBox, token: str, headers: Mapping[str, str], form: Mapping[str, str]) -> None:
    """Raises Forbidden for a form that is not one of ours."""
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("This form was sent from another site")
    sent = form.get("csrf", "").encode("utf-8", "surrogatepass")
    if not token or not hmac.compare_digest(sent, csrf_token(box, token).encode()):
        raise Forbidden("This form is not valid any more; load the page again and repeat")
