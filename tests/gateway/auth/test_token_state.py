"""Introspection, revocation and userinfo."""

from __future__ import annotations

from typing import Any

import httpx
import jwt
import pytest

from gateway.auth.verification import REMEMBERED
from tests.gateway.auth.conftest import payload
from tests.gateway.auth.launching import DOCTOR, NORTH, STANDALONE, App, Clinic
from tests.gateway.auth.launching import clinic as clinic
from tests.gateway.conftest import Fhir, GetToken


async def ask(clinic: Clinic, endpoint: str, app: App, token: str, org: str = "north", **more: str) -> httpx.Response:
    form = {"token": token, "client_id": app.client_id, **({"client_secret": app.secret} if app.secret else {}), **more}
    return await clinic.http.post(f"/oauth/{org}/{endpoint}", data=form)


async def introspected(clinic: Clinic, app: App, token: str) -> dict[str, Any]:
    answer = await ask(clinic, "introspect", app, token)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    found: dict[str, Any] = answer.json()
    return found


async def test_a_token_of_a_launch(clinic: Clinic) -> None:
    app, server = clinic.register(), clinic.register(public=False)
    tokens = await clinic.tokens(app, DOCTOR)
    found = await introspected(clinic, server, tokens["access_token"])
    about = payload(tokens["id_token"])
    assert found["active"] is True
    assert found["client_id"] == app.client_id
    assert set(found["scope"].split()) == set(STANDALONE.split())
    assert found["patient"] == tokens["patient"]
    assert {name: found[name] for name in ("iss", "sub", "fhirUser")} == {
        name: about[name] for name in ("iss", "sub", "fhirUser")
    }
    assert found["exp"] == payload(tokens["access_token"])["exp"]
    refresh = await introspected(clinic, server, tokens["refresh_token"])
    assert (refresh["active"], refresh["client_id"], refresh["scope"]) == (True, app.client_id, STANDALONE)


async def test_what_is_not_active(clinic: Clinic, south: Fhir) -> None:
    app, server = clinic.register(), clinic.register(public=False)
    tokens = await clinic.tokens(app)
    rotated = await clinic.refresh(app, tokens["refresh_token"])
    assert rotated.status_code == 200
    head, body, _ = tokens["access_token"].split(".")
    id_token = tokens["id_token"]
    for text in ("made-up", f"{head}.{body}.", tokens["refresh_token"], str(south.token), id_token, "x" * 20_000):
        assert await introspected(clinic, server, text) == {"active": False}
    clinic.clock.advance(3700)
    assert await introspected(clinic, server, tokens["access_token"]) == {"active": False}


async def test_who_may_introspect(clinic: Clinic, client: Fhir, token: GetToken) -> None:
    app, server = clinic.register(), clinic.register(public=False)
    access_token = (await clinic.tokens(app))["access_token"]
    assert (await ask(clinic, "introspect", app, access_token)).status_code == 401, "a public client proves nothing"
    assert (await ask(clinic, "introspect", App(server.client_id, "wrong"), access_token)).status_code == 401
    assert (await ask(clinic, "introspect", server, access_token, "south")).status_code == 401
    for bearer, status in ((access_token, 403), ("made-up", 401)):
        headers = {"Authorization": f"Bearer {bearer}"}
        answer = await clinic.http.post("/oauth/north/introspect", data={"token": access_token}, headers=headers)
        assert answer.status_code == status, answer.text


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
async def test_revoking_one_token_ends_all_of_the_grant(clinic: Clinic, which: str) -> None:
    app, other = clinic.register(), clinic.register()
    tokens, another = await clinic.tokens(app), await clinic.tokens(app)
    assert await clinic.works(tokens["access_token"])
    assert (await ask(clinic, "revoke", other, tokens[which])).status_code == 400, "it is not theirs"
    assert await clinic.works(tokens["access_token"])
    answer = await ask(clinic, "revoke", app, tokens[which], token_type_hint="refresh_token")
    assert answer.status_code == 200, answer.text
    clinic.clock.advance(REMEMBERED)
    assert not await clinic.works(tokens["access_token"])
    assert (await clinic.refresh(app, tokens["refresh_token"])).status_code == 400
    assert await clinic.works(another["access_token"]), "another grant is untouched"


async def test_revoking_a_token_without_a_user(clinic: Clinic) -> None:
    app = clinic.register(public=False, scope="system/Patient.rs", redirect_uris=(), grants=("client_credentials",))
    first, second = [
        (await clinic.token(app, {"grant_type": "client_credentials"})).json()["access_token"] for _ in range(2)
    ]
    assert await clinic.works(first)
    assert (await ask(clinic, "revoke", app, first)).status_code == 200
    assert (await ask(clinic, "revoke", app, first)).status_code == 200, "twice is no error"
    assert await introspected(clinic, app, first) == {"active": False}
    clinic.clock.advance(REMEMBERED)
    assert not await clinic.works(first)
    assert await clinic.works(second)


async def test_revoking_what_is_no_token(clinic: Clinic) -> None:
    app = clinic.register()
    assert (await ask(clinic, "revoke", app, "made-up")).status_code == 200
    assert (await ask(clinic, "revoke", App("nobody", None), "made-up")).status_code == 401
    assert (await ask(clinic, "revoke", app, "")).status_code == 400


async def test_userinfo(clinic: Clinic, client: Fhir) -> None:
    app = clinic.register()
    tokens = await clinic.tokens(app, DOCTOR, "openid fhirUser profile")
    for method in ("GET", "POST"):
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        answer = await clinic.http.request(method, "/oauth/north/userinfo", headers=headers)
        assert answer.json() == {
            "sub": payload(tokens["id_token"])["sub"],
            "fhirUser": f"{NORTH}/Practitioner/dr-1",
            "preferred_username": DOCTOR,
        }
    bare = await clinic.tokens(app, scope="patient/Patient.rs")
    for bearer, status in ((str(client.token), 403), (bare["access_token"], 403), ("x", 401)):
        headers = {"Authorization": f"Bearer {bearer}"}
        assert (await clinic.http.get("/oauth/north/userinfo", headers=headers)).status_code == status


async def test_the_id_token_verifies_with_the_published_key(clinic: Clinic) -> None:
    """As an application does it that knows nothing but the issuer."""
    app = clinic.register()
    tokens = await clinic.tokens(app, DOCTOR, nonce="n-1")
    issuer = jwt.decode(tokens["id_token"], options={"verify_signature": False})["iss"]
    found = (await clinic.http.get(f"{issuer}/.well-known/openid-configuration")).json()
    keys = jwt.PyJWKSet.from_dict((await clinic.http.get(found["jwks_uri"])).json())
    header = jwt.get_unverified_header(tokens["id_token"])
    assert header["alg"] == "RS256"
    claims = jwt.decode(
        tokens["id_token"], keys[header["kid"]].key, algorithms=["RS256"], audience=app.client_id, issuer=issuer
    )
    assert claims["nonce"] == "n-1"
    assert claims["fhirUser"] == f"{NORTH}/Practitioner/dr-1"
    assert 0 < len(claims["sub"]) < 256
    again = (await clinic.refresh(app, tokens["refresh_token"])).json()
    assert "nonce" not in payload(again["id_token"])
