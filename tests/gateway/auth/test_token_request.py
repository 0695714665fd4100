"""The token endpoint's rows for malformed requests and failed secrets; one test per error of RFC 6749, 5.2."""

from __future__ import annotations

import base64
import logging
from contextlib import suppress
from typing import Any

import httpx
import pytest
from authlib.oauth2.rfc6749 import InvalidRequestError  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth.token_request import TokenRequest, read_token_request
from tests.gateway.auth.conftest import ASSERTION_TYPE, TOKEN_URL, World, payload

GRANT = {"grant_type": "client_credentials"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


def basic(text: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


def refused(answer: httpx.Response, status: int, error: str) -> None:
    assert (answer.status_code, answer.json()["error"]) == (status, error), answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    assert ("www-authenticate" in answer.headers) == (status == 401)


async def test_a_secret_by_basic(world: World) -> None:
    client_id, secret = world.register()
    answer = await world.post({**GRANT, "scope": "system/Patient.rs"}, auth=(client_id, secret or ""))
    body = answer.json()
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("bearer", 3600, "system/Patient.rs")
    claims = payload(body["access_token"])
    assert claims["iss"] == claims["aud"] == "https://gateway.example/fhir/r4/north"
    assert claims["sub"] == claims["client_id"] == client_id
    assert claims["exp"] - claims["iat"] == 3600


async def test_a_secret_in_the_form(world: World) -> None:
    client_id, secret = world.register()
    answer = await world.post({**GRANT, "client_id": client_id, "client_secret": secret or ""})
    assert answer.status_code == 200
    assert answer.json()["scope"] == "system/Patient.cruds system/Coverage.read"


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "not_a_grant_type"}, "unsupported_grant_type"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "invalid_request"),
        ({"scope": "system/Patient.rs"}, "invalid_request"),
        ({**GRANT, "client_assertion_type": "not_an_assertion_type"}, "invalid_request"),
        ({**GRANT, "client_assertion_type": "not_an_assertion_type", "client_assertion": "a.b.c"}, "invalid_request"),
        ({**GRANT, "client_assertion_type": ASSERTION_TYPE}, "invalid_request"),
        ({**GRANT, "client_assertion": "a.b.c"}, "invalid_request"),
        ({**GRANT, "client_assertion_type": ASSERTION_TYPE, "client_assertion": "not a jwt"}, "invalid_request"),
        ({**GRANT, "client_assertion_type": ASSERTION_TYPE, "client_assertion": "é" * 9}, "invalid_request"),
        ({**GRANT, "client_assertion_type": ASSERTION_TYPE, "client_assertion": "a" * 20_000}, "invalid_request"),
    ],
)
async def test_malformed_requests(world: World, form: dict[str, str], error: str) -> None:
    refused(await world.post(form), 400, error)


async def test_a_body_that_is_no_form(world: World) -> None:
    refused(await world.http.post("/oauth/north/token", json=GRANT), 400, "invalid_request")
    for body in (b"\xff\xfe", b"grant_type=%ff%fe", b"&".join(b"a%d=1" % n for n in range(60))):
        refused(await world.http.post("/oauth/north/token", content=body, headers=FORM), 400, "invalid_request")


async def test_a_parameter_given_twice(world: World) -> None:
    body = b"grant_type=client_credentials&grant_type=client_credentials"
    refused(await world.http.post("/oauth/north/token", content=body, headers=FORM), 400, "invalid_request")


async def test_two_ways_of_authenticating(world: World) -> None:
    client_id, secret = world.register()
    form = {**GRANT, "client_id": client_id, "client_secret": secret or ""}
    refused(await world.post(form, auth=(client_id, secret or "")), 400, "invalid_request")


async def test_an_enormous_body_is_not_read(world: World) -> None:
    answer = await world.http.post("/oauth/north/token", content=b"a=" + b"x" * 70_000, headers=FORM)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "headers",
    [
        {},
        basic("nobody:secret"),
        basic("nobody"),
        basic("\0:\0"),
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe:x").decode()},
        {"Authorization": "Bearer abc"},
        {"Authorization": "Basic"},
    ],
)
async def test_failed_client_authentication(world: World, headers: dict[str, str]) -> None:
    refused(await world.post(GRANT, headers=headers), 401, "invalid_client")


async def test_unknown_client_and_wrong_secret_answer_alike(world: World) -> None:
    client_id, _ = world.register()
    wrong, unknown = [await world.post(GRANT, auth=(name, "guess")) for name in (client_id, "nobody")]
    assert wrong.json() == unknown.json()
    refused(wrong, 401, "invalid_client")


async def test_a_client_id_that_contradicts(world: World) -> None:
    client_id, secret = world.register()
    other, _ = world.register()
    refused(await world.post({**GRANT, "client_id": other}, auth=(client_id, secret or "")), 401, "invalid_client")


async def test_a_public_client_gets_no_client_credentials(world: World) -> None:
    client_id, _ = world.register(public=True, redirect_uris=["https://app.example/back"])
    refused(await world.post({**GRANT, "client_id": client_id}), 401, "invalid_client")


async def test_a_client_registered_for_another_grant(world: World) -> None:
    client_id, secret = world.register(grants=["authorization_code"], redirect_uris=["https://app.example/back"])
    refused(await world.post(GRANT, auth=(client_id, secret or "")), 400, "unauthorized_client")


async def test_a_client_of_another_organisation(world: World) -> None:
    client_id, secret = world.register("south")
    refused(await world.post(GRANT, "north", auth=(client_id, secret or "")), 401, "invalid_client")


@pytest.mark.parametrize(
    "scope", ["system/Observation.rs", "system/Patient.dr", "nonsense", "patient/Patient.rs", "gateway/admin"]
)
async def test_a_scope_that_cannot_be_granted(world: World, scope: str) -> None:
    client_id, secret = world.register()
    refused(await world.post({**GRANT, "scope": scope}, auth=(client_id, secret or "")), 400, "invalid_scope")


async def test_an_unknown_organisation(world: World) -> None:
    for slug in ("nowhere", "%00"):
        answer = await world.post(GRANT, slug)
        assert answer.status_code == 404
        assert answer.json()["resourceType"] == "OperationOutcome"


async def test_neither_secret_nor_token_is_logged(world: World, caplog: pytest.LogCaptureFixture, capsys: Any) -> None:
    caplog.set_level(logging.DEBUG)
    client_id, secret = world.register()
    answer = await world.post(GRANT, auth=(client_id, secret or ""))
    written = caplog.text + "".join(capsys.readouterr())
    assert "token_issued" in written
    assert answer.json()["access_token"] not in written
    assert secret is not None
    assert secret not in written


@given(st.binary(max_size=200))
def test_any_body_is_a_request_or_an_oauth_error(body: bytes) -> None:
    with suppress(InvalidRequestError):
        assert isinstance(read_token_request(TOKEN_URL, FORM, body), TokenRequest)
