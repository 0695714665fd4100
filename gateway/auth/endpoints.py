"""The HTTP face of the authorization server: token, key sets and discovery."""

from __future__ import annotations

import anyio
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.auth.authority import Auth, Realm, auth_of
from gateway.auth.discovery import smart_configuration
from gateway.auth.server import TokenServer
from gateway.auth.token_request import MAX_BYTES
from gateway.faults import TooLarge

CACHED = {"Cache-Control": "public, max-age=300"}


async def token(request: Request) -> Response:
    auth, realm = await _auth_and_realm(request)
    server = TokenServer(auth, realm)
    body = await _body(request)
    answer = await anyio.to_thread.run_sync(server.respond, request.headers, body, limiter=auth.workers)
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


ROUTES = [
    Route("/oauth/{org}/token", token, methods=["POST"]),
    Route("/oauth/{org}/jwks", organisation_jwks, methods=["GET"]),
    Route("/fhir/r4/{org}/.well-known/smart-configuration", smart_discovery, methods=["GET"]),
    Route("/.well-known/jwks.json", gateway_jwks, methods=["GET"]),
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
