"""private_key_jwt: what a proper assertion gets, and each way in which one can be wrong."""

from __future__ import annotations

import json
from typing import Any

import anyio
import httpx
import pytest
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey
from sqlmodel import Session, select

from gateway.auth.tables import AssertionJti
from tests.gateway.auth.conftest import JWKS_URL, World, assertion_form, b64, forge_hmac, jwks, sign

Key = RSAKey | ECKey


def refused(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), answer.text
    assert answer.headers["www-authenticate"] == 'Basic realm="crosswalk"'
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("kind", ["rsa_key", "ec_key"])
async def test_rs384_and_es384(world: World, request: pytest.FixtureRequest, kind: str) -> None:
    key = request.getfixturevalue(kind)
    client_id, secret = world.register(jwks=jwks(key))
    assert secret is None
    answer = await world.post(assertion_form(sign(key, world.claims(client_id)), scope="system/Patient.read"))
    assert answer.status_code == 200, answer.text
    assert answer.json()["scope"] == "system/Patient.read"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"iss": "https://other.example"}, "iss"),
        ({"iss": None}, "iss"),
        ({"aud": "https://gateway.example/oauth/south/token"}, "aud"),
        ({"aud": "https://gateway.example/oauth/north/token/"}, "aud"),
        ({"aud": "https://gateway.example/fhir/r4/north"}, "aud"),
        ({"aud": ["https://gateway.example/oauth/north/token", "https://other.example"]}, "alone"),
        ({"aud": None}, "aud"),
        ({"exp": None}, "exp"),
        ({"exp": "soon"}, "exp"),
        ({"exp": True}, "exp"),
        ({"jti": None}, "jti"),
        ({"jti": ""}, "jti"),
        ({"jti": 7}, "jti"),
        ({"jti": "j" * 2000}, "jti"),
        ({"sub": "nobody"}, "unknown client"),
        ({"sub": None}, "unknown client"),
        ({"sub": ["x"]}, "unknown client"),
        ({"sub": "\0' OR 1=1 --"}, "unknown client"),
    ],
)
async def test_wrong_claims(world: World, ec_key: ECKey, changed: dict[str, Any], why: str) -> None:
    client_id, _ = world.register(jwks=jwks(ec_key))
    answer = await world.post(assertion_form(sign(ec_key, world.claims(client_id, **changed))))
    refused(answer)
    assert why in answer.json()["error_description"]


@pytest.mark.parametrize(("exp", "status"), [(300, 200), (310, 401), (3600, 401), (1, 200), (-10, 401), (1e400, 401)])
async def test_exp_lies_within_five_minutes(world: World, ec_key: ECKey, exp: float, status: int) -> None:
    client_id, _ = world.register(jwks=jwks(ec_key))
    at = exp if exp == float("inf") else int(world.clock()) + exp
    answer = await world.post(assertion_form(sign(ec_key, world.claims(client_id, exp=at))))
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("claim", ["nbf", "iat"])
async def test_an_assertion_from_the_future(world: World, ec_key: ECKey, claim: str) -> None:
    client_id, _ = world.register(jwks=jwks(ec_key))
    claims = world.claims(client_id) | {claim: int(world.clock()) + 60}
    refused(await world.post(assertion_form(sign(ec_key, claims))))


async def test_a_jti_is_used_once(world: World, ec_key: ECKey) -> None:
    client_id, _ = world.register(jwks=jwks(ec_key))
    form = assertion_form(sign(ec_key, world.claims(client_id, jti="only-once")))
    assert (await world.post(form)).status_code == 200
    refused(await world.post(form))
    other = sign(ec_key, world.claims(client_id, jti="only-once", exp=int(world.clock()) + 200))
    refused(await world.post(assertion_form(other)))


async def test_of_many_at_once_with_one_jti_one_succeeds(world: World, ec_key: ECKey) -> None:
    client_id, _ = world.register(jwks=jwks(ec_key))
    form = assertion_form(sign(ec_key, world.claims(client_id)))
    statuses: list[int] = []

    async def ask() -> None:
        statuses.append((await world.post(form)).status_code)

    async with anyio.create_task_group() as tasks:
        for _ in range(6):
            tasks.start_soon(ask)
    assert sorted(statuses) == [200, 401, 401, 401, 401, 401]


async def test_a_jti_belongs_to_its_client(world: World, ec_key: ECKey) -> None:
    for _ in range(2):
        client_id, _secret = world.register(jwks=jwks(ec_key))
        answer = await world.post(assertion_form(sign(ec_key, world.claims(client_id, jti="shared"))))
        assert answer.status_code == 200


async def test_a_jti_is_forgotten_when_it_no_longer_matters(world: World, ec_key: ECKey) -> None:
    client_id, _ = world.register(jwks=jwks(ec_key))
    for _ in range(2):
        await world.post(assertion_form(sign(ec_key, world.claims(client_id))))
        world.clock.advance(400)
    with Session(world.auth.engine) as session:
        assert len(session.exec(select(AssertionJti)).all()) == 1


async def test_an_assertion_that_fails_does_not_burn_its_jti(world: World, ec_key: ECKey) -> None:
    client_id, _ = world.register(jwks=jwks(ec_key))
    refused(await world.post(assertion_form(sign(ec_key, world.claims(client_id, jti="j", aud="https://x.example")))))
    assert (await world.post(assertion_form(sign(ec_key, world.claims(client_id, jti="j"))))).status_code == 200


