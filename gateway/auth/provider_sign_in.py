"""Signing in through the organisation's OpenID provider: away to it, and back with who it was.

What belongs together (state, nonce, verifier and the request that waits) stays with the browser in one sealed cookie:
an answer that another browser asked for finds no cookie and is nobody's.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import urlencode, urlsplit

import msgspec
import structlog
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.audit.noting import note
from gateway.auth import sessions
from gateway.auth.authorization_request import S256, unseal
from gateway.auth.authorize import sign_in_page, signed_in
from gateway.auth.grants import secret_text
from gateway.auth.pages import to_application
from gateway.auth.provider import Provider, ProviderFailed, callback_of, discovered, find_provider, signed_in_email
from gateway.auth.tables import UserAccount
from gateway.auth.users import account_name
from gateway.auth.visit import Visit, arrived, realm_of, step
from gateway.faults import Malformed, Misconfigured, NotFound
from gateway.services import Services

COOKIE = "crosswalk_provider"
PURPOSE = "provider-sign-in"
MAX_ANSWER = 4_096
log = structlog.get_logger(__name__)


class Under(msgspec.Struct, frozen=True):
    """A sign-in that is under way."""

    state: str
    nonce: str
    verifier: str
    request: str


@step
async def leave(request: Request) -> Response:
    """GET /oauth/{org}/provider?request=…"""
    visit = await _visit(request, request.query_params.get("request", ""))
    auth, provider = visit.services.auth, await _provider(visit)
    try:
        endpoints = await discovered(auth, provider)
    except ProviderFailed as failure:
        return _failed(visit, provider, failure)
    state, nonce, verifier = (secret_text(auth.random) for _ in range(3))
    asked = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": callback_of(visit.realm),
        "scope": "openid email",
        "state": state,
        "nonce": nonce,
        "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode(),
        "code_challenge_method": S256,
    }
    joint = "&" if urlsplit(endpoints.authorization).query else "?"
    response = to_application(f"{endpoints.authorization}{joint}{urlencode(asked)}")
    under = Under(state, nonce, verifier, request.query_params["request"])
    sealed = auth.box.seal(PURPOSE, msgspec.json.encode(under), about=str(visit.realm.org))
    sessions.set_lax_cookie(response, visit.services.settings, visit.realm.path, COOKIE, sealed)
    return response


@step
async def come_back(request: Request) -> Response:
    """GET /oauth/{org}/provider/callback"""
    services: Services = request.app.state.services
    realm = await realm_of(request, services)
    under = _under(services, request, realm.org)
    if not hmac.compare_digest(request.query_params.get("state", "").encode(), under.state.encode()):
        raise Malformed("This answer belongs to another sign-in; go back to the application and begin again")
    visit = await _visit(request, under.request)
    provider = await _provider(visit)
    code = request.query_params.get("code", "")
    try:
        if not code or len(code) > MAX_ANSWER:
            raise ProviderFailed("no code came back")
        email = await signed_in_email(services.auth, realm, provider, code, verifier=under.verifier, nonce=under.nonce)
    except ProviderFailed as failure:
        return _failed(visit, provider, failure)
    return await _as_user(visit, provider, email)


async def _as_user(visit: Visit, provider: Provider, email: str) -> Response:
    key = (visit.realm.org, account_name(email))
    note(visit.request.scope, {"user": key[1]})
    user = await visit.services.store.session_read(lambda s: s.get(UserAccount, key))
    if user is None or user.disabled is not None:
        log.info("provider_sign_in_refused", org=visit.realm.slug)
        said = f"Nobody here has the e-mail address of the account that you used at {provider.name}."
        return sign_in_page(visit, 403, error=said)
    response = await signed_in(visit, user)
    sessions.drop_lax_cookie(response, visit.services.settings, visit.realm.path, COOKIE)
    return response


def _failed(visit: Visit, provider: Provider, failure: ProviderFailed) -> Response:
    log.warning("provider_failed", org=visit.realm.slug, reason=str(failure))
    said = f"Signing in with {provider.name} did not work. Try again, or use a password."
    return sign_in_page(visit, 502, error=said)


def _under(services: Services, request: Request, org: int) -> Under:
    try:
        opened = services.auth.box.open(PURPOSE, request.cookies.get(COOKIE, ""), about=str(org))
        return msgspec.json.decode(opened, type=Under)
    except (Misconfigured, msgspec.DecodeError, ValueError):
        raise Malformed("No sign-in is under way in this browser; go back to the application and begin again") from None


async def _visit(request: Request, sealed: str) -> Visit:
    services: Services = request.app.state.services
    realm = await realm_of(request, services)
    return await arrived(request, services, realm, unseal(services.auth, realm, sealed))


async def _provider(visit: Visit) -> Provider:
    def read(session: Session) -> Provider | None:
        return find_provider(session, visit.services.auth, visit.realm.org)

    provider = await visit.services.store.session_read(read)
    if provider is None:
        raise NotFound("This organisation has no provider of its own")
    return provider
