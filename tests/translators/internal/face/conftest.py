"""The application of the gateway's own tests, with a staff app and a FHIR client at the same organisation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import httpx
import pytest

from tests.gateway.conftest import (
    Fhir,
    GetToken,
    app,
    client,
    definitions,
    http,
    log_lines,
    outbox,
    services,
    settings,
    template,
    token,
    wakes,
)
from tests.translators.internal.face.api import Api, Catalogue, catalogued

__all__ = [
    "app", "client", "definitions", "http", "log_lines", "outbox", "services", "settings", "template", "token", "wakes"
]  # fmt: skip


@pytest.fixture
async def api(http: httpx.AsyncClient, token: GetToken) -> Api:
    """May do everything at north, as the FHIR `client` may."""
    return Api(http, await token())


@pytest.fixture
def staff(http: httpx.AsyncClient, token: GetToken) -> Callable[[str], Awaitable[Api]]:
    """A staff app at north that may do only what the scope says."""

    async def limited(scope: str) -> Api:
        return Api(http, await token(scope))

    return limited


@pytest.fixture
async def catalogue(client: Fhir) -> Catalogue:
    return await catalogued(client)
