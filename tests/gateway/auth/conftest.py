"""An authorization server on a fresh database, two organisations, and clients of each kind."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from sqlalchemy import Engine
from sqlmodel import Session, SQLModel
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from gateway.auth import tables
from gateway.auth.authority import Auth
from gateway.auth.bearer import authenticate
from gateway.auth.clients import Registration, add_client
from gateway.auth.endpoints import ROUTES
from gateway.auth.secrets import SecretBox
from gateway.faults import Fault, Unauthenticated
from gateway.outcome import answer_for, outcome_of
from gateway.settings import Settings
from gateway.store.sqlite import open_engine
from gateway.store.tables import Organisation
from gateway.upstream import upstream_client

PUBLIC = "https://gateway.example"
TOKEN_URL = f"{PUBLIC}/oauth/north/token"
BASE = f"{PUBLIC}/fhir/r4/north"
JWKS_URL = "https://crm.example/jwks.json"
TYPES = frozenset({"Patient", "Observation", "Coverage"})
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass
class Clock:
    """Stands still until a test moves it."""

    now: float = field(default_factory=lambda: float(int(time.time())))

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class KeyHost:
    """What answers at clients' JWKS URLs."""

    answer: Callable[[httpx.Request], httpx.Response]
    fetched: int = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.fetched += 1
        return self.answer(request)

    def publish(self, *keys: RSAKey | ECKey) -> None:
        self.answer = lambda _: httpx.Response(200, json=jwks(*keys))


@dataclass
class World:
    """The server under test, seen from a client."""

    auth: Auth
    clock: Clock
    http: httpx.AsyncClient
    hosts: KeyHost
    orgs: dict[str, int]

    def register(self, org: str = "north", **asked: Any) -> tuple[str, str | None]:
        registration = Registration(**{"name": "CRM", "scope": "system/Patient.cruds system/Coverage.read", **asked})
        with Session(self.auth.engine) as session:
            client, secret = add_client(
                session,
                self.orgs[org],
                registration,
                types=TYPES,
                allow_private=False,
                now=int(self.clock() * 1e6),
                random=self.auth.random,
            )
            session.commit()
            return client.client_id, secret

    async def post(self, form: dict[str, str], org: str = "north", **more: Any) -> httpx.Response:
        return await self.http.post(f"/oauth/{org}/token", data=form, **more)

    async def token(self, org: str = "north", **asked: Any) -> str:
        client_id, secret = self.register(org, **asked)
        answer = await self.post({"grant_type": "client_credentials"}, org, auth=(client_id, secret or ""))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def call(self, token: str, org: str = "north") -> httpx.Response:
        return await self.http.get(f"/fhir/r4/{org}/whoami", headers={"Authorization": f"Bearer {token}"})

    def claims(self, client_id: str, **changed: Any) -> dict[str, Any]:
        now = int(self.clock())
        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": TOKEN_URL,
            "exp": now + 300,
            "jti": self.auth.random(9).hex(),
        }
        return {name: value for name, value in {**claims, **changed}.items() if value is not None}


def jwks(*keys: RSAKey | ECKey) -> dict[str, Any]:
    return {"keys": [dict(key.as_dict(private=False)) for key in keys]}


def sign(key: RSAKey | ECKey, claims: dict[str, Any], **header: Any) -> str:
    alg = "RS384" if isinstance(key, RSAKey) else "ES384"
    named = {"alg": alg, "kid": key.kid, "typ": "JWT", **header}
    return jwt.encode({k: v for k, v in named.items() if v is not None}, claims, key, algorithms=[named["alg"]])


def b64(data: Any) -> str:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def forge_hmac(key: RSAKey | ECKey, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """The attack on verifiers that take a public key for a shared secret: HMAC with its PEM text."""
    signed = f"{b64(header)}.{b64(claims)}"
    return f"{signed}.{b64(hmac.digest(key.as_pem(private=False), signed.encode(), 'sha384'))}"


def assertion_form(assertion: str, **more: str) -> dict[str, str]:
    form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
    return {**form, **more}


@pytest.fixture(scope="session")
def rsa_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "crm-rsa"})


@pytest.fixture(scope="session")
def ec_key() -> ECKey:
    return ECKey.generate_key("P-384", {"kid": "crm-ec"})


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path / 'auth.db'}")
    assert tables.Client.metadata is SQLModel.metadata
    SQLModel.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def orgs(engine: Engine) -> dict[str, int]:
    with Session(engine) as session:
        rows = [Organisation(slug=slug, name=slug, created=0) for slug in ("north", "south")]
        session.add_all(rows)
        session.commit()
        return {row.slug: row.id for row in rows if row.id is not None}


@pytest.fixture
async def world(engine: Engine, orgs: dict[str, int]) -> AsyncIterator[World]:
    clock, hosts = Clock(), KeyHost(lambda _: httpx.Response(404))
    settings = Settings(public_url=PUBLIC)
    async with upstream_client(settings, transport=httpx.MockTransport(hosts)) as outbound:
        auth = Auth(engine, settings, SecretBox(["a secret for tests only"]), outbound, TYPES, clock=clock)
        transport = httpx.ASGITransport(app=_application(auth))
        async with httpx.AsyncClient(transport=transport, base_url=PUBLIC) as http:
            yield World(auth, clock, http, hosts, orgs)


def _application(auth: Auth) -> Starlette:
    async def whoami(request: Request) -> JSONResponse:
        caller = await authenticate(request, request.path_params["org"])
        return JSONResponse({"org": caller.org_slug, "client": caller.client_id, "scope": str(caller.scopes)})

    async def refuse(_: Request, fault: Exception) -> JSONResponse:
        assert isinstance(fault, Fault)
        headers = {"WWW-Authenticate": fault.challenge} if isinstance(fault, Unauthenticated) else {}
        return JSONResponse(outcome_of(fault), answer_for(fault).status, headers)

    app = Starlette(routes=[*ROUTES, Route("/fhir/r4/{org}/whoami", whoami)], exception_handlers={Fault: refuse})
    app.state.auth = auth
    return app


def payload(token: str) -> dict[str, Any]:
    """The claims of a token, unverified."""
    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims
