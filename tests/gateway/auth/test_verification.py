"""Access tokens at the FHIR base: whose they are, how they are forged, and how they end."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from joserfc.jwk import ECKey
from sqlmodel import Session

from gateway.auth.clients import disable_client, find_client
from gateway.auth.verification import LEEWAY, REMEMBERED
from tests.gateway.auth.conftest import BASE, World, b64, forge_hmac, payload, sign


async def refused(world: World, token: str, org: str = "north") -> None:
    answer = await world.call(token, org)
    assert answer.status_code == 401, answer.text
    assert answer.headers["www-authenticate"] == 'Bearer realm="crosswalk", error="invalid_token"'
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome"
    assert outcome["issue"][0]["code"] == "login"
    assert token not in answer.text


def forge(world: World, **changed: Any) -> str:
    """A token signed by the real key of north, with other claims than the server would write."""
    client_id, _ = world.register()
    now = int(world.clock())
    claims = {
        "iss": BASE, "aud": BASE, "sub": client_id, "client_id": client_id, "scope": "system/Patient.rs",
        "iat": now, "exp": now + 300, "jti": "j",
    }  # fmt: skip
    typ = changed.pop("typ", "at+jwt")
    kept = {name: value for name, value in {**claims, **changed}.items() if value is not None}
    return world.auth.keys.sign(world.orgs["north"], kept, typ=typ)


async def test_the_caller(world: World) -> None:
    token = await world.token()
    for _ in range(2):  # verified, then remembered
        answer = await world.call(token)
        assert answer.status_code == 200, answer.text
        assert answer.json() == {
            "org": "north",
            "client": payload(token)["client_id"],
            "scope": "system/Patient.cruds system/Coverage.read",
        }


async def test_no_token_gets_a_challenge_without_error(world: World) -> None:
    answer = await world.http.get("/fhir/r4/north/whoami")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="crosswalk"'


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Basic YTpi", "Bearer a b", "Bearer é", "Bearer " + "a" * 20_000]
)
async def test_a_header_that_is_no_bearer_token(world: World, header: str) -> None:
    answer = await world.http.get("/fhir/r4/north/whoami", headers=[(b"Authorization", header.encode())])
    assert answer.status_code == 401


async def test_two_authorization_headers(world: World) -> None:
    token = await world.token()
    headers = [("Authorization", f"Bearer {token}"), ("Authorization", f"Bearer {token}")]
    assert (await world.http.get("/fhir/r4/north/whoami", headers=headers)).status_code == 401


async def test_a_token_in_the_url_is_not_one(world: World) -> None:
    answer = await world.http.get("/fhir/r4/north/whoami", params={"access_token": await world.token()})
    assert answer.status_code == 401


async def test_a_token_of_another_organisation(world: World) -> None:
    north, south = await world.token("north"), await world.token("south")
    assert (await world.call(north)).status_code == 200
    await refused(world, north, "south")
    await refused(world, south, "north")


async def test_it_expires(world: World) -> None:
    token = await world.token()
    assert (await world.call(token)).status_code == 200
    world.clock.advance(3600 + LEEWAY)
    await refused(world, token)


async def test_the_memory_does_not_outlive_the_token(world: World) -> None:
    token = await world.token()
    world.clock.advance(3600 + LEEWAY - 1)
    assert (await world.call(token)).status_code == 200
    world.clock.advance(1)
    await refused(world, token)


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://gateway.example/fhir/r4/south"},
        {"iss": None},
        {"aud": "https://gateway.example/fhir/r4/south"},
        {"aud": [BASE, "https://gateway.example/fhir/r4/south"]},
        {"aud": None},
        {"exp": None},
        {"exp": "never"},
        {"exp": True},
        {"iat": 9_999_999_999},
        {"jti": None},
        {"scope": None},
        {"scope": ["system/Patient.rs"]},
        {"client_id": None},
        {"client_id": "nobody"},
        {"client_id": 7},
        {"typ": "JWT"},
    ],
)
async def test_wrong_claims_with_the_right_signature(world: World, changed: dict[str, Any]) -> None:
    assert (await world.call(forge(world))).status_code == 200
    await refused(world, forge(world, **changed))


async def test_unsigned(world: World) -> None:
    head, body, _ = (await world.token()).split(".")
    for alg in ("none", "None"):
        await refused(world, f"{b64({'alg': alg, 'typ': 'at+jwt'})}.{body}.")
    await refused(world, f"{head}.{body}.")


async def test_hmac_with_the_public_key_as_its_secret(world: World) -> None:
    token = await world.token()
    published = (await world.http.get("/oauth/north/jwks")).json()["keys"][0]
    header = {"alg": "HS384", "typ": "at+jwt", "kid": published["kid"]}
    await refused(world, forge_hmac(ECKey.import_key(published), header, payload(token)))


async def test_a_foreign_key_under_the_right_kid(world: World) -> None:
    token = await world.token()
    kid = jwt.get_unverified_header(token)["kid"]
    foreign = ECKey.generate_key("P-384")
    await refused(world, sign(foreign, payload(token), kid=kid, typ="at+jwt"))
    for name in ("../../key", "' OR 1=1 --", None):
        await refused(world, sign(foreign, payload(token), kid=name, typ="at+jwt"))
    await refused(world, sign(foreign, payload(token), typ="at+jwt", jwk=dict(foreign.as_dict(private=False))))


async def test_an_altered_token(world: World) -> None:
    head, body, signature = (await world.token()).split(".")
    wider = b64({**payload(f"{head}.{body}.{signature}"), "scope": "system/*.cruds"})
    await refused(world, f"{head}.{wider}.{signature}")


async def test_a_disabled_client_stops_within_seconds(world: World) -> None:
    token = await world.token()
    assert (await world.call(token)).status_code == 200
    with Session(world.auth.engine) as session:
        disable_client(session, world.orgs["north"], payload(token)["client_id"], now=1)
        session.commit()
    world.clock.advance(REMEMBERED)
    await refused(world, token)


async def test_a_disabled_client_gets_no_token(world: World) -> None:
    client_id, secret = world.register()
    with Session(world.auth.engine) as session:
        disable_client(session, world.orgs["north"], client_id, now=1)
        session.commit()
    answer = await world.post({"grant_type": "client_credentials"}, auth=(client_id, secret or ""))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_a_deleted_client_and_a_narrowed_one(world: World) -> None:
    token = await world.token()
    with Session(world.auth.engine) as session:
        client = find_client(session, world.orgs["north"], payload(token)["client_id"])
        client.scopes = "system/Patient.rs"
        session.add(client)
        session.commit()
        assert (await world.call(token)).json()["scope"] == "system/Patient.rs"
        session.delete(client)
        session.commit()
    world.clock.advance(REMEMBERED)
    await refused(world, token)


async def test_a_token_outlives_the_rotation_of_its_key(world: World) -> None:
    token = await world.token()
    rotation = world.auth.rotation
    rotation.activate(rotation.rotate(world.orgs["north"]))
    world.clock.advance(REMEMBERED)
    assert (await world.call(token)).status_code == 200


async def test_an_unknown_organisation(world: World) -> None:
    assert (await world.call(await world.token(), "nowhere")).status_code == 404
