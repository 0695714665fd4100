"""A gateway with two organisations, a user of each role, one connection, and a browser's worth of HTTP."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from shutil import copyfile

import httpx
import pytest
from argon2 import PasswordHasher
from sqlmodel import Session

from gateway import opening
from gateway.app import create_app
from gateway.auth.authority import Realm
from gateway.auth.secrets import SecretBox
from gateway.auth.users import NewUser, Role, add_user
from gateway.commands.connection import add_connection
from gateway.commands.org import add_organisation
from gateway.services import Services
from gateway.settings import Settings
from gateway.sync.connections import Changed

PASSWORD = "a long enough password"
SECRET = "token-that-must-not-be-shown"
NOW = 1_780_000_000_000_000
MINUTE = 60_000_000


@dataclass
class Clock:
    """Stands still until a test moves it."""

    now: int = NOW

    def __call__(self) -> int:
        return self.now


@dataclass
class Browser:
    """Keeps cookies and fills in forms as they are on the page."""

    http: httpx.AsyncClient
    page: httpx.Response = field(init=False)

    async def open(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        self.page = await self.http.get(path, headers=headers)
        return self.page

    @property
    def csrf(self) -> str:
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', self.page.text)
        assert found is not None, self.page.text
        return found[1]

    async def send(
        self, path: str, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Posted with the token of the page that is open."""
        return await self.http.post(path, data={"csrf": self.csrf, **(form or {})}, headers=headers)

    async def sign_in(
        self, role: str, password: str = PASSWORD, org: str = "north", email: str | None = None
    ) -> httpx.Response:
        await self.open("/console/sign-in")
        form = {"org": org, "email": email or f"{role}@north.example", "password": password}
        answer = await self.send("/console/sign-in", form)
        if answer.status_code == 303:
            await self.open("/console/")
        return answer


@dataclass
class World:
    """The gateway under test."""

    services: Services
    clock: Clock
    realm: Realm

    def browser(self, address: str = "192.0.2.7") -> Browser:
        transport = httpx.ASGITransport(app=create_app(self.services), client=(address, 4711))
        return Browser(httpx.AsyncClient(transport=transport, base_url=self.services.settings.public_url))


@pytest.fixture(scope="session")
def password_hash() -> str:
    """Of the least cost there is; what a real one costs is tested with `user add`."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("console") / "empty.db"
    opening.migrate(Settings(database_url=f"sqlite:///{path}"))
    return path


@pytest.fixture
async def world(
    migrated: Path, tmp_path: Path, password_hash: str, request: pytest.FixtureRequest
) -> AsyncIterator[World]:
    path, clock = tmp_path / "crosswalk.db", Clock()
    copyfile(migrated, path)
    settings = Settings(
        f"sqlite:///{path}", getattr(request, "param", "http://127.0.0.1:8080"), allow_private_upstreams=True
    )
    async with opening.open_services(settings, SecretBox(["a secret of the tests"])) as opened:
        services = replace(opened, clock=clock)
        realm = await add_organisation(services, "north", "North clinic")
        other = await add_organisation(services, "south", "South clinic")

        def users(session: Session) -> None:
            for role in Role:
                add_user(session, realm.org, NewUser(email=f"{role}@north.example", role=role), password_hash, now=NOW)
            add_user(session, other.org, NewUser(email="admin@south.example", role=Role.ADMIN), password_hash, now=NOW)

        await services.store.session_write(users)
        changed = Changed({"app_id": "app-17"}, {"access_id": "access-of-north", "secret_key": SECRET})
        await add_connection(services, "north", "frontdesk", "kipu", "http://127.0.0.1:9", changed)
        yield World(services, clock, realm)
