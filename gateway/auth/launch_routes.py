"""The addresses of the authorization pages."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from gateway.auth import authorize, provider_sign_in
from gateway.auth.visit import ERRORS

BASE = "/oauth/{org}"

PAGES: list[BaseRoute] = [
    Route(f"{BASE}/authorize", authorize.authorize, methods=["GET", "POST"], middleware=[ERRORS]),
    Route(f"{BASE}/sign-in", authorize.sign_in, methods=["POST"], middleware=[ERRORS]),
    Route(f"{BASE}/sign-out", authorize.sign_out, methods=["POST"], middleware=[ERRORS]),
    Route(f"{BASE}/patient", authorize.choose_patient, methods=["POST"], middleware=[ERRORS]),
    Route(f"{BASE}/consent", authorize.decide, methods=["POST"], middleware=[ERRORS]),
    Route(f"{BASE}/provider", provider_sign_in.leave, methods=["GET"], middleware=[ERRORS]),
    Route(f"{BASE}/provider/callback", provider_sign_in.come_back, methods=["GET"], middleware=[ERRORS]),
]