@pytest.mark.parametrize("alg", ["none", "None", "NONE", ""])
async def test_unsigned(world: World, ec_key: ECKey, alg: str) -> None:
    client_id, _ = world.register(jwks=jwks(ec_key))
    unsigned = f"{b64({'alg': alg, 'kid': ec_key.kid})}.{b64(world.claims(client_id))}."
    refused(await world.post(assertion_form(unsigned)))


async def test_hmac_with_the_public_key_as_its_secret(world: World, rsa_key: RSAKey) -> None:
    client_id, _ = world.register(jwks=jwks(rsa_key))
    forged = forge_hmac(rsa_key, {"alg": "HS384", "kid": rsa_key.kid}, world.claims(client_id))
    refused(await world.post(assertion_form(forged)))


async def test_an_algorithm_that_smart_does_not_name(world: World, rsa_key: RSAKey) -> None:
    client_id, _ = world.register(jwks=jwks(rsa_key))
    for alg in ("RS256", "RS512", "PS384"):
        refused(await world.post(assertion_form(sign(rsa_key, world.claims(client_id), alg=alg))))


async def test_the_right_kid_on_a_foreign_key(world: World, ec_key: ECKey) -> None:
    client_id, _ = world.register(jwks=jwks(ec_key))
    foreign = ECKey.generate_key("P-384", {"kid": "crm-ec"})
    refused(await world.post(assertion_form(sign(foreign, world.claims(client_id)))))


@pytest.mark.parametrize("kid", [None, "", "../../etc/passwd", "' OR '1'='1", "crm-rsa", 'x"\\'])
async def test_kid_tricks(world: World, ec_key: ECKey, kid: str | None) -> None:
    client_id, _ = world.register(jwks=jwks(ec_key))
    refused(await world.post(assertion_form(sign(ec_key, world.claims(client_id), kid=kid))))


async def test_keys_in_the_header_are_not_believed(world: World, ec_key: ECKey) -> None:
    client_id, _ = world.register(jwks=jwks(ec_key))
    mine = ECKey.generate_key("P-384", {"kid": "mine"})
    embedded = sign(mine, world.claims(client_id), jwk=dict(mine.as_dict(private=False)))
    refused(await world.post(assertion_form(embedded)))
    world.hosts.publish(mine)
    for name in ("jku", "x5u"):
        refused(await world.post(assertion_form(sign(mine, world.claims(client_id), **{name: JWKS_URL}))))
    assert world.hosts.fetched == 0


async def test_crit_is_not_ignored(world: World, ec_key: ECKey) -> None:
    client_id, _ = world.register(jwks=jwks(ec_key))
    header = {"alg": "ES384", "kid": ec_key.kid, "crit": ["exp"], "exp": 1}
    good = sign(ec_key, world.claims(client_id)).split(".")
    refused(await world.post(assertion_form(".".join([b64(header), *good[1:]]))))


async def test_a_header_parameter_that_nobody_knows_is_ignored(world: World, ec_key: ECKey) -> None:
    client_id, _ = world.register(jwks=jwks(ec_key))
    header = {"alg": "ES384", "kid": ec_key.kid, "typ": "JWT", "vendor": 1}
    registry = jws.JWSRegistry(algorithms=["ES384"], strict_check_header=False)
    signed = jws.serialize_compact(header, json.dumps(world.claims(client_id)), ec_key, registry=registry)
    assert (await world.post(assertion_form(signed))).status_code == 200


async def test_a_payload_that_is_no_object(world: World, ec_key: ECKey) -> None:
    world.register(jwks=jwks(ec_key))
    head = b64({"alg": "ES384", "kid": ec_key.kid})
    for body in (b"[]", b"1", b"\xff", b"{" * 5000):
        answer = await world.post(assertion_form(f"{head}.{b64(body)}.AAAA"))
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_a_client_with_a_secret_cannot_use_an_assertion(world: World, ec_key: ECKey) -> None:
    client_id, _ = world.register(secret=True)
    refused(await world.post(assertion_form(sign(ec_key, world.claims(client_id)))))


async def test_a_client_with_keys_cannot_use_a_secret(world: World, ec_key: ECKey) -> None:
    client_id, _ = world.register(jwks=jwks(ec_key))
    refused(await world.post({"grant_type": "client_credentials"}, auth=(client_id, "anything")))


async def test_keys_by_url(world: World, rsa_key: RSAKey) -> None:
    client_id, _ = world.register(jwks_url=JWKS_URL)
    world.hosts.publish(rsa_key)
    for jku in (None, JWKS_URL):
        answer = await world.post(assertion_form(sign(rsa_key, world.claims(client_id), jku=jku)))
        assert answer.status_code == 200, answer.text
    assert world.hosts.fetched == 1
    refused(await world.post(assertion_form(sign(rsa_key, world.claims(client_id), jku="https://evil.example/k"))))


async def test_a_key_host_that_is_down(world: World, rsa_key: RSAKey) -> None:
    client_id, _ = world.register(jwks_url=JWKS_URL)
    refused(await world.post(assertion_form(sign(rsa_key, world.claims(client_id)))))
