"""Auth: what the handlers of the authorization server share. The application keeps one as `app.state.auth`."""

from __future__ import annotations

import logging
import os
import time
from dataclasses import dataclass

import anyio
import httpx
from sqlalchemy import Engine
from sqlmodel import Session, select
from starlette.requests import Request

from gateway.auth.jwks import JwksCache
from gateway.auth.keys import Clock, SigningKeys
from gateway.auth.rotation import Rotation
from gateway.auth.secrets import Random, SecretBox
from gateway.auth.verification import TokenVerifier
from gateway.faults import NotFound
from gateway.limits import Limits
from gateway.settings import Settings
from gateway.store.tables import Organisation

WORKERS = 8
"""Token requests worked on at once: hashing takes 19 MiB, and a slow JWKS host must not tie up the other threads."""


@dataclass(frozen=True, slots=True)
class Realm:
    """An organisation as the authorization server sees it: its key and the addresses that tokens name."""

    org: int
    slug: str
    public_url: str

    @property
    def fhir_base(self) -> str:
        """Issuer and audience of the organisation's access tokens."""
        return f"{self.public_url}/fhir/r4/{self.slug}"

    @property
    def token_url(self) -> str:
        return self.endpoint("token")

    @property
    def jwks_url(self) -> str:
        return self.endpoint("jwks")

    def endpoint(self, name: str) -> str:
        """The address of one of the authorization server's endpoints."""
        return f"{self.public_url}{self.path}/{name}"

    @property
    def path(self) -> str:
        """What the addresses of the authorization server's pages begin with, and its cookies are for."""
        return f"/oauth/{self.slug}"


class Auth:
    """The authorization server's collaborators. `types` are the resource types that a scope may name."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        box: SecretBox,
        http: httpx.AsyncClient,
        types: frozenset[str],
        *,
        clock: Clock = time.time,
        random: Random = os.urandom,
    ) -> None:
        # Its debug lines hold whole access tokens; ours say who got one.
        logging.getLogger("authlib").setLevel(logging.INFO)
        self.engine = engine
        self.settings = settings
        self.types = types
        self.clock = clock
        self.random = random
        self.box = box
        self.keys = SigningKeys(engine, box, clock)
        self.rotation = Rotation(engine, self.keys)
        self.http = http
        self.jwks = JwksCache(http, clock)
        self.verifier = TokenVerifier(engine, self.keys, clock)
        self.workers = anyio.CapacityLimiter(WORKERS)
        self.limits = Limits(settings.client_rate, settings.client_at_once, settings.failures)

    def realm(self, slug: str) -> Realm:
        """Blocking; raises NotFound."""
        with Session(self.engine) as session:
            org = session.exec(select(Organisation.id).where(Organisation.slug == slug)).first()
        if org is None:
            raise NotFound("There is no such organisation here")
        return Realm(org, slug, self.settings.public_url)


def auth_of(request: Request) -> Auth:
    auth: Auth = request.app.state.auth
    return auth
