"""An application as the SMART test kit drives one, with a person's browser beside it, against the live server."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

import httpx

from tests.blackbox.conftest import Server

REDIRECT = "https://app.example/redirect"
LAUNCH_URL = "https://app.example/launch"
PASSWORD = "a long enough password"
RESOURCES = ("Patient", "Condition", "Encounter", "Coverage", "Observation")
STANDALONE = "launch/patient openid fhirUser offline_access " + " ".join(f"patient/{type}.rs" for type in RESOURCES)


@dataclass(frozen=True)
class Person:
    """A user and what stands for them."""

    email: str
    fhir_user: str


@dataclass
class Site:
    """The server, its discovery document, and an administrator's client."""

    server: Server
    found: dict[str, Any]
    admin: httpx.Client
    patient: str
    doctor: Person
    portal: Person

    def register(self, **asked: Any) -> App:
        given = {
            "name": "Inferno", "redirect_uris": [REDIRECT], "public": True, "launch_url": LAUNCH_URL,
            "scope": f"{STANDALONE} launch online_access user/*.cruds patient/*.cruds patient/*.read", **asked,
        }  # fmt: skip
        made = self.admin.post("clients", json=given).raise_for_status().json()
        return App(self, made["client_id"], made.get("client_secret"))


@dataclass
class App:
    """A registered application; a new verifier and state for each launch."""

    site: Site
    client_id: str
    secret: str | None
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(54)[:73])
    state: str = field(default_factory=lambda: str(uuid4()))

    def asks(self, scope: str = STANDALONE, **changed: str | None) -> dict[str, str]:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        asked = {
            "response_type": "code", "client_id": self.client_id, "redirect_uri": REDIRECT, "scope": scope,
            "state": self.state, "aud": self.site.server.base, "code_challenge_method": "S256",
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), **changed,
        }  # fmt: skip
        return {name: value for name, value in asked.items() if value is not None}

    def authorize(
        self,
        person: Person,
        scope: str = STANDALONE,
        *,
        without: tuple[str, ...] = (),
        post: bool = False,
        **changed: Any,
    ) -> dict[str, str]:
        """What came back to the redirect URI."""
        with httpx.Client(timeout=30) as browser:
            address, asked = self.site.found["authorization_endpoint"], self.asks(scope, **changed)
            page = browser.post(address, data=asked) if post else browser.get(address, params=asked)
            for _ in range(5):
                if page.status_code == 303:
                    to, _, query = page.headers["location"].partition("?")
                    assert to == REDIRECT
                    return dict(parse_qsl(query))
                assert page.status_code == 200, page.text
                page = self._answer(browser, page, person, without)
        raise AssertionError(page.text)

    def _answer(
        self, browser: httpx.Client, page: httpx.Response, person: Person, without: tuple[str, ...]
    ) -> httpx.Response:
        text = html.unescape(page.text)
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', text))
        here = self.site.found["authorization_endpoint"].removesuffix("/authorize")
        if 'id="password"' in text:
            return browser.post(f"{here}/sign-in", data={**hidden, "email": person.email, "password": PASSWORD})
        if "Choose a patient" in text:
            return browser.post(f"{here}/patient", data={**hidden, "patient": self.site.patient})
        ticks = [name for name in re.findall(r'type="checkbox" id="[^"]*" name="([^"]*)"', text) if name not in without]
        return browser.post(f"{here}/consent", data={**hidden, "decision": "allow", **dict.fromkeys(ticks, "on")})

    def token(self, **form: str | None) -> httpx.Response:
        sent = {"client_id": self.client_id, **form}
        auth = (self.client_id, self.secret) if self.secret else None
        kept = {name: value for name, value in sent.items() if value is not None and not (auth and name == "client_id")}
        with httpx.Client(auth=auth, timeout=30) as http:
            return http.post(self.site.found["token_endpoint"], data=kept, headers={"Origin": "https://app.example"})

    def redeem(self, code: str, **changed: str | None) -> httpx.Response:
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": self.verifier,
        }  # fmt: skip
        return self.token(**{**form, **changed})

    def refresh(self, token: str, **more: str) -> httpx.Response:
        return self.token(grant_type="refresh_token", refresh_token=token, **more)

    def launched(self, person: Person, scope: str = STANDALONE, **how: Any) -> dict[str, Any]:
        answer = self.authorize(person, scope, **how)
        assert "error" not in answer, answer
        tokens: dict[str, Any] = self.redeem(answer["code"]).raise_for_status().json()
        return tokens

    def read(self, tokens: dict[str, Any], path: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        return httpx.get(f"{self.site.server.base}/{path}", headers=headers, timeout=30)
