"""A small OpenID provider on loopback: a page to sign in on, codes that are good once, ID tokens of its own key."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "crosswalk", "a secret of the provider"
PAGE = """<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><link rel="icon"
href="data:,">
<title>Clinic Login</title><h1>Clinic Login</h1><form method="post" action="/sign-in">{hidden}
<label for="who">Account</label> <input id="who" name="who" autofocus>
<button id="go">Continue</button> <button id="cancel" name="cancel" value="yes">Cancel</button></form>"""


@dataclass
class OpenIdProvider:
    """What it knows: its accounts' verified addresses by name, and the requests that wait behind codes."""

    accounts: dict[str, str]
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "clinic-login"}))
    issuer: str = ""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    redeemed: int = 0

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
        }

    def page(self, asked: dict[str, str]) -> str:
        fields = (f'<input type="hidden" name="{escape(name)}" value="{escape(asked[name])}">' for name in asked)
        return PAGE.format(hidden="".join(fields))

    def answer(self, form: dict[str, str]) -> str:
        """Where the browser goes from the page."""
        known = {"state": form["state"]}
        if "cancel" in form or form["who"] not in self.accounts:
            return f"{form['redirect_uri']}?{urlencode({'error': 'access_denied', **known})}"
        code = secrets.token_urlsafe(16)
        self.codes[code] = form
        return f"{form['redirect_uri']}?{urlencode({'code': code, **known})}"

    def tokens(self, form: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """None where the code, the client or the PKCE verifier is wrong."""
        asked = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if asked is None or authorization != f"Basic {basic}" or asked["code_challenge"] != challenge:
            return None
        if form["redirect_uri"] != asked["redirect_uri"]:
            return None
        self.redeemed += 1
        return {"access_token": secrets.token_urlsafe(), "token_type": "Bearer", "id_token": self._id_token(asked)}

    def _id_token(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer, "sub": asked["who"], "aud": CLIENT, "iat": now, "exp": now + 300,
            "nonce": asked["nonce"], "email": self.accounts[asked["who"]], "email_verified": True,
        }  # fmt: skip
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)


class Handler(BaseHTTPRequestHandler):
    """Its HTTP."""

    provider: OpenIdProvider

    def do_GET(self) -> None:
        place = urlsplit(self.path)
        if place.path == "/.well-known/openid-configuration":
            self._json(self.provider.discovery())
        elif place.path == "/jwks":
            self._json({"keys": [self.provider.key.as_dict(private=False)]})
        elif place.path == "/authorize":
            self._send(200, "text/html", self.provider.page(dict(parse_qsl(place.query))).encode())
        else:
            self._send(404, "text/plain", b"")

    def do_POST(self) -> None:
        form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode(), keep_blank_values=True))
        if self.path == "/sign-in":
            self._send(303, "text/plain", b"", {"Location": self.provider.answer(form)})
            return
        tokens = self.provider.tokens(form, self.headers.get("Authorization", ""))
        self._json(tokens or {"error": "invalid_grant"}, 200 if tokens else 400)

    def _json(self, body: dict[str, Any], status: int = 200) -> None:
        self._send(status, "application/json", json.dumps(body).encode())

    def _send(self, status: int, type: str, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": type, "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Not to stderr."""


@contextmanager
def providing(accounts: dict[str, str]) -> Iterator[OpenIdProvider]:
    provider = OpenIdProvider(accounts)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"provider": provider}))
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
