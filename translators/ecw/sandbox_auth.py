"""The sandbox's authorization server: SMART backend services as eCW documents them, and the check of bearers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.translation.sandbox import Sandbox
from translators.ecw.capabilities import CAPABILITIES

TOKEN_PATH = "/oauth/oauth2/token"  # noqa: S105 - a path
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SECONDS = 300
SKEW = 30
FIXED_AUDIENCE = "https://oauthserver.ecw.example/oauth/oauth2/token"
GROUP = "system/Group.read"
WRITABLE = ("Patient", "Encounter", "Group", "Location", "Organization", "Practitioner", "Observation", "Condition")
PLAIN_READ = frozenset({"Coverage", "Claim", "Binary", "Media", "RelatedPerson", "ServiceRequest", "Specimen"})
"""Types whose only read scope is `.r`."""
SCOPE = re.compile(r"system/(\w+|\*)\.(\w+)")


def granted_scopes() -> frozenset[str]:
    """What this application has registered."""
    reads = {f"system/{type}.r" for type in CAPABILITIES}
    reads |= {f"system/{type}.{word}" for type in CAPABILITIES.keys() - PLAIN_READ for word in ("read", "rs")}
    return frozenset(reads | {f"system/{type}.{word}" for type in WRITABLE for word in ("c", "u")} | {"system/*.r"})


class Refused(Exception):
    """An OAuth error: word, HTTP status and what the operator of the sandbox sees."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error, self.description, self.status = error, description, status


@dataclass(slots=True)
class Authorization:
    """Tokens and used assertions lie in the sandbox's state."""

    sandbox: Sandbox
    http: httpx.AsyncClient

    @property
    def options(self) -> Mapping[str, str]:
        return self.sandbox.setup.options

    @property
    def now(self) -> float:
        return self.sandbox.setup.clock().timestamp()

    @property
    def ahead(self) -> float:
        """Seconds by which the clock of the authorization server is wrong."""
        return 1200.0 if "clock-ahead" in self.sandbox.faults else 0.0

    async def token(self, request: Request) -> Response:
        try:
            if "not-activated" in self.sandbox.faults:
                raise Refused("invalid_request", "FHIR app authentication is not enabled")
            scope = await self._checked(request)
            if "scope-not-granted" in self.sandbox.faults and any(word[-2:] in (".c", ".u") for word in scope.split()):
                raise Refused("invalid_grant", "a scope is not granted to the application at this practice")
        except Refused as refused:
            body = {"error": refused.error, "error_description": refused.description}
            return JSONResponse(body, refused.status)
        value = uuid4().hex
        self.sandbox.state["tokens"][value] = {"scope": scope, "expires": self.now + SECONDS}
        return JSONResponse({"access_token": value, "token_type": "Bearer", "expires_in": SECONDS, "scope": scope})

    async def _checked(self, request: Request) -> str:
        if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            raise Refused("invalid_request", "not a form")
        form = {name: str(value) for name, value in (await request.form()).items()}
        if form.get("grant_type") != "client_credentials":
            raise Refused("unsupported_grant_type", "grant_type must be client_credentials")
        if form.get("client_assertion_type") != ASSERTION_TYPE or not form.get("client_assertion"):
            raise Refused("invalid_request", "client_assertion is missing")
        claims = await self._verified(form["client_assertion"])
        self._check_claims(claims, str(request.base_url).rstrip("/") + TOKEN_PATH)
        return _check_scope(form.get("scope", ""))

    async def _verified(self, assertion: str) -> dict[str, Any]:
        keys = await self._keys()
        try:
            token = jwt.decode(assertion, keys, algorithms=["RS384"])
        except (JoseError, ValueError) as error:
            raise Refused("invalid_client", "no key of the JWKS verifies the RS384 assertion", 401) from error
        if not any(key.kid == token.header.get("kid") for key in keys.keys):
            raise Refused("invalid_client", "kid does not match the JWKS", 401)
        return dict(token.claims)

    async def _keys(self) -> KeySet:
        if "jwks-not-listed" in self.sandbox.faults:
            raise Refused("invalid_client", "JWKS URL is not allow-listed", 401)
        url = self.options.get("jwks_url", "http://127.0.0.1:8080/.well-known/jwks.json")
        kept = self.sandbox.state.setdefault("jwks", {})
        try:
            if "jwks-cached" not in self.sandbox.faults or url not in kept:
                kept[url] = (await self.http.get(url)).raise_for_status().json()
            return KeySet.import_key_set(kept[url])
        except (httpx.HTTPError, JoseError, ValueError, KeyError) as error:
            raise Refused("invalid_client", "the JWKS URL cannot be read", 401) from error

    def _check_claims(self, claims: Mapping[str, Any], audience: str) -> None:
        client = self.options.get("client_id", "sandbox-client")
        if claims.get("iss") != client or claims.get("sub") != client:
            raise Refused("invalid_client", "iss and sub must be the client id", 401)
        issued, expires, now = claims.get("iat"), claims.get("exp"), self.now + self.ahead
        if not isinstance(expires, int) or not now - SKEW < expires <= now + SECONDS + SKEW:
            raise Refused("invalid_grant", "exp must lie within 300 seconds")
        if not isinstance(issued, int) or expires - issued > SECONDS or issued > now + SKEW:
            raise Refused("invalid_grant", "iat must be the time of signing, at most 300 seconds before exp")
        if claims.get("aud") != (FIXED_AUDIENCE if "fixed-audience" in self.sandbox.faults else audience):
            raise Refused("invalid_grant", "aud must be the token endpoint")
        used = self.sandbox.state["assertions"]
        if not claims.get("jti") or claims["jti"] in used:
            raise Refused("invalid_grant", "jti is missing or was used before")
        used[claims["jti"]] = expires
        for old in [jti for jti, until in used.items() if until < self.now - SKEW]:
            del used[old]

    def bulk_refusal(self, authorization: str, types: list[str], permissions: frozenset[str]) -> int | None:
        """Of a bulk request: its token has to hold the scope of groups, and one for each type."""
        if status := self.refusal(authorization, "Group", permissions):
            return 401 if status == 403 else status
        scopes = self.sandbox.state["tokens"][authorization.partition(" ")[2]]["scope"].split()
        readable = all(any(_allows(scope, type, permissions) for scope in scopes) for type in types)
        return None if GROUP in scopes and readable else 401

    def refusal(self, authorization: str, type: str, permissions: frozenset[str]) -> int | None:
        """401 or 403 when the bearer may not do this; None when it may."""
        scheme, _, value = authorization.partition(" ")
        token = self.sandbox.state["tokens"].get(value) if scheme == "Bearer" else None
        if token is None or token["expires"] <= self.now:
            return 401
        scopes = token["scope"].split()
        if GROUP in scopes and type != "Group":
            return 401
        return None if any(_allows(scope, type, permissions) for scope in scopes) else 403


def _check_scope(scope: str) -> str:
    words = scope.split()
    if not words or not set(words) <= granted_scopes():
        raise Refused("invalid_grant", "a scope is unknown or not registered")
    if GROUP in words and any(SCOPE.fullmatch(word)[2] in ("c", "u") for word in words if SCOPE.fullmatch(word)):  # type: ignore[index]
        raise Refused("invalid_grant", "system/Group.read is for bulk requests only")
    return scope


def _allows(scope: str, type: str, permissions: frozenset[str]) -> bool:
    found = SCOPE.fullmatch(scope)
    return found is not None and found[1] in (type, "*") and found[2] in permissions
