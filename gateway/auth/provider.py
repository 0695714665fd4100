"""An organisation's own OpenID provider: its discovery, its tokens, and who they say has signed in.

OpenID Connect Core 3.1 as the relying party, with PKCE and a nonce. Who comes back has to be a user here already, by
an e-mail address that the provider says is verified; nothing else of the ID token is believed. Every call goes through
the guarded client, which follows no redirect and reaches no private address.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import anyio
import httpx
import msgspec
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlmodel import Session

from gateway.auth.authority import Auth, Realm
from gateway.auth.grant_tables import IdentityProvider
from gateway.auth.keys import Clock
from gateway.faults import Fault, Invalid
from gateway.upstream import UpstreamRefused, check_url

PURPOSE = "identity-provider"
ALGORITHMS = ("RS256", "ES256", "PS256", "RS384", "ES384")
LEEWAY = 60
"""Two clocks of two parties."""
DEADLINE = 10.0
MAX_BYTES = 256 * 1024
MAX_NAME = 100
REGISTRY = jws.JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)


class ProviderFailed(Exception):
    """It did not answer as its specification says; the message is for the log."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A configured provider, its secret opened."""

    issuer: str
    client_id: str
    client_secret: str
    name: str


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What its discovery document says."""

    authorization: str
    token: str
    jwks: str


def put_provider(session: Session, auth: Auth, org: int, provider: Provider, *, now: int) -> None:
    """Raises Invalid. The secret is kept sealed."""
    try:
        check_url(provider.issuer, allow_private=auth.settings.allow_private_upstreams)
    except UpstreamRefused as refusal:
        raise Invalid(str(refusal), "issuer") from None
    for place, text in (("client_id", provider.client_id), ("client_secret", provider.client_secret)):
        if not text.strip():
            raise Invalid("Write what the provider gave for this gateway", place)
    if not provider.name.strip() or len(provider.name) > MAX_NAME or not provider.name.isprintable():
        raise Invalid(f"Write 1 to {MAX_NAME} printable characters", "name")
    row = session.get(IdentityProvider, org) or IdentityProvider(
        org=org, name="", issuer="", client_id="", client_secret="", created=now
    )
    row.issuer, row.client_id, row.name = provider.issuer.rstrip("/"), provider.client_id, provider.name.strip()
    row.client_secret = auth.box.seal(PURPOSE, provider.client_secret.encode(), about=str(org))
    session.add(row)
    session.flush()


def find_provider(session: Session, auth: Auth, org: int) -> Provider | None:
    row = session.get(IdentityProvider, org)
    if row is None:
        return None
    secret = auth.box.open(PURPOSE, row.client_secret, about=str(org)).decode()
    return Provider(row.issuer, row.client_id, secret, row.name)


def drop_provider(session: Session, org: int) -> bool:
    row = session.get(IdentityProvider, org)
    if row is not None:
        session.delete(row)
        session.flush()
    return row is not None


def callback_of(realm: Realm) -> str:
    """The redirect URI to register at the provider."""
    return realm.endpoint("provider/callback")


async def discovered(auth: Auth, provider: Provider) -> Endpoints:
    """Raises ProviderFailed."""
    found = await _asked(auth.http, "GET", f"{provider.issuer}/.well-known/openid-configuration")
    if str(found.get("issuer")).rstrip("/") != provider.issuer:
        raise ProviderFailed("the discovery document is another issuer's")
    named = [found.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
    try:
        for url in named:
            check_url(str(url), allow_private=auth.settings.allow_private_upstreams)
    except UpstreamRefused:
        raise ProviderFailed("the discovery document names no usable endpoints") from None
    return Endpoints(*map(str, named))


async def signed_in_email(auth: Auth, realm: Realm, provider: Provider, code: str, *, verifier: str, nonce: str) -> str:
    """The verified e-mail address of who signed in. Raises ProviderFailed."""
    endpoints = await discovered(auth, provider)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": callback_of(realm),
        "code_verifier": verifier,
    }
    credentials = httpx.BasicAuth(provider.client_id, provider.client_secret)
    tokens = await _asked(auth.http, "POST", endpoints.token, data=form, auth=credentials)
    keys = await _asked(auth.http, "GET", endpoints.jwks)
    claims = verified(tokens.get("id_token"), keys, provider, nonce=nonce, clock=auth.clock)
    email = claims.get("email")
    if claims.get("email_verified") is not True or not isinstance(email, str):
        raise ProviderFailed("the provider does not vouch for an e-mail address")
    return email


def verified(
    token: object, document: dict[str, Any], provider: Provider, *, nonce: str, clock: Clock
) -> dict[str, Any]:
    """OpenID Connect Core, 3.1.3.7. Raises ProviderFailed."""
    if not isinstance(token, str):
        raise ProviderFailed("no ID token")
    rules = jwt.JWTClaimsRegistry(
        now=int(clock()),
        leeway=LEEWAY,
        iss={"essential": True, "value": provider.issuer},
        aud={"essential": True, "value": provider.client_id},
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    try:
        claims = jwt.decode(token, _public(document), registry=REGISTRY).claims
        rules.validate({**claims, "iss": str(claims.get("iss", "")).rstrip("/")})
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise ProviderFailed(f"the ID token does not hold: {type(error).__name__}") from None
    if isinstance(claims["aud"], list) and claims.get("azp", provider.client_id) != provider.client_id:
        raise ProviderFailed("the ID token was made for another client")
    return claims


def _public(document: dict[str, Any]) -> KeySet:
    """RSA and EC keys alone: a shared secret among them would let a signature be forged."""
    keys = [key for key in document.get("keys", ()) if isinstance(key, dict) and key.get("kty") in ("RSA", "EC")]
    return KeySet.import_key_set({"keys": [key for key in keys if key.get("use", "sig") == "sig"]})


async def _asked(http: httpx.AsyncClient, method: str, url: str, **more: Any) -> dict[str, Any]:
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    try:
        with anyio.fail_after(DEADLINE):
            async with http.stream(method, url, headers=headers, **more) as response:
                body = await _limited(response)
        parsed = msgspec.json.decode(body)
    except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, Fault, msgspec.DecodeError, RecursionError) as error:
        raise ProviderFailed(f"no answer that can be read: {type(error).__name__}") from None
    if response.status_code != 200 or not isinstance(parsed, dict):
        raise ProviderFailed(f"status {response.status_code}")
    return parsed


async def _limited(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_BYTES:
            raise ProviderFailed(f"over {MAX_BYTES} bytes")
    return bytes(body)
