"""Browser applications of other origins (CORS): what they may reach, and how (SMART App Launch 2.2, CORS support).

Any origin may, since an origin opens nothing: no cookie is looked at on these roads and none is allowed to come with
a request (`Access-Control-Allow-Credentials` is never sent); what counts is the token in a header, which a page has to
have been given. The pages of the console and of the authorization endpoint are no roads for scripts of others.
"""

from __future__ import annotations

import re

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.faces.refusals import face_of

ROADS = re.compile(
    r"/fhir/r4/.+|/oauth/[^/]+/(?:token|jwks|userinfo|introspect|revoke|register|style)|/\.well-known/.+"
)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
EXPOSED = (
    "ETag",
    "Location",
    "Content-Location",
    "Last-Modified",
    "X-Request-Id",
    "X-Progress",
    "Retry-After",
    "WWW-Authenticate",
    "Idempotency-Replayed",
)
PREFLIGHT_S = 600


class BrowserApplications:
    """ASGI middleware: Starlette's CORS on the roads for applications, nothing on the others."""

    def __init__(self, app: ASGIApp) -> None:
        self._other = app
        self._open = CORSMiddleware(
            app,
            allow_origins=("*",),
            allow_methods=METHODS,
            allow_headers=("*",),
            expose_headers=EXPOSED,
            max_age=PREFLIGHT_S,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reachable = scope["type"] == "http" and (ROADS.fullmatch(scope["path"]) or face_of(scope) is not None)
        await (self._open if reachable else self._other)(scope, receive, send)
