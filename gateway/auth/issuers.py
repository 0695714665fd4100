"""Access tokens of other issuers, for organisations that have an authorization server of their own.

An issuer is trusted by an operator, for one organisation, with the algorithms and the audience that its tokens have to
have; its key set is looked up once, by discovery, and kept as jwks.py keeps those of clients. What a token says of
itself decides nothing: the client that it names has to be registered here, and gets what it is registered for at most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import jwt
import msgspec
from sqlalchemy import Column, ForeignKey, Integer, String, Text
from sqlmodel import Field, Session, SQLModel

from gateway.auth.jwks import DEADLINE, HEADERS, MAX_BYTES
from gateway.auth.verification import LEEWAY, Caller, TokenRejected, caller_of
from gateway.faults import Invalid, NotFound
from gateway.upstream import check_url

if TYPE_CHECKING:
    from gateway.auth.authority import Auth, Realm

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Asymmetric ones alone: with a shared secret whoever can verify could sign."""
TOKEN_TYPES = ("at+jwt", "application/at+jwt", "JWT", None)
"""RFC 9068 wants at+jwt; older servers say JWT. An id_token has another audience."""
REQUIRED = ["iss", "aud", "exp", "iat", "scope"]
DISCOVERY = "/.well-known/openid-configuration"
LONGEST = 512


class TrustedIssuer(SQLModel, table=True):
    """An issuer of access tokens for one organisation."""

    __tablename__ = "trusted_issuer"

    org: int = Field(sa_column=Column(Integer, ForeignKey("organisation.id"), primary_key=True, autoincrement=False))
    issuer: str = Field(sa_column=Column(String(LONGEST), primary_key=True))
    algorithms: str = Field(sa_column=Column(Text, nullable=False))
    """Separated by blanks."""
    audience: str = Field(sa_column=Column(Text, nullable=False))
    jwks_url: str = Field(sa_column=Column(Text, nullable=False))


async def discovered_keys(auth: Auth, issuer: str) -> str:
    """The address of its key set, by its own discovery document. Raises Invalid."""
    url = issuer.rstrip("/") + DISCOVERY
    try:
        with anyio.fail_after(DEADLINE):
            answer = await auth.http.get(url, headers=HEADERS)
        found = msgspec.json.decode(answer.content) if answer.status_code == 200 else None
    except Exception:
        found = None
    if not isinstance(found, dict) or found.get("issuer") != issuer or len(answer.content) > MAX_BYTES:
        raise Invalid(f"{DISCOVERY} of the issuer is no discovery document of its own", "issuer")
    return str(found.get("jwks_uri"))


def trust(session: Session, auth: Auth, row: TrustedIssuer) -> None:
    """Raises Invalid and UpstreamRefused."""
    if unknown := [alg for alg in row.algorithms.split() if alg not in ALGORITHMS]:
        raise Invalid(f"{unknown[0]} is not one of {', '.join(ALGORITHMS)}", "alg")
    if not row.algorithms or len(row.issuer) > LONGEST:
        raise Invalid("Give the issuer's URL and at least one algorithm", "issuer")
    for url in (row.issuer, row.jwks_url):
        check_url(url, allow_private=auth.settings.allow_private_upstreams)
    session.merge(row)


def distrust(session: Session, org: int, issuer: str) -> None:
    """Raises NotFound."""
    row = session.get(TrustedIssuer, (org, issuer))
    if row is None:
        raise NotFound("This issuer is not trusted", "issuer")
    session.delete(row)


def foreign_issuer(realm: Realm, token: str) -> str | None:
    """Who says to have issued a token, where it is not the organisation itself; nothing is verified yet."""
    try:
        issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
    except (jwt.PyJWTError, ValueError, RecursionError):
        return None
    return issuer if isinstance(issuer, str) and len(issuer) <= LONGEST and issuer != realm.fhir_base else None


async def verify_foreign(auth: Auth, realm: Realm, issuer: str, token: str) -> tuple[Caller, float]:
    """Who calls, and until when the token holds. Raises TokenRejected."""
    row = await anyio.to_thread.run_sync(_trusted, auth, realm, issuer)
    claims = _claims(row, token, await _key(auth, row, token))
    _check_time(claims, auth.clock())
    known = {"client_id": _client(claims), "scope": claims["scope"], "jti": f"{issuer} {claims.get('jti', '')}"}

    def found() -> Caller:
        with Session(auth.engine) as session:
            return caller_of(session, realm, known)

    return await anyio.to_thread.run_sync(found), claims["exp"] + LEEWAY


def _trusted(auth: Auth, realm: Realm, issuer: str) -> TrustedIssuer:
    with Session(auth.engine) as session:
        row = session.get(TrustedIssuer, (realm.org, issuer))
    if row is None:
        raise TokenRejected("Its issuer is not trusted by this organisation.")
    return row


async def _key(auth: Auth, row: TrustedIssuer, token: str) -> Any:
    header = jwt.get_unverified_header(token)
    kid, alg = header.get("kid"), header.get("alg")
    if alg not in row.algorithms.split() or header.get("typ") not in TOKEN_TYPES or not isinstance(kid, str):
        raise TokenRejected("Its algorithm, type or kid is not what was agreed with its issuer.")
    for key in await auth.jwks.keys(row.jwks_url, kid) or ():
        if key.kid == kid:
            return key.public_key
    raise TokenRejected("Its issuer has no such key.")


def _claims(row: TrustedIssuer, token: str, key: Any) -> dict[str, Any]:
    try:
        return jwt.decode(
            token,
            key=key,
            algorithms=row.algorithms.split(),
            issuer=row.issuer,
            audience=row.audience,
            options={"require": REQUIRED, "verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise TokenRejected("It is not an access token of its issuer for this FHIR base.") from None


def _check_time(claims: dict[str, Any], now: float) -> None:
    times = [claims["exp"], claims["iat"], claims.get("nbf", claims["iat"])]
    if not all(type(each) is int for each in times):
        raise TokenRejected("Its exp, iat or nbf is no time.")
    if times[0] + LEEWAY <= now or max(times[1:]) - LEEWAY > now:
        raise TokenRejected("It has expired, or does not hold yet.")


def _client(claims: dict[str, Any]) -> str:
    """The client that it was issued to (RFC 9068, 2.2; OpenID Connect Core, 2). A scope is text."""
    client = claims.get("client_id", claims.get("azp"))
    if not isinstance(client, str) or not isinstance(claims["scope"], str):
        raise TokenRejected("It names no client, or its scope is no text.")
    return client
