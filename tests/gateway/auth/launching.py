"""An application, a browser and a clinic: what a launch takes."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from argon2 import PasswordHasher
from sqlmodel import Session
from starlette.applications import Starlette

from gateway.app import create_app
from gateway.auth import launches
from gateway.auth.authority import Auth, Realm
from gateway.auth.clients import Registration, add_client
from gateway.auth.launches import Launch
from gateway.auth.users import NewUser, Role, add_user
from gateway.services import Services
from tests.gateway.auth.conftest import Clock
from tests.gateway.conftest import BOX
from tests.gateway.conftest import NORTH as NORTH
from tests.gateway.conftest import PUBLIC as PUBLIC

PASSWORD = "a long enough password"
REDIRECT = "https://app.example/after"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
EVERYTHING = (
    "openid fhirUser profile launch launch/patient launch/encounter offline_access online_access "
    "patient/*.cruds patient/*.read user/*.cruds user/*.*"
)
STANDALONE = "openid fhirUser launch/patient offline_access patient/Patient.rs patient/Observation.rs"
DOCTOR, PATIENT, VIEWER, OPERATOR = (f"{name}@north.example" for name in ("doctor", "patient", "viewer", "operator"))
USERS = (
    NewUser(email=DOCTOR, role=Role.VIEWER, practitioner="dr-1"),
    NewUser(email=PATIENT, role=Role.VIEWER, patient="p-1"),
    NewUser(email=VIEWER, role=Role.VIEWER),
    NewUser(email=OPERATOR, role=Role.OPERATOR),
)


@dataclass
class App:
    """A registered application."""

    client_id: str
    secret: str | None

    def asks(self, scope: str | None = STANDALONE, **changed: str | None) -> dict[str, str]:
        """The authorization request; a value of None leaves a parameter out."""
        asked: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": REDIRECT,
            "scope": scope,
            "state": "a-state",
            "aud": NORTH,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changed,
        }
        return {name: value for name, value in asked.items() if value is not None}


@dataclass
class Answer:
    """What the browser brought back to the application."""

    to: str
    params: dict[str, str]


@dataclass
class Browser:
    """Keeps cookies, and sends forms with what stands in them."""

    http: httpx.AsyncClient
    page: httpx.Response = field(init=False)

    async def open(self, params: dict[str, str]) -> httpx.Response:
        self.page = await self.http.get("/oauth/north/authorize", params=params)
        return self.page

    @property
    def text(self) -> str:
        return html.unescape(self.page.text)

    def hidden(self, name: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]*)"', self.page.text)
        assert found, self.page.text
        return html.unescape(found[1])

    @property
    def ticked(self) -> dict[str, str]:
        return {
            html.unescape(name): "on"
            for name in re.findall(r'type="checkbox" id="[^"]*" name="([^"]*)"', self.page.text)
        }

    async def send(self, page: str, **form: str) -> httpx.Response:
        sent = {"csrf": self.hidden("csrf"), "request": self.hidden("request"), **form}
        self.page = await self.http.post(f"/oauth/north/{page}", data=sent)
        return self.page

    async def sign_in(self, email: str, password: str = PASSWORD) -> httpx.Response:
        return await self.send("sign-in", email=email, password=password)

    async def allow(self, *without: str) -> httpx.Response:
        left = {name: on for name, on in self.ticked.items() if name not in without}
        return await self.send("consent", decision="allow", **left)

    @property
    def answer(self) -> Answer:
        assert self.page.status_code == 303, f"{self.page.status_code} {self.page.text}"
        to, _, query = self.page.headers["location"].partition("?")
        return Answer(to, dict(parse_qsl(query)))


@dataclass
class Clinic:
    """North, with its users, patients and applications."""

    services: Services
    clock: Clock
    app: Starlette
    http: httpx.AsyncClient
    realm: Realm

    def register(self, **asked: Any) -> App:
        given = {"name": "Chart app", "scope": EVERYTHING, "redirect_uris": (REDIRECT,), "public": True, **asked}
        with Session(self.services.auth.engine) as session:
            client, secret = add_client(
                session, self.realm.org, Registration(**given), types=self.services.definitions.all_types,
                allow_private=False, now=0, random=self.services.auth.random,
            )  # fmt: skip
            session.commit()
            return App(client.client_id, secret)

    def browser(self) -> Browser:
        return Browser(httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=PUBLIC))

    async def launch(self, **about: Any) -> str:
        now, random = self.services.clock(), self.services.auth.random
        launch = Launch(**about)
        return await self.services.store.session_write(
            lambda s: launches.mint(s, self.realm.org, launch, now=now, random=random)
        )

    async def token(self, app: App, form: dict[str, str]) -> httpx.Response:
        known = {"client_id": app.client_id, **({"client_secret": app.secret} if app.secret else {})}
        return await self.http.post("/oauth/north/token", data={**known, **form})

    async def redeem(self, app: App, code: str, **changed: str) -> httpx.Response:
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER,
        }  # fmt: skip
        return await self.token(app, {**form, **changed})

    async def refresh(self, app: App, refresh_token: str, **more: str) -> httpx.Response:
        return await self.token(app, {"grant_type": "refresh_token", "refresh_token": refresh_token, **more})

    async def code(self, app: App, email: str = PATIENT, scope: str = STANDALONE, **asked: str | None) -> str:
        browser = self.browser()
        await browser.open(app.asks(scope, **asked))
        await browser.sign_in(email)
        if "/patient" in browser.page.text and "Choose a patient" in browser.text:
            await browser.send("patient", patient="p-1")
        await browser.allow()
        return browser.answer.params["code"]

    async def tokens(
        self, app: App, email: str = PATIENT, scope: str = STANDALONE, **asked: str | None
    ) -> dict[str, Any]:
        answer = await self.redeem(app, await self.code(app, email, scope, **asked))
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens

    async def works(self, access_token: str) -> bool:
        """Whether the token is one of somebody; what it may do is another matter."""
        answer = await self.http.get(f"{NORTH}/Patient/p-1", headers={"Authorization": f"Bearer {access_token}"})
        assert answer.status_code in (200, 401, 403), answer.text
        return answer.status_code != 401


def origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


@pytest.fixture
async def clinic(services: Services) -> AsyncIterator[Clinic]:
    clock = Clock()
    auth = Auth(
        services.auth.engine, services.settings, BOX, services.auth.http, services.definitions.all_types, clock=clock
    )
    services = replace(services, auth=auth, clock=lambda: int(clock() * 1_000_000))
    app, realm = create_app(services), auth.realm("north")
    hashed = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)

    def users(session: Session) -> None:
        for user in USERS:
            add_user(session, realm.org, user, hashed, now=0)

    def records(transaction: Any) -> None:
        for id, name in (("p-1", "Ada Quill"), ("p-2", "Ben Rook")):
            given, family = name.split()
            names = [{"given": [given], "family": family}]
            transaction.put({"resourceType": "Patient", "id": id, "name": names, "birthDate": "1980-02-03"})

    await services.store.session_write(users)
    await services.store.write(realm.org, records)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=PUBLIC) as http:
        yield Clinic(services, clock, app, http, realm)
