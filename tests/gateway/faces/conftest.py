"""The application with the ward's face, and clients of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import httpx
import pytest
from starlette.applications import Starlette

from gateway.app import create_app
from gateway.services import Services
from tests.gateway.audit.conftest import admin as admin
from tests.gateway.conftest import PUBLIC, Fhir, GetToken
from tests.gateway.faces.ward import WARD

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def app(services: Services) -> Starlette:
    return create_app(services, faces=(WARD,))


@pytest.fixture
async def ward(http: httpx.AsyncClient, token: GetToken) -> Fhir:
    """May do everything."""
    return Fhir(http, f"{PUBLIC}/ward/v1/north", await token())


@pytest.fixture
def ward_of(http: httpx.AsyncClient, token: GetToken) -> Callable[[str], Awaitable[Fhir]]:
    """May do what the scope says."""

    async def limited(scope: str) -> Fhir:
        return Fhir(http, f"{PUBLIC}/ward/v1/north", await token(scope))

    return limited
