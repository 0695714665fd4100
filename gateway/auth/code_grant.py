"""authorization_code and refresh_token at the token endpoint: authlib's grants on our tables (RFC 6749, 4.1.3, 6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from authlib.oauth2.rfc6749 import (  # type: ignore[import-untyped]
    AuthorizationCodeGrant,
    InvalidGrantError,
    InvalidScopeError,
    RefreshTokenGrant,
)
from sqlmodel import Session

from gateway.auth import grants
from gateway.auth.grant_tables import AccessGrant, RefreshToken
from gateway.auth.keys import MICROSECONDS
from gateway.auth.registered import CONFIDENTIAL_METHODS, RegisteredClient
from gateway.auth.scopes import Scopes, delegated
from gateway.auth.sessions import is_open, touch_row
from gateway.auth.tables import UserAccount, UserSession

if TYPE_CHECKING:
    from gateway.auth.authority import Auth

METHODS = (*CONFIDENTIAL_METHODS, "none")
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Holder:
    """On whose behalf a token is issued: authlib's `user`."""

    grant: AccessGrant
    user: UserAccount
    rotated: bool = False
    """Not the first tokens of the grant."""


@dataclass(frozen=True, slots=True)
class Code:
    """A code as authlib asks about it."""

    grant: AccessGrant

    @property
    def code_challenge(self) -> str:
        return self.grant.code_challenge

    def get_redirect_uri(self) -> str:
        return self.grant.redirect_uri

    def get_scope(self) -> str:
        return self.grant.scope


@dataclass(frozen=True, slots=True)
class Refresh:
    """A refresh token as authlib asks about it."""

    row: RefreshToken
    grant: AccessGrant

    def check_client(self, client: RegisteredClient) -> bool:
        return self.grant.client_id == client.get_client_id()

    def get_scope(self) -> str:
        return self.grant.scope


class CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]
    """A code, once and for the client that it was made for; a second use ends what the first one gave."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    @property
    def _auth(self) -> Auth:
        auth: Auth = self.server.auth
        return auth

    def query_authorization_code(self, code: str, client: RegisteredClient) -> Code | None:
        now = int(self._auth.clock() * MICROSECONDS)
        with Session(self._auth.engine) as session:
            grant = grants.of_code(session, self.server.realm.org, code)
        if grant is None or grant.client_id != client.get_client_id():
            return None
        if grant.code_used is not None:
            revoke_stolen(self._auth, grant, "code")
        return Code(grant) if grant.code_used is None and grant.revoked is None and grant.code_expires > now else None

    def authenticate_user(self, code: Code) -> Holder:
        """Here the code is used up: authlib asks once everything about the request is known to be right."""
        now = int(self._auth.clock() * MICROSECONDS)
        with Session(self._auth.engine, expire_on_commit=False) as session:
            first = grants.use_code(session, code.grant, now=now)
            user = grants.user_of(session, code.grant)
            session.commit()
        if not first:
            revoke_stolen(self._auth, code.grant, "code")
        if not first or user is None:
            raise InvalidGrantError("The code was used before, or its user is gone.")
        return Holder(code.grant, user)

    def delete_authorization_code(self, code: Code) -> None:
        """It stays until the grant goes, so that a second use is seen."""


class RefreshGrant(RefreshTokenGrant):  # type: ignore[misc]
    """A refresh token, once; each use gives a new one, and a second use ends the grant."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    @property
    def _auth(self) -> Auth:
        auth: Auth = self.server.auth
        return auth

    def authenticate_refresh_token(self, text: str) -> Refresh | None:
        now = int(self._auth.clock() * MICROSECONDS)
        with Session(self._auth.engine) as session:
            found = grants.of_refresh_token(session, self.server.realm.org, text)
            if found is None or not Refresh(*found).check_client(self.request.client):
                return None
            row, grant = found
            online = grants.is_offline(grant) or is_online(session, grant, now)
        if row.used is not None:
            revoke_stolen(self._auth, grant, "refresh token")
        good = row.used is None and row.expires > now and grant.revoked is None and online
        return Refresh(row, grant) if good else None

    def _validate_token_scope(self, token: Refresh) -> None:
        """RFC 6749, 6: less than was granted, never more."""
        wanted = self.request.payload.scope or ""
        within = delegated(Scopes.parse(wanted), Scopes.parse(token.get_scope()))
        if set(wanted.split()) != set(str(within).split()):
            raise InvalidScopeError("The scope is wider than what was granted.")

    def authenticate_user(self, token: Refresh) -> Holder:
        now = int(self._auth.clock() * MICROSECONDS)
        with Session(self._auth.engine, expire_on_commit=False) as session:
            first = grants.use_refresh_token(session, token.row, now=now)
            user = grants.user_of(session, token.grant)
            _keep_online(session, token.grant, now)
            session.commit()
        if not first:
            revoke_stolen(self._auth, token.grant, "refresh token")
        if not first or user is None:
            raise InvalidGrantError("The refresh token was used before, or its user is gone.")
        return Holder(token.grant, user, rotated=True)

    def revoke_old_credential(self, token: Refresh) -> None:
        """Done before the new one was made."""


def revoke_stolen(auth: Auth, grant: AccessGrant, what: str) -> None:
    now = int(auth.clock() * MICROSECONDS)
    with Session(auth.engine) as session:
        revoked = grants.revoke(session, grant.org, grant.id, now=now)
        session.commit()
    if revoked:
        log.warning("grant_revoked", org=grant.org, client=grant.client_id, grant=grant.id, reason=f"{what} used twice")


def is_online(session: Session, grant: AccessGrant, now: int) -> bool:
    """The session in which it was granted is still open."""
    return is_open(session.get(UserSession, (grant.org, grant.session or "")), now)


def _keep_online(session: Session, grant: AccessGrant, now: int) -> None:
    """An application that is being used is its user doing something."""
    row = session.get(UserSession, (grant.org, grant.session or ""))
    if row is not None and is_open(row, now):
        touch_row(session, row, now)
