"""private_key_jwt: a client proves itself by a JWT that it signed (RFC 7523, 2.2; SMART App Launch 2.2).

authlib takes the assertion apart and finds the client. The rest is done here: authlib would let joserfc pick its
recommended algorithms, and SMART demands RS384 and ES384; it reads the wall clock; and it does not bound `exp`. Keys
come from the registration only: `jwk`, `x5c`, `x5u` and `jku` in a header are never followed, and a `jku` that is not
the registered URL is refused. One instance serves one request.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from anyio import from_thread
from authlib.oauth2.rfc6749 import InvalidClientError, InvalidRequestError  # type: ignore[import-untyped]
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion  # type: ignore[import-untyped]
from joserfc import jws, jwt
from joserfc.errors import ClaimError, JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from gateway.auth.keys import MICROSECONDS
from gateway.auth.keyset import ASSERTION_ALGORITHMS, find_key, public_keys
from gateway.auth.registered import ASSERTION_METHOD, RegisteredClient
from gateway.auth.tables import AssertionJti
from gateway.auth.token_request import ClientRefused, TokenRequest

if TYPE_CHECKING:
    from gateway.auth.authority import Auth, Realm

LIFETIME = 300
"""SMART: `exp` no more than five minutes in the future."""
LEEWAY = 5
MAX_ASSERTION = 16_384
MAX_JTI = 1_024
REGISTRY = jws.JWSRegistry(algorithms=ASSERTION_ALGORITHMS, strict_check_header=False)
"""RFC 7515, 4: header parameters that are not understood are ignored, unless `crit` names them."""


class ClientAssertion(JWTBearerClientAssertion):  # type: ignore[misc]
    """The verification of one assertion at one organisation's token endpoint."""

    CLIENT_AUTH_METHOD = ASSERTION_METHOD

    def __init__(self, auth: Auth, realm: Realm) -> None:
        super().__init__(leeway=LEEWAY)
        self._auth = auth
        self._realm = realm
        self._header: dict[str, Any] = {}

    def __call__(self, query_client: Callable[[str], RegisteredClient | None], request: TokenRequest) -> Any:
        if len(request.form.get("client_assertion", "")) > MAX_ASSERTION:
            raise InvalidRequestError("The client assertion is too long.")
        return super().__call__(query_client, request)

    def extract_assertion(self, assertion: str) -> tuple[dict[str, Any], dict[str, Any]]:
        try:
            header, claims = super().extract_assertion(assertion)
        except (InvalidClientError, JoseError, ValueError, RecursionError):
            raise InvalidRequestError("The client assertion is not a JWT.") from None
        self._header = _checked_header(header)
        return header, claims

    def resolve_client_public_key(self, client: RegisteredClient) -> KeySet:
        row = client.row
        if "jku" in self._header and self._header["jku"] != row.jwks_url:
            raise ClientRefused("The jku of the assertion is not the JWKS URL that the client has registered.")
        if row.jwks_url is None:
            return public_keys(row.jwks or {"keys": []})
        keys = from_thread.run(self._auth.jwks.keys, row.jwks_url, self._header["kid"])
        if keys is None:
            raise ClientRefused("The registered JWKS URL gives no usable key set.")
        return keys

    def process_assertion_claims(self, assertion: str, keys: KeySet) -> dict[str, Any]:
        key = find_key(keys, self._header["kid"], self._header["alg"])
        if key is None:
            raise ClientRefused("No registered key has the kid and the type that the assertion names.")
        claims = _verified(assertion, key)
        self.verify_claims(claims)
        return claims

    def verify_claims(self, claims: dict[str, Any]) -> None:
        now = int(self._auth.clock())
        self._check_claims(claims, now)
        if claims["exp"] > now + LIFETIME + LEEWAY:
            raise ClientRefused("The assertion expires more than five minutes ahead.")
        jti = claims["jti"]
        if not jti or len(jti) > MAX_JTI or not self.validate_jti(claims, jti):
            raise ClientRefused("The jti of the assertion was used before, or is no proper one.")

    def _check_claims(self, claims: dict[str, Any], now: int) -> None:
        audience = claims.get("aud")
        if isinstance(audience, list) and len(audience) != 1:
            # Such an assertion could be used again at each of the other audiences.
            raise ClientRefused("The aud of the assertion must be the token endpoint alone.")
        rules = jwt.JWTClaimsRegistry(
            now=now,
            leeway=LEEWAY,
            iss={"essential": True, "value": claims["sub"]},
            sub={"essential": True},
            aud={"essential": True, "value": self._realm.token_url},
            exp={"essential": True},
            jti={"essential": True},
        )
        try:
            rules.validate(claims)
        except ClaimError as error:
            raise ClientRefused(_complaint(error.claim, self._realm.token_url)) from None

    def validate_jti(self, claims: dict[str, Any], jti: str) -> bool:
        """Remember the assertion; false when it is remembered already."""
        now, expires = int(self._auth.clock()), int(claims["exp"]) + LEEWAY + 1
        used = AssertionJti(
            org=self._realm.org,
            client_id=claims["sub"],
            jti=hashlib.sha256(jti.encode("utf-8", "surrogatepass")).hexdigest(),
            expires=expires * MICROSECONDS,
        )
        with Session(self._auth.engine) as session:
            expired = col(AssertionJti.expires) < now * MICROSECONDS
            session.execute(delete(AssertionJti).where(col(AssertionJti.org) == used.org, expired))
            session.add(used)
            try:
                session.commit()
            except IntegrityError:
                return False
        return True


def _checked_header(header: dict[str, Any]) -> dict[str, Any]:
    if header.get("alg") not in ASSERTION_ALGORITHMS:
        raise ClientRefused("The assertion must be signed RS384 or ES384.")
    if not isinstance(header.get("kid"), str) or not header["kid"]:
        raise ClientRefused("The header of the assertion names no kid.")
    if "crit" in header:
        raise ClientRefused("The header of the assertion demands extensions (crit) that are not known here.")
    return header


def _verified(assertion: str, key: ECKey | RSAKey) -> dict[str, Any]:
    try:
        return jwt.decode(assertion, key, registry=REGISTRY).claims
    except (JoseError, ValueError, RecursionError):
        raise ClientRefused("The signature of the assertion does not verify with the registered key.") from None


def _complaint(claim: str, token_url: str) -> str:
    known = {
        "iss": "The iss of the assertion must be the client id, as sub is.",
        "sub": "The sub of the assertion must be the client id.",
        "aud": f"The aud of the assertion must be {token_url}",
        "exp": "The assertion has expired, or its exp is no time.",
        "jti": "The jti of the assertion must be a text.",
        "nbf": "The assertion is not valid yet (nbf).",
        "iat": "The assertion was issued in the future (iat), or its iat is no time.",
    }
    return known.get(claim, "The assertion must have the claims iss, sub, aud, exp and jti.")
