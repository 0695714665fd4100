"""Discovery and key sets over HTTP."""

from __future__ import annotations

import pytest

from gateway.auth.scopes import rejected
from tests.gateway.auth.conftest import BASE, PUBLIC, TYPES, World


async def test_smart_configuration(world: World) -> None:
    answer = await world.http.get("/fhir/r4/north/.well-known/smart-configuration", headers={"Host": "evil.example"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    found = answer.json()
    endpoints = {name: url for name, url in found.items() if name.endswith("_endpoint")}
    assert endpoints == {
        f"{name}_endpoint": f"{PUBLIC}/oauth/north/{last}"
        for name, last in (
            ("authorization", "authorize"),
            ("token", "token"),
            ("introspection", "introspect"),
            ("revocation", "revoke"),
            ("registration", "register"),
        )
    }
    assert (found["issuer"], found["jwks_uri"]) == (BASE, f"{PUBLIC}/oauth/north/jwks")
    assert found["grant_types_supported"] == ["authorization_code", "client_credentials", "refresh_token"]
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["token_endpoint_auth_signing_alg_values_supported"] == ["RS384", "ES384"]
    assert set(found["capabilities"]) >= {
        "launch-standalone", "launch-ehr", "client-public", "client-confidential-symmetric",
        "client-confidential-asymmetric", "sso-openid-connect", "context-standalone-patient", "permission-offline",
        "permission-patient", "permission-user", "authorize-post", "permission-v2", "permission-v1",
        "context-ehr-patient", "context-ehr-encounter", "context-banner", "context-style",
    }  # fmt: skip


async def test_what_is_said_to_be_supported_can_be_registered(world: World) -> None:
    """SMART: the server supports all scopes that it lists."""
    found = (await world.http.get("/fhir/r4/north/.well-known/smart-configuration")).json()
    assert rejected(" ".join(found["scopes_supported"]), TYPES) == ()


async def test_openid_configuration(world: World) -> None:
    answer = await world.http.get("/fhir/r4/north/.well-known/openid-configuration")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    found = answer.json()
    assert found["issuer"] == BASE
    assert found["id_token_signing_alg_values_supported"] == ["RS256"]
    assert found["subject_types_supported"] == ["public"]
    assert found["response_types_supported"] == ["code"]
    assert found["userinfo_endpoint"] == f"{PUBLIC}/oauth/north/userinfo"


async def test_key_sets(world: World) -> None:
    north, south, gateway = [
        (await world.http.get(path)).json()["keys"]
        for path in ("/oauth/north/jwks", "/oauth/south/jwks", "/.well-known/jwks.json")
    ]
    assert [key["alg"] for key in (*north, *south, *gateway)] == ["ES384", "RS256", "ES384", "RS256", "RS384"]
    assert len({key["kid"] for key in (*north, *south, *gateway)}) == 5
    assert (await world.http.get("/oauth/north/jwks")).json()["keys"] == north


@pytest.mark.parametrize("path", ["/oauth/nowhere/jwks", "/fhir/r4/nowhere/.well-known/smart-configuration"])
async def test_an_unknown_organisation(world: World, path: str) -> None:
    assert (await world.http.get(path)).status_code == 404


async def test_the_token_endpoint_is_for_post(world: World) -> None:
    assert (await world.http.get("/oauth/north/token")).status_code == 405
