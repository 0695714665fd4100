"""ID tokens and what they say about a user (OpenID Connect Core 2 and 5; SMART App Launch 2.2, Identity Data)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from authlib.oidc.core.grants.util import create_half_hash  # type: ignore[import-untyped]

from gateway.auth.code_grant import Holder
from gateway.auth.keys import ID_TOKEN_ALG, MICROSECONDS

if TYPE_CHECKING:
    from gateway.auth.authority import Auth, Realm

LIFETIME = 3600


def id_token(auth: Auth, realm: Realm, holder: Holder, scope: str, access_token: str) -> str:
    """Signed by the key that is for ID tokens alone. A nonce belongs to the first token only (OIDC Core, 12.2)."""
    grant, now = holder.grant, int(auth.clock())
    claims = {
        "iss": realm.fhir_base,
        "aud": grant.client_id,
        "iat": now,
        "exp": now + LIFETIME,
        "auth_time": grant.authenticated // MICROSECONDS,
        "at_hash": create_half_hash(access_token, ID_TOKEN_ALG).decode(),
        **about_user(realm, holder, scope),
    }
    if grant.nonce and not holder.rotated:
        claims["nonce"] = grant.nonce
    return auth.keys.sign(realm.org, claims, alg=ID_TOKEN_ALG)


def about_user(realm: Realm, holder: Holder, scope: str) -> dict[str, Any]:
    """What the scopes of a token tell its holder of the user."""
    granted = scope.split()
    claims: dict[str, Any] = {"sub": holder.user.subject}
    if "fhirUser" in granted and holder.grant.fhir_user:
        claims["fhirUser"] = f"{realm.fhir_base}/{holder.grant.fhir_user}"
    if "profile" in granted:
        claims["preferred_username"] = holder.user.email
    return claims
