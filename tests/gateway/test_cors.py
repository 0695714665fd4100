"""Browser applications of other origins."""

from __future__ import annotations

import httpx
import pytest

from tests.gateway.conftest import NORTH, PUBLIC, Fhir

ORIGIN = "https://app.example"
ALLOW = "access-control-allow-origin"
CREDENTIALS = "access-control-allow-credentials"


@pytest.mark.parametrize(
    "path",
    [
        "/fhir/r4/north/metadata",
        "/fhir/r4/north/.well-known/smart-configuration",
        "/fhir/r4/north/.well-known/openid-configuration",
        "/oauth/north/jwks",
        "/.well-known/jwks.json",
    ],
)
async def test_discovery_is_open_to_any_origin(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path, headers={"Origin": ORIGIN})
    assert (answer.status_code, answer.headers[ALLOW]) == (200, "*")
    assert CREDENTIALS not in answer.headers


async def test_a_script_reads_resources_and_their_headers(client: Fhir) -> None:
    made = await client.ask("POST", "Patient", {"resourceType": "Patient"}, headers={"Origin": ORIGIN})
    assert (made.status_code, made.headers[ALLOW]) == (201, "*")
    exposed = {name.strip().lower() for name in made.headers["access-control-expose-headers"].split(",")}
    assert exposed >= {"etag", "location", "content-location", "x-request-id"}


async def test_a_script_sees_why_it_was_refused(http: httpx.AsyncClient) -> None:
    refused = await http.get(f"{NORTH}/Patient", headers={"Origin": ORIGIN})
    assert (refused.status_code, refused.headers[ALLOW]) == (401, "*")
    token = await http.post("/oauth/north/token", data={"grant_type": "x"}, headers={"Origin": ORIGIN})
    assert (token.status_code, token.headers[ALLOW]) == (400, "*")


@pytest.mark.parametrize("path", ["/fhir/r4/north/Patient/1", "/oauth/north/token", "/oauth/north/userinfo"])
async def test_a_preflight_needs_no_token(http: httpx.AsyncClient, path: str) -> None:
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "authorization, content-type, if-match",
    }
    answer = await http.options(path, headers=asked)
    assert answer.status_code == 200, answer.text
    assert answer.headers[ALLOW] == "*"
    assert "PUT" in answer.headers["access-control-allow-methods"]
    allowed = {name.strip().lower() for name in answer.headers["access-control-allow-headers"].split(",")}
    assert allowed >= {"authorization", "content-type", "if-match"}
    assert CREDENTIALS not in answer.headers
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize("path", ["/console/sign-in", "/oauth/north/authorize", "/healthz", "/admin/v1/north/clients"])
async def test_pages_are_no_road_for_scripts(http: httpx.AsyncClient, path: str) -> None:
    for method in ("GET", "OPTIONS"):
        answer = await http.request(
            method, f"{PUBLIC}{path}", headers={"Origin": ORIGIN, "Access-Control-Request-Method": "GET"}
        )
        assert ALLOW not in answer.headers
