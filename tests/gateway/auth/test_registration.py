"""Clients that register by themselves, and what lets them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey

from gateway.auth import initial_tokens
from tests.gateway.auth.conftest import jwks
from tests.gateway.auth.launching import REDIRECT, App, Clinic
from tests.gateway.auth.launching import clinic as clinic

HOUR = 3600


async def initial(clinic: Clinic, **asked: Any) -> str:
    services = clinic.services
    token, _ = await services.store.session_write(
        lambda session: initial_tokens.make(
            session, clinic.realm.org, types=services.definitions.all_types, now=services.clock(),
            random=services.auth.random, **asked,
        )
    )  # fmt: skip
    return token


async def register(clinic: Clinic, token: str, org: str = "north", **metadata: Any) -> httpx.Response:
    given = {"client_name": "Phone app", "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none", **metadata}
    said = {name: value for name, value in given.items() if value is not None}
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return await clinic.http.post(f"/oauth/{org}/register", json=said, headers=headers)


async def test_a_client_registers_and_is_used(clinic: Clinic) -> None:
    answer = await register(clinic, await initial(clinic), scope="openid launch/patient patient/Patient.rs system/*.rs")
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert told["scope"] == "openid launch/patient patient/Patient.rs"
    assert told["grant_types"] == ["authorization_code", "refresh_token"]
    assert "client_secret" not in told
    app = App(told["client_id"], None)
    assert (await clinic.tokens(app, scope=told["scope"]))["patient"] == "p-1"


async def test_kinds_of_authentication(clinic: Clinic, ec_key: ECKey) -> None:
    token = await initial(clinic, uses=3, scope="system/Patient.rs patient/*.rs")
    default = (await register(clinic, token, token_endpoint_auth_method=None)).json()
    assert default["token_endpoint_auth_method"] == "client_secret_basic"
    assert default["client_secret"]
    assert default["client_secret_expires_at"] == 0
    backend: dict[str, Any] = {"grant_types": ["client_credentials"], "redirect_uris": [], "scope": "system/*.rs"}
    keyed = await register(clinic, token, token_endpoint_auth_method="private_key_jwt", jwks=jwks(ec_key), **backend)
    assert keyed.status_code == 201, keyed.text
    assert keyed.json()["scope"] == "system/Patient.rs"


@pytest.mark.parametrize(
    ("metadata", "error"),
    [
        ({"redirect_uris": ["http://app.example/after"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri"),
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"redirect_uris": "x"}, "invalid_redirect_uri"),
        ({"grant_types": ["password"]}, "invalid_client_metadata"),
        ({"grant_types": ["client_credentials"]}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "tls_client_auth"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"),
        ({"scope": "gateway/admin system/*.cruds"}, "invalid_client_metadata"),
        ({"scope": 7}, "invalid_client_metadata"),
        ({"client_name": "x" * 201}, "invalid_client_metadata"),
    ],
)
async def test_a_refused_registration_uses_up_nothing(clinic: Clinic, metadata: dict[str, Any], error: str) -> None:
    token = await initial(clinic)
    answer = await register(clinic, token, **metadata)
    assert (answer.status_code, answer.json()["error"]) == (400, error), answer.text
    assert (await register(clinic, token)).status_code == 201
    assert (await register(clinic, token)).status_code == 401, "it was good once"


async def test_without_an_initial_token_nobody_registers(clinic: Clinic) -> None:
    token = await initial(clinic)
    for wrong in ("", "made-up", token[:-1]):
        answer = await register(clinic, wrong)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert (await register(clinic, token, org="south")).status_code == 401
    clinic.clock.advance(24 * HOUR)
    assert (await register(clinic, token)).status_code == 401


async def test_a_body_that_is_no_object(clinic: Clinic) -> None:
    headers = {"Authorization": f"Bearer {await initial(clinic)}"}
    for body in (b"", b"[]", b"{", b'{"a":1,"a":2}', b"[" * 100_000):
        answer = await clinic.http.post("/oauth/north/register", content=body, headers=headers)
        assert answer.status_code in (400, 413), answer.text
