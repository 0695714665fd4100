"""Discovery and key sets over HTTP."""

from __future__ import annotations

import pytest

from tests.gateway.auth.conftest import PUBLIC, TOKEN_URL, World


async def test_smart_configuration(world: World) -> None:
    answer = await world.http.get("/fhir/r4/north/.well-known/smart-configuration", headers={"Host": "evil.example"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "token_endpoint": TOKEN_URL,
        "jwks_uri": f"{PUBLIC}/oauth/north/jwks",
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
        "scopes_supported": [
            "system/*.cruds",
            "system/*.rs",
            "system/*.read",
            "system/*.write",
            "system/*.*",
            "gateway/admin",
        ],
        "capabilities": [
            "client-confidential-symmetric",
            "client-confidential-asymmetric",
            "permission-v1",
            "permission-v2",
        ],
    }


async def test_key_sets(world: World) -> None:
    north, south, gateway = [
        (await world.http.get(path)).json()["keys"]
        for path in ("/oauth/north/jwks", "/oauth/south/jwks", "/.well-known/jwks.json")
    ]
    assert [key["alg"] for key in (*north, *south, *gateway)] == ["ES384", "ES384", "RS384"]
    assert len({key["kid"] for key in (*north, *south, *gateway)}) == 3
    assert (await world.http.get("/oauth/north/jwks")).json()["keys"] == north


@pytest.mark.parametrize("path", ["/oauth/nowhere/jwks", "/fhir/r4/nowhere/.well-known/smart-configuration"])
async def test_an_unknown_organisation(world: World, path: str) -> None:
    assert (await world.http.get(path)).status_code == 404


async def test_the_token_endpoint_is_for_post(world: World) -> None:
    assert (await world.http.get("/oauth/north/token")).status_code == 405
