"""The HTTP face of the authorization server: tokens, what becomes of them, key sets and discovery."""

from __future__ import annotations

import anyio
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.audit.noting import note
from gateway.auth.authority import Auth, Realm, auth_of
from gateway.auth.bearer import authenticate, peer
from gateway.auth.discovery import openid_configuration, smart_configuration
from gateway.auth.forms import read_form
from gateway.auth.launch_routes import PAGES
from gateway.auth.registration import register
from gateway.auth.server import TokenServer
from gateway.auth.token_request import MAX_BYTES
from gateway.auth.token_state import Introspection, Revocation, described, known
from gateway.auth.user_info import user_info
from gateway.faults import Forbidden, TooLarge

REFUSED = 401
CACHED = {"Cache-Control": "public, max-age=300"}
STYLE = {
    "color_background": "#f4f6f8",
    "color_error": "#a3201b",
    "color_highlight": "#0f5e7d",
    "color_modal_backdrop": "",
    "color_success": "#17663a",
    "color_text": "#16222c",
    "dim_border_radius": "7px",
    "dim_font_size": "15px",
    "dim_spacing_size": "16px",
    "font_family_body": "system-ui, 'Segoe UI', Roboto, sans-serif",
    "font_family_heading": "system-ui, 'Segoe UI', Roboto, sans-serif",
}
"""SMART App Launch 2.2, Styling."""


async def token(request: Request) -> Response:
    auth, realm = await _auth_and_realm(request)
    server = TokenServer(auth, realm)
    auth.limits.check(peer(request))
    body = await _body(request)
    answer = await anyio.to_thread.run_sync(server.respond, request.headers, body, limiter=auth.workers)
    if answer.status == REFUSED:
        auth.limits.failed(peer(request))
    told = f"{answer.body.get('error') or answer.body.get('scope', '')}"
    note(request.scope, {"client": server.authenticated, "told": told})
    return JSONResponse(answer.body, answer.status, answer.headers)


async def revoke(request: Request) -> Response:
    """POST /oauth/{org}/revoke"""
    return await _told(request, Revocation.ENDPOINT_NAME)


async def introspect(request: Request) -> Response:
    """POST /oauth/{org}/introspect, also for bearers of gateway/admin"""
    if not request.headers.get("authorization", "").lower().startswith("bearer "):
        return await _told(request, Introspection.ENDPOINT_NAME)
    auth, realm = await _auth_and_realm(request)
    if not (await authenticate(request, realm.slug)).scopes.admin:
        raise Forbidden("Introspection needs the scope gateway/admin, or a client that authenticates itself")
    token = (await read_form(request)).get("token", "")
    return JSONResponse(await anyio.to_thread.run_sync(lambda: described(auth, realm, known(auth, realm, token))))


async def _told(request: Request, endpoint: str) -> Response:
    auth, realm = await _auth_and_realm(request)
    body = await _body(request)
    server = TokenServer(auth, realm)
    answer = await anyio.to_thread.run_sync(server.tell, endpoint, request.headers, body, limiter=auth.workers)
    return JSONResponse(answer.body, answer.status, answer.headers)


async def organisation_jwks(request: Request) -> Response:
    auth, realm = await _auth_and_realm(request)
    return JSONResponse(await anyio.to_thread.run_sync(auth.keys.jwks, realm.org), headers=CACHED)


async def gateway_jwks(request: Request) -> Response:
    auth = auth_of(request)
    return JSONResponse(await anyio.to_thread.run_sync(auth.keys.jwks, None), headers=CACHED)


async def smart_discovery(request: Request) -> Response:
    _, realm = await _auth_and_realm(request)
    return JSONResponse(smart_configuration(realm), headers=CACHED)


async def openid_discovery(request: Request) -> Response:
    """GET {issuer}/.well-known/openid-configuration (OpenID Connect Discovery, 4)"""
    _, realm = await _auth_and_realm(request)
    return JSONResponse(openid_configuration(realm), headers=CACHED)


async def style(request: Request) -> Response:
    """GET /oauth/{org}/style, the `smart_style_url` of launches that name no other"""
    return JSONResponse(STYLE, headers=CACHED)


ROUTES: list[BaseRoute] = [
    Route("/oauth/{org}/token", token, methods=["POST"]),
    Route("/oauth/{org}/introspect", introspect, methods=["POST"]),
    Route("/oauth/{org}/revoke", revoke, methods=["POST"]),
    Route("/oauth/{org}/register", register, methods=["POST"]),
    Route("/oauth/{org}/userinfo", user_info, methods=["GET", "POST"]),
    Route("/oauth/{org}/jwks", organisation_jwks, methods=["GET"]),
    Route("/fhir/r4/{org}/.well-known/smart-configuration", smart_discovery, methods=["GET"]),
    Route("/fhir/r4/{org}/.well-known/openid-configuration", openid_discovery, methods=["GET"]),
    Route("/oauth/{org}/style", style, methods=["GET"]),
    Route("/.well-known/jwks.json", gateway_jwks, methods=["GET"]),
    *PAGES,
]


async def _auth_and_realm(request: Request) -> tuple[Auth, Realm]:
    auth = auth_of(request)
    return auth, await anyio.to_thread.run_sync(auth.realm, request.path_params["org"])


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise TooLarge(f"A token request has at most {MAX_BYTES} bytes")
    return bytes(body)
