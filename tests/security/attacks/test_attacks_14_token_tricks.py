"""14: alg none, HS with the public key, kid as a path, jku and x5u, crit, oversize, skew, and other tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from gateway.services import Services
from tests.gateway.conftest import Fhir
from tests.security.attacks.conftest import Forger, encoded

ASKED = "Patient?_count=1"
Bearing = Callable[[str], Fhir]


async def refused(bearing: Bearing, token: str) -> None:
    answer = await bearing(token).ask("GET", ASKED)
    assert answer.status_code == 401, token[:60]


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", ""])
async def test_14_no_algorithm(forger: Forger, bearing: Bearing, alg: str) -> None:
    token = f"{encoded({'alg': alg, 'typ': 'at+jwt'})}.{encoded(forger.claims())}."
    await refused(bearing, token)
    await refused(bearing, token + "AAAA")


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
async def test_14_the_public_key_as_a_secret(
    forger: Forger, bearing: Bearing, http: httpx.AsyncClient, alg: str
) -> None:
    for jwk in (await http.get("/oauth/north/jwks")).json()["keys"]:
        if jwk["kty"] != "EC":
            continue
        key = ECKey.import_key(jwk)
        for secret in (key.as_pem(private=False), key.as_der(private=False), encoded(jwk).encode()):
            signed = f"{encoded({'alg': alg, 'typ': 'at+jwt', 'kid': jwk['kid']})}.{encoded(forger.claims())}"
            mac = hmac.new(secret, signed.encode(), getattr(hashlib, f"sha{alg[2:]}")).digest()
            await refused(bearing, f"{signed}.{_b64(mac)}")


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "../../../../dev/null"},
        {"kid": "' UNION SELECT 'x' --"},
        {"kid": "http://169.254.169.254/key"},
        {"kid": ["a"]},
        {"kid": None},
        {"kid": "x" * 4000},
        {"jku": "https://attacker.example/jwks"},
        {"x5u": "https://attacker.example/cert"},
        {"crit": ["exp"], "exp": 1},
        {"crit": ["b64"], "b64": False},
        {"jwk": "own"},
        {"zip": "DEF"},
    ],
    ids=str,
)
async def test_14_keys_named_in_the_header(forger: Forger, bearing: Bearing, header: dict[str, Any]) -> None:
    own = ECKey.generate_key("P-384", auto_kid=True)
    if header.get("jwk"):
        header = {"jwk": dict(own.as_dict(private=False))}
    whole = {"alg": "ES384", "typ": "at+jwt", "kid": own.kid, **header}
    signed = f"{encoded(whole)}.{encoded(forger.claims())}"
    signature = jws.serialize_compact({"alg": "ES384"}, b"x", own, algorithms=["ES384"]).rpartition(".")[2]
    await refused(bearing, f"{signed}.{signature}")


async def test_14_crit_is_not_ignored_under_our_own_key(services: Services, forger: Forger, bearing: Bearing) -> None:
    keys = services.auth.keys
    row = keys._current(1, "ES384")
    header = {"kid": row.kid, "typ": "at+jwt", "crit": ["unheard-of"], "unheard-of": 1}
    key = keys._private_key(row).as_pem(private=True)
    plain = {name: value for name, value in header.items() if name in ("kid", "typ")}
    assert (await bearing(jwt.encode(forger.claims(), key, "ES384", headers=plain)).ask("GET", ASKED)).is_success
    await refused(bearing, jwt.encode(forger.claims(), key, "ES384", headers=header))


async def test_14_oversize(forger: Forger, bearing: Bearing) -> None:
    await refused(bearing, forger.sign(padding="x" * 20_000))
    await refused(bearing, "a" * 30_000)
    await refused(bearing, ".".join("a" * 5_000))


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 0}, {"exp": -1}, {"exp": "9999999999"}, {"exp": 9e99}, {"exp": None}, {"exp": True},
        {"iat": 9_999_999_999}, {"iat": None},
    ],
    ids=str,
)  # fmt: skip
async def test_14_time(forger: Forger, bearing: Bearing, claims: dict[str, Any]) -> None:
    await refused(bearing, forger.sign(**claims))


async def test_14_not_yet(forger: Forger, bearing: Bearing) -> None:
    await refused(bearing, forger.sign(nbf=int(time.time()) + 3600))


@pytest.mark.parametrize("typ", ["JWT", "id_token", "", "at+jwt+x", "logout+jwt"])
async def test_14_tokens_of_another_kind(forger: Forger, bearing: Bearing, typ: str) -> None:
    """An id_token and an assertion are JWTs of the same keys."""
    await refused(bearing, forger.sign(typ=typ))


@pytest.mark.parametrize("token", ["x", "a.b", "a.b.c", "....", "e30.e30.e30", "refresh-token-of-someone"])
async def test_14_what_is_no_jwt(bearing: Bearing, token: str) -> None:
    await refused(bearing, token)


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
