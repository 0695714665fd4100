"""The application of the gateway's own tests, with callers of every kind."""

from __future__ import annotations

import httpx
import pytest

from gateway.services import Services
from tests.gateway.conftest import (
    app,
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
from tests.security.world import World

__all__ = [
    "app", "definitions", "http", "log_lines", "outbox", "services", "settings", "template", "token", "wakes"
]  # fmt: skip


@pytest.fixture
def world(http: httpx.AsyncClient, services: Services) -> World:
    return World(http, services)
