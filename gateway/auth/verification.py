"""Access tokens verified: PyJWT with every rule said aloud, and a cache of a few seconds in front.

The cache takes signature and database out of the hot path; its life is also how long a disabled client or user, a
narrowed registration or a revoked grant goes unnoticed. Time is checked here against the given clock, not by PyJWT,
which reads the wall's.
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

from gateway.auth.grant_tables import AccessGrant
from gateway.auth.grants import is_token_revoked, user_of
from gateway.auth.keys import ACCESS_TOKEN_ALG, Clock, SigningKeys
from gateway.auth.scopes import Scopes, delegated, granted
from gateway.auth.tables import Client, UserAccount

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
    patient: str | None = None
    """The id of the Patient that `patient/` scopes are about."""
    fhir_user: str | None = None
    """Who the user is, as TYPE/ID; None where there is no user, or one that no resource stands for."""
    user_email: str | None = None
    """The user who handed over the access; None for a client of its own."""
    user_role: str | None = None
    """What the user may do here, one of users.Role."""
    grant: str | None = None
    """The access grant that the token is of."""
    purposes: frozenset[str] = frozenset()
    """The purposes of use that the client is registered for."""


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
        self.remember(realm, token, caller, expires)
        return caller

    def remember(self, realm: Realm, token: str, caller: Caller, expires: float) -> None:
        """Take it as verified for some seconds."""
        until = min(self._clock() + REMEMBERED, expires)
        self._remembered[_digest(realm.slug, token)] = _Verified(caller, until)
        while len(self._remembered) > MAX_REMEMBERED:
            self._remembered.popitem(last=False)

    def _verify(self, realm: Realm, token: str) -> tuple[Caller, float]:
        claims = self._claims(realm, token)
        self._check_time(claims)
        if not all(isinstance(claims[name], str) for name in ("client_id", "scope", "jti")):
            raise TokenRejected("Its client_id, scope or jti is no text.")
        with Session(self._engine) as session:
            return caller_of(session, realm, claims), claims["exp"] + LEEWAY

    def claims_of(self, realm: Realm, token: str) -> dict[str, Any]:
        """What a token says that holds now by itself, whatever became of its client and grant. Blocking."""
        claims = self._claims(realm, token)
        self._check_time(claims)
        return claims

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
        for key in self._keys.published(realm.org, ACCESS_TOKEN_ALG):
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
        if "nbf" in claims and not (type(claims["nbf"]) is int and claims["nbf"] - LEEWAY <= now):
            raise TokenRejected("It does not hold yet.")


def caller_of(session: Session, realm: Realm, claims: dict[str, Any]) -> Caller:
    """Who a genuine token makes of its bearer, by what the database says now. Raises TokenRejected."""
    client = session.get(Client, (realm.org, claims["client_id"]))
    if client is None or client.disabled is not None:
        raise TokenRejected("Its client is disabled or gone.")
    scopes, registered = Scopes.parse(claims["scope"]), Scopes.parse(client.scopes)
    purposes = frozenset(client.purposes.split())
    if claims.get("grant") is None:
        if is_token_revoked(session, realm.org, claims["jti"]):
            raise TokenRejected("It was revoked.")
        return Caller(realm.org, realm.slug, client.client_id, granted(scopes, registered), purposes=purposes)
    grant, user = _living(session, realm, claims)
    return Caller(
        realm.org,
        realm.slug,
        client.client_id,
        delegated(scopes, registered),
        patient=grant.patient,
        fhir_user=grant.fhir_user,
        user_email=grant.email,
        user_role=user.role,
        grant=grant.id,
        purposes=purposes,
    )


def _living(session: Session, realm: Realm, claims: dict[str, Any]) -> tuple[AccessGrant, UserAccount]:
    grant = session.get(AccessGrant, (realm.org, str(claims["grant"])))
    if grant is None or grant.revoked is not None or grant.client_id != claims["client_id"]:
        raise TokenRejected("What it was granted was revoked.")
    user = user_of(session, grant)
    if user is None:
        raise TokenRejected("Its user is disabled or gone.")
    return grant, user


def _digest(slug: str, token: str) -> bytes:
    return hashlib.sha256(f"{slug} {token}".encode("utf-8", "surrogatepass")).digest()
