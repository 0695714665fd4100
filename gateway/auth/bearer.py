"""Who is calling: the bearer token of a request (RFC 6750, Authorization header only) made into a Caller."""

from __future__ import annotations

import re

import anyio
import structlog
from starlette.requests import Request

from gateway.auth.authority import Auth, Realm, auth_of
from gateway.auth.issuers import foreign_issuer, verify_foreign
from gateway.auth.verification import MAX_TOKEN, Caller, TokenRejected
from gateway.faults import Unauthenticated
from gateway.limits import UNDER_WAY

TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")

log = structlog.get_logger(__name__)


async def authenticate(request: Request, org: str) -> Caller:
    """The caller at the base of `org` (its slug); raises Unauthenticated, which carries the challenge, or NotFound."""
    auth = auth_of(request)
    token = _token(request)
    if caller := auth.verifier.remembered(org, token):
        return _known(request, caller)
    auth.limits.check(peer(request))
    realm = await anyio.to_thread.run_sync(auth.realm, org)
    try:
        return _known(request, await _verified(auth, realm, token))
    except TokenRejected as rejection:
        auth.limits.failed(peer(request))
        log.info("bearer_rejected", org=org, reason=str(rejection))
        raise _refusal(
            f"The bearer token is not valid here. {rejection} Get a new one from {realm.token_url}"
        ) from None


async def _verified(auth: Auth, realm: Realm, token: str) -> Caller:
    issuer = foreign_issuer(realm, token)
    if issuer is None:
        return await auth.verifier.verify(realm, token)
    caller, expires = await verify_foreign(auth, realm, issuer, token)
    auth.verifier.remember(realm, token, caller, expires)
    return caller


def _known(request: Request, caller: Caller) -> Caller:
    """The audit trail and the limits of a client look for it here."""
    request.scope["caller"] = caller
    if UNDER_WAY not in request.scope:
        client = (caller.org, caller.client_id)
        auth_of(request).limits.begin(client)
        request.scope[UNDER_WAY] = client
    return caller


def peer(request: Request) -> str:
    return request.client.host if request.client is not None else ""


def _token(request: Request) -> str:
    headers = request.headers.getlist("authorization")
    if not headers:
        raise Unauthenticated("Send an access token: Authorization: Bearer TOKEN", challenge='Bearer realm="crosswalk"')
    scheme, _, token = headers[0].partition(" ")
    token = token.strip()
    if len(headers) > 1 or scheme.lower() != "bearer" or len(token) > MAX_TOKEN or not TOKEN.fullmatch(token):
        raise _refusal("The Authorization header must be one: Authorization: Bearer TOKEN")
    return token


def _refusal(text: str) -> Unauthenticated:
    return Unauthenticated(text, challenge='Bearer realm="crosswalk", error="invalid_token"')
