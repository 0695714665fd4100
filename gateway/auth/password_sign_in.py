"""Signing in with a password: counted before it is looked at, and as slow for an account that does not exist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio
import structlog
from sqlmodel import Session, select
from starlette.requests import Request

from gateway.audit.noting import note
from gateway.auth import attempts, sessions
from gateway.auth.tables import UserAccount
from gateway.auth.users import account_name, is_password_of
from gateway.store.tables import Organisation

if TYPE_CHECKING:
    from gateway.services import Services

HASHING = anyio.CapacityLimiter(2)
"""Passwords looked at at once: each takes 64 MiB while it lasts."""
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a try: a user, or some time to wait, or neither."""

    user: UserAccount | None
    wait: int = 0

    @property
    def said(self) -> str:
        if not self.wait:
            return "E-mail address and password do not belong together."
        minutes = -(-self.wait // 60)
        return f"Too many tries. Wait {minutes} minute{'s' if minutes > 1 else ''}, then try again."


async def try_password(services: Services, request: Request, org: str, email: str, password: str) -> Tried:
    email = account_name(email)
    note(request.scope, {"org": org, "user": email})
    key, now = _key(request, org, email), services.clock()
    if wait := await services.store.session_write(lambda s: attempts.count_try(s, key, now)):
        log.warning("sign_in_paused", org=org[:64])
        return Tried(None, wait)
    user = await services.store.session_read(lambda s: _user(s, org, email))
    if not await anyio.to_thread.run_sync(is_password_of, user, password, limiter=HASHING) or user is None:
        log.info("sign_in_refused", org=org[:64])
        return Tried(None)
    return Tried(user)


async def open_for(services: Services, request: Request, org: str, user: UserAccount) -> str:
    """A session for a user who proved who they are; the token for the browser's cookie."""
    token, now, key = sessions.new_token(services.auth.random), services.clock(), _key(request, org, user.email)

    def write(s: Session) -> None:
        attempts.clear_tries(s, key)
        sessions.open_session(s, user, token, now)

    await services.store.session_write(write)
    log.info("sign_in", org=user.org)
    return token


def _key(request: Request, org: str, email: str) -> str:
    return attempts.attempt_key(org, email, request.client.host if request.client else "")


def _user(session: Session, org: str, email: str) -> UserAccount | None:
    wanted = select(UserAccount).join(Organisation).where(Organisation.slug == org, UserAccount.email == email)
    return session.exec(wanted).first()
