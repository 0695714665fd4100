"""The application of the gateway's own tests, and tokens made by hand."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from gateway.auth.keys import SigningKeys
from gateway.services import Services
from tests.gateway.conftest import (
    NORTH,
    Fhir,
    Template,
    app,
    client,
    definitions,
    http,
    log_lines,
    outbox,
    scoped,
    services,
    settings,
    south,
    template,
    token,
    wakes,
)

__all__ = [
    "app", "client", "definitions", "http", "log_lines", "outbox", "scoped", "services", "settings", "south",
    "template", "token", "wakes",
]  # fmt: skip


@dataclass(frozen=True)
class Forger:
    """Makes tokens; `sign` has the organisation's own key, which no attacker has: only the claims are wrong then."""

    keys: SigningKeys
    client_id: str

    def claims(self, **changed: Any) -> dict[str, Any]:
        now = int(time.time())
        whole = {
            "iss": NORTH, "aud": NORTH, "sub": self.client_id, "client_id": self.client_id, "scope": "system/*.cruds",
            "iat": now, "exp": now + 300, "jti": "by-hand", **changed,
        }  # fmt: skip
        return {name: value for name, value in whole.items() if value is not None}

    def sign(self, *, typ: str = "at+jwt", org: int = 1, **changed: Any) -> str:
        return self.keys.sign(org, self.claims(**changed), typ=typ)


def encoded(part: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


@pytest.fixture
def forger(services: Services, template: Template) -> Forger:
    return Forger(services.auth.keys, template.clients["north"][0])


@pytest.fixture
def bearing(http: httpx.AsyncClient) -> Callable[[str], Fhir]:
    """A caller at north with whatever token."""
    return lambda token: Fhir(http, NORTH, token)
