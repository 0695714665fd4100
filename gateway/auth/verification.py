"""Access tokens verified: PyJWT with every rule said aloud, and a cache of a few seconds in front.

The cache takes signature and database out of the hot path; its life is also how long a disabled client, a deleted one
or a narrowed registration goes unnoticed. Time is checked here against the given clock, not by PyJWT, which reads the
wall's.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio
import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from sqlalchemy import Engine
from sqlmodel import Session

from gateway.auth.keys import ACCESS_TOKEN_ALG, Clock, SigningKeys
from gateway.auth.scopes import Scopes, granted
from gateway.auth.tables import Client

if TYPE_CHECKING:
    from gateway.auth.authority import Realm

ALGORITHMS = [ACCESS_TOKEN_ALG]
REQUIRED = ["iss", "aud", "sub", "client_id", "scope", "iat", "exp", "jti"]
LEEWAY = 5
REMEMBERED = 5.0
"""Seconds for which a verified token is not verified again."""
MAX_REMEMBERED = 10_000
MAX_TOKEN = 16_384
TOKEN_TYPES = ("at+jwt", "application/at+jwt")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request, and what it may do."""

    org: int
    org_slug: str
    client_id: str
    scopes: Scopes


class TokenRejected(Exception):
    """Not an access token of this organisation that holds now; the message says why, for the caller and the log."""


@dataclass(frozen=True, slots=True)
class _Verified:
    caller: Caller
    until: float


class TokenVerifier:
    """Verifies bearer tokens and remembers the verdict for seconds, successes only."""

    def __init__(self, engine: Engine, keys: SigningKeys, clock: Clock) -> None:
        self._engine = engine
        self._keys = keys
        self._clock = clock
        self._remembered: OrderedDict[bytes, _Verified] = OrderedDict()

    def remembered(self, slug: str, token: str) -> Caller | None:
        verified = self._remembered.get(_digest(slug, token))
        return verified.caller if verified is not None and self._clock() < verified.until else None

    async def verify(self, realm: Realm, token: str) -> Caller:
        """Raises TokenRejected."""
        caller, expires = await anyio.to_thread.run_sync(self._verify, realm, token)
        until = min(self._clock() + REMEMBERED, expires)
        self._remembered[_digest(realm.slug, token)] = _Verified(caller, until)
        while len(self._remembered) > MAX_REMEMBERED:
            self._remembered.popitem(last=False)
        return caller

    def _verify(self, realm: Realm, token: str) -> tuple[Caller, float]:
        claims = self._claims(realm, token)
        self._check_time(claims)
        scopes = self._scopes(realm, claims["client_id"], claims["scope"])
        return Caller(realm.org, realm.slug, claims["client_id"], scopes), claims["exp"] + LEEWAY

    def _claims(self, realm: Realm, token: str) -> dict[str, Any]:
        try:
            return jwt.decode(
                token,
                key=self._key(realm, token),
                algorithms=ALGORITHMS,
                issuer=realm.fhir_base,
                audience=realm.fhir_base,
                options={
                    "require": REQUIRED,
                    "strict_aud": True,
                    "verify_exp": False,  # _check_time does, by our clock
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise TokenRejected("It is not an access token of this FHIR base, or its signature is wrong.") from None

    def _key(self, realm: Realm, token: str) -> EllipticCurvePublicKey:
        header = jwt.get_unverified_header(token)
        if header.get("typ") not in TOKEN_TYPES or header.get("alg") not in ALGORITHMS:
            raise TokenRejected("It is not an access token (typ at+jwt) signed by this server.")
        for key in self._keys.published(realm.org):
            if key.kid == header.get("kid") and isinstance(key.public_key, EllipticCurvePublicKey):
                return key.public_key
        raise TokenRejected("It is not signed by a current key of this organisation.")

    def _check_time(self, claims: dict[str, Any]) -> None:
        now = self._clock()
        if not all(type(claims[name]) is int for name in ("exp", "iat")):
            raise TokenRejected("Its exp or iat is no time.")
        if claims["exp"] + LEEWAY <= now:
            raise TokenRejected("It has expired.")
        if claims["iat"] - LEEWAY > now:
            raise TokenRejected("It was issued in the future.")

    def _scopes(self, realm: Realm, client_id: object, scope: object) -> Scopes:
        if not isinstance(client_id, str) or not isinstance(scope, str):
            raise TokenRejected("Its client_id or scope is no text.")
        with Session(self._engine) as session:
            client = session.get(Client, (realm.org, client_id))
        if client is None or client.disabled is not None:
            raise TokenRejected("Its client is disabled or gone.")
        return granted(Scopes.parse(scope), Scopes.parse(client.scopes))


def _digest(slug: str, token: str) -> bytes:
    return hashlib.sha256(f"{slug} {token}".encode("utf-8", "surrogatepass")).digest()
