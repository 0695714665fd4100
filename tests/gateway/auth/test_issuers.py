"""Access tokens of other issuers: trusted by organisation, with explicit algorithms and audience, for known clients."""

from __future__ import annotations

import time
from typing import Any

import httpx
import jwt
import pytest
from joserfc.jwk import ECKey

from gateway.auth.issuers import TrustedIssuer, discovered_keys, distrust, trust
from gateway.auth.jwks import JwksCache
from gateway.faults import Invalid, Misconfigured
from gateway.services import Services
from tests.gateway.conftest import (
    NORTH,
    SOUTH,
    Fhir,
    Template,
    app,
    definitions,
    http,
    log_lines,
    outbox,
    services,
    settings,
    template,
    wakes,
)

__all__ = ["app", "definitions", "http", "log_lines", "outbox", "services", "settings", "template", "wakes"]

ISSUER = "https://idp.example/realms/clinic"
KEYS = f"{ISSUER}/keys"


class Issuer:
    """Another authorization server."""

    def __init__(self, client_id: str) -> None:
        self.key = ECKey.generate_key("P-384", auto_kid=True)
        self.client_id = client_id
        self.asked = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if str(request.url) == KEYS:
            return httpx.Response(200, json={"keys": [dict(self.key.as_dict(private=False))]})
        return httpx.Response(200, json={"issuer": ISSUER, "jwks_uri": KEYS})

    def token(self, *, typ: str = "at+jwt", alg: str = "ES384", **changed: Any) -> str:
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": NORTH, "iat": now, "exp": now + 300, "scope": "system/Patient.rs",
                  "azp": self.client_id, "jti": "1", **changed}  # fmt: skip
        whole = {name: value for name, value in claims.items() if value is not None}
        key = self.key.as_pem(private=True) if alg.startswith("ES") else "x" * 64
        return jwt.encode(whole, key, alg, headers={"kid": self.key.kid, "typ": typ})


@pytest.fixture
async def issuer(services: Services, template: Template) -> Issuer:
    made = Issuer(template.clients["north"][0])
    services.auth.http = httpx.AsyncClient(transport=httpx.MockTransport(made))
    services.auth.jwks = JwksCache(services.auth.http, services.auth.clock)
    row = TrustedIssuer(org=1, issuer=ISSUER, algorithms="ES384 RS256", audience=NORTH, jwks_url=KEYS)
    await services.store.session_write(lambda session: trust(session, services.auth, row))
    return made


async def asked(http: httpx.AsyncClient, token: str, what: str = "Patient", base: str = NORTH) -> int:
    return (await Fhir(http, base, token).ask("GET", what)).status_code


async def test_a_token_of_a_trusted_issuer(issuer: Issuer, http: httpx.AsyncClient) -> None:
    for typ in ("at+jwt", "JWT"):
        token = issuer.token(typ=typ)
        assert await asked(http, token) == 200
        assert await asked(http, token, "Observation") == 403
    assert issuer.asked == 1


async def test_it_gets_no_more_than_its_client_is_registered_for(issuer: Issuer, http: httpx.AsyncClient) -> None:
    assert await asked(http, issuer.token(scope="gateway/admin system/*.cruds"), "AuditEvent") == 403


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": SOUTH}, {"aud": None}, {"iss": "https://idp.example"}, {"exp": 1}, {"exp": "x"}, {"nbf": 9_999_999_999},
        {"azp": None}, {"azp": "nobody"}, {"azp": 7}, {"client_id": ["x"]}, {"scope": None}, {"scope": ["system/*.rs"]},
        {"iat": 9_999_999_999}, {"typ": "logout+jwt"}, {"alg": "HS256"},
    ],
    ids=str,
)  # fmt: skip
async def test_wrong_ones(issuer: Issuer, http: httpx.AsyncClient, changed: dict[str, Any]) -> None:
    assert await asked(http, issuer.token(**changed)) == 401


async def test_another_key_under_its_kid(issuer: Issuer, http: httpx.AsyncClient) -> None:
    good = issuer.key
    issuer.key = ECKey.generate_key("P-384", {"kid": str(good.kid)})
    forged = issuer.token()
    issuer.key = good
    assert await asked(http, forged) == 401


async def test_it_is_trusted_by_one_organisation_until_it_is_not(
    issuer: Issuer, services: Services, http: httpx.AsyncClient
) -> None:
    assert await asked(http, issuer.token(aud=SOUTH), base=SOUTH) == 401
    await services.store.session_write(lambda session: distrust(session, 1, ISSUER))
    assert await asked(http, issuer.token()) == 401


async def test_discovery(issuer: Issuer, services: Services) -> None:
    assert await discovered_keys(services.auth, ISSUER) == KEYS
    with pytest.raises(Invalid):
        await discovered_keys(services.auth, "https://other.example")


@pytest.mark.parametrize(
    "changed", [{"algorithms": "HS256"}, {"algorithms": "none"}, {"algorithms": ""}, {"issuer": "http://idp.example"},
                {"jwks_url": "https://127.0.0.1/keys"}])  # fmt: skip
async def test_what_cannot_be_trusted(services: Services, changed: dict[str, str]) -> None:
    whole = {"issuer": ISSUER, "algorithms": "ES384", "audience": NORTH, "jwks_url": KEYS, **changed}
    with pytest.raises((Invalid, Misconfigured)):
        await services.store.session_write(lambda session: trust(session, services.auth, TrustedIssuer(org=1, **whole)))
