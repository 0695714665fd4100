"""Introspection and revocation: what a token is worth now, and its end (RFC 7662, RFC 7009).

A token of a user ends with its whole grant, whichever of its tokens is handed in: whoever gives back one wants out. An
access token without a user ends alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from authlib.oauth2.rfc7009 import RevocationEndpoint  # type: ignore[import-untyped]
from authlib.oauth2.rfc7662 import IntrospectionEndpoint  # type: ignore[import-untyped]
from sqlmodel import Session

from gateway.auth import grants
from gateway.auth.code_grant import METHODS, is_online
from gateway.auth.context import about_launch
from gateway.auth.grant_tables import AccessGrant, RefreshToken
from gateway.auth.keys import MICROSECONDS
from gateway.auth.registered import CONFIDENTIAL_METHODS, RegisteredClient
from gateway.auth.token_request import TokenRequest
from gateway.auth.verification import TokenRejected, caller_of

if TYPE_CHECKING:
    from gateway.auth.authority import Auth, Realm

INACTIVE = {"active": False}
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Known:
    """A token of ours, dead or alive."""

    client_id: str
    claims: dict[str, Any] | None = None
    refresh: RefreshToken | None = None
    grant: AccessGrant | None = None

    def check_client(self, client: RegisteredClient) -> bool:
        return self.client_id == client.get_client_id()


def known(auth: Auth, realm: Realm, text: str) -> Known | None:
    """The token behind a text, whichever kind it is: a hint is only one (RFC 7009, 2.1)."""
    with Session(auth.engine) as session:
        found = grants.of_refresh_token(session, realm.org, text)
        if found is not None:
            return Known(found[1].client_id, None, *found)
        try:
            claims = auth.verifier.claims_of(realm, text)
        except TokenRejected:
            return None
        grant = session.get(AccessGrant, (realm.org, str(claims["grant"]))) if "grant" in claims else None
    return Known(str(claims["client_id"]), claims, None, grant)


def described(auth: Auth, realm: Realm, token: Known | None) -> dict[str, Any]:
    """RFC 7662, 2.2, with the launch context as SMART's Token Introspection has it."""
    if token is None:
        return INACTIVE
    now = int(auth.clock() * MICROSECONDS)
    with Session(auth.engine) as session:
        if token.claims is not None:
            return _access_token(session, realm, token.claims, token.grant)
        return _refresh_token(session, realm, token, now)


def _access_token(session: Session, realm: Realm, claims: dict[str, Any], grant: AccessGrant | None) -> dict[str, Any]:
    try:
        caller = caller_of(session, realm, claims)
    except TokenRejected:
        return INACTIVE
    told = {name: claims[name] for name in ("client_id", "exp", "iat", "iss", "sub", "aud", "jti")}
    launch = {**about_launch(realm, grant), **grant.context} if grant is not None else {}
    return {"active": True, "scope": str(caller.scopes), "token_type": "bearer", **told, **launch}


def _refresh_token(session: Session, realm: Realm, token: Known, now: int) -> dict[str, Any]:
    row, grant = token.refresh, token.grant
    if row is None or grant is None or row.used is not None or row.expires <= now or grant.revoked is not None:
        return INACTIVE
    user = grants.user_of(session, grant)
    if user is None or not (grants.is_offline(grant) or is_online(session, grant, now)):
        return INACTIVE
    return {
        "active": True,
        "client_id": grant.client_id,
        "scope": grant.scope,
        "exp": row.expires // MICROSECONDS,
        "iat": row.created // MICROSECONDS,
        "iss": realm.fhir_base,
        "sub": user.subject,
        **about_launch(realm, grant),
    }


def end(auth: Auth, realm: Realm, token: Known) -> None:
    now = int(auth.clock() * MICROSECONDS)
    with Session(auth.engine) as session:
        if token.grant is not None:
            grants.revoke(session, realm.org, token.grant.id, now=now)
        elif token.claims is not None:
            expires = (int(token.claims["exp"]) + 60) * MICROSECONDS
            grants.revoke_token(session, realm.org, str(token.claims["jti"]), expires=expires, now=now)
        session.commit()
    log.info("token_revoked", org=realm.slug, client=token.client_id)


class Revocation(RevocationEndpoint):  # type: ignore[misc]
    """POST /oauth/{org}/revoke, by the client that the token was issued to."""

    CLIENT_AUTH_METHODS = METHODS

    def query_token(self, token: str, hint: str | None) -> Known | None:
        return known(self.server.auth, self.server.realm, token)

    def revoke_token(self, token: Known, request: TokenRequest) -> None:
        end(self.server.auth, self.server.realm, token)


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]
    """POST /oauth/{org}/introspect, by any client of the organisation that proves who it is."""

    CLIENT_AUTH_METHODS = CONFIDENTIAL_METHODS

    def query_token(self, token: str, hint: str | None) -> Known | None:
        return known(self.server.auth, self.server.realm, token)

    def check_permission(self, token: Known, client: RegisteredClient, request: TokenRequest) -> bool:
        return True

    def create_introspection_payload(self, token: Known | None) -> dict[str, Any]:
        return described(self.server.auth, self.server.realm, token)
