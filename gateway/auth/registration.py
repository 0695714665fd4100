"""Dynamic client registration (RFC 7591), for the holders of an initial access token.

authlib's endpoint would make ids and secrets of its own and check metadata against a claims class; ours goes the road
of `crosswalk client add`, so that no client exists that the command line would not have registered.
"""

from __future__ import annotations

from typing import Any

import structlog
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.auth import initial_tokens
from gateway.auth.bearer import TOKEN
from gateway.auth.clients import AUTHORIZATION_CODE, GRANTS, REFRESH_TOKEN, Registration, add_client
from gateway.auth.keys import MICROSECONDS
from gateway.auth.registered import ASSERTION_METHOD, SECRET_METHODS
from gateway.auth.scopes import Scopes, delegated, granted
from gateway.auth.tables import Client
from gateway.auth.visit import realm_of
from gateway.faults import Fault, Invalid, Unauthenticated
from gateway.negotiation import parse_json, read_body
from gateway.services import Services

MAX_BODY = 64 * 1024
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
REDIRECT_URI = "redirect_uri"
CHALLENGE = 'Bearer realm="crosswalk", error="invalid_token"'
log = structlog.get_logger(__name__)


async def register(request: Request) -> Response:
    """POST /oauth/{org}/register"""
    services: Services = request.app.state.services
    realm = await realm_of(request, services)
    token = _bearer(request)
    body = await read_body(request, MAX_BODY)

    def write(session: Session) -> dict[str, Any]:
        # In one transaction: a refused registration uses up nothing.
        initial = initial_tokens.use(session, realm.org, token, now=services.clock())
        if initial is None:
            raise Unauthenticated("The initial access token is not one, or is used up or too old", challenge=CHALLENGE)
        metadata = _object(body)
        client, secret = add_client(
            session,
            realm.org,
            _registration(metadata, initial.scope),
            types=services.definitions.all_types,
            allow_private=services.settings.allow_private_upstreams,
            now=services.clock(),
            random=services.auth.random,
        )
        return _told(client, secret, metadata)

    try:
        answer = await services.store.session_write(write)
    except Invalid as fault:
        return _refused(fault)
    log.info("client_registered", org=realm.slug, client=answer["client_id"])
    return JSONResponse(answer, 201, NO_STORE)


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not TOKEN.fullmatch(token.strip()):
        raise Unauthenticated("Send the initial access token: Authorization: Bearer TOKEN", challenge=CHALLENGE)
    return token.strip()


def _object(body: bytes) -> dict[str, Any]:
    try:
        parsed = parse_json(body)
    except Fault:
        raise Invalid("The body is not JSON") from None
    if not isinstance(parsed, dict):
        raise Invalid("The body is not a JSON object")
    return parsed


def _registration(metadata: dict[str, Any], most: str) -> Registration:
    """RFC 7591, 2: what is not known is ignored; a scope goes no further than the initial token's."""
    grants = _texts(metadata, "grant_types") or [AUTHORIZATION_CODE]
    if unknown := [grant for grant in grants if grant not in (*GRANTS, REFRESH_TOKEN)]:
        raise Invalid(f"Unknown grant type {unknown[0]!r}", "grant_types")
    method = _text(metadata, "token_endpoint_auth_method") or SECRET_METHODS[0]
    if method not in (*SECRET_METHODS, ASSERTION_METHOD, "none"):
        raise Invalid(f"Unknown token_endpoint_auth_method {method!r}", "token_endpoint_auth_method")
    keyed = method == ASSERTION_METHOD
    if keyed and not (metadata.get("jwks") or metadata.get("jwks_uri")):
        raise Invalid("private_key_jwt needs jwks or jwks_uri", "jwks_uri")
    return Registration(
        name=_text(metadata, "client_name") or "Registered by itself",
        scope=_scope(_text(metadata, "scope"), most),
        secret=method in SECRET_METHODS,
        jwks=_jwks(metadata) if keyed else None,
        jwks_url=_text(metadata, "jwks_uri") if keyed else None,
        public=method == "none",
        redirect_uris=_texts(metadata, "redirect_uris"),
        grants=[grant for grant in grants if grant != REFRESH_TOKEN],
        launch_url=_text(metadata, "initiate_login_uri"),
    )


def _scope(wanted: str | None, most: str) -> str:
    if wanted is None:
        return most
    asked, limit = Scopes.parse(wanted), Scopes.parse(most)
    within = f"{delegated(asked, limit)} {granted(asked, limit)}".strip()
    if not within:
        raise Invalid("The initial access token allows none of these scopes", "scope")
    return within


def _text(metadata: dict[str, Any], name: str) -> str | None:
    value = metadata.get(name)
    if value is not None and not isinstance(value, str):
        raise Invalid(f"{name} is a text", name)
    return value


def _texts(metadata: dict[str, Any], name: str) -> list[str]:
    value = metadata.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Invalid(f"{name} is a list of texts", REDIRECT_URI if name == "redirect_uris" else name)
    return value


def _jwks(metadata: dict[str, Any]) -> dict[str, Any] | None:
    value = metadata.get("jwks")
    if value is not None and not isinstance(value, dict):
        raise Invalid("jwks is a JSON object", "jwks")
    return value


def _told(client: Client, secret: str | None, metadata: dict[str, Any]) -> dict[str, Any]:
    """RFC 7591, 3.2.1: all that was registered."""
    grants = [*client.grants, *([REFRESH_TOKEN] if AUTHORIZATION_CODE in client.grants else [])]
    keys = {"jwks": client.jwks, "jwks_uri": client.jwks_url, "initiate_login_uri": client.launch_url}
    return {
        "client_id": client.client_id,
        "client_id_issued_at": client.created // MICROSECONDS,
        **({"client_secret": secret, "client_secret_expires_at": 0} if secret else {}),
        "client_name": client.name,
        "scope": client.scopes,
        "grant_types": grants,
        "response_types": ["code"] if AUTHORIZATION_CODE in client.grants else [],
        "redirect_uris": client.redirect_uris,
        "token_endpoint_auth_method": metadata.get("token_endpoint_auth_method", SECRET_METHODS[0]),
        **{name: value for name, value in keys.items() if value},
    }


def _refused(fault: Invalid) -> Response:
    """RFC 7591, 3.2.2."""
    uri = any(REDIRECT_URI in issue.expression for issue in fault.issues)
    said = "; ".join(issue.diagnostics for issue in fault.issues)
    error = "invalid_redirect_uri" if uri else "invalid_client_metadata"
    return JSONResponse({"error": error, "error_description": said}, 400, NO_STORE)
