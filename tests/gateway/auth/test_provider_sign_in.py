"""Signing in at the organisation's own OpenID provider: a stand-in that does as its specification says, and liars."""

from __future__ import annotations

import html
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from sqlmodel import Session

from gateway.auth.provider import Provider, put_provider
from gateway.faults import Invalid
from tests.gateway.auth.launching import DOCTOR, PUBLIC, Browser, Clinic
from tests.gateway.auth.launching import clinic as clinic

ISSUER = "https://login.clinic.example/realm"
CALLBACK = f"{PUBLIC}/oauth/north/provider/callback"
CLIENT, SECRET = "gateway-at-provider", "provider-secret"
PROVIDER = Provider(ISSUER, CLIENT, SECRET, "Clinic Login")


@dataclass
class Idp:
    """The provider. `lie` changes claims of the ID tokens that it makes."""

    key: RSAKey | ECKey | OctKey
    now: int
    asked: dict[str, str] = field(default_factory=dict)
    lie: dict[str, Any] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)
    redeemed: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.endswith("/openid-configuration"):
            named = {name: f"{ISSUER}/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
            return httpx.Response(200, json={"issuer": ISSUER, **named, **self.document})
        if path.endswith("/jwks_uri"):
            return httpx.Response(200, json={"keys": [self.key.as_dict(private=isinstance(self.key, OctKey))]})
        if path.endswith("/token_endpoint"):
            self.redeemed.append({**dict(parse_qsl(request.content.decode())), **dict(request.headers)})
            return httpx.Response(200, json={"access_token": "x", "token_type": "bearer", "id_token": self.id_token()})
        return httpx.Response(404)

    def id_token(self) -> str:
        claims = {
            "iss": ISSUER, "sub": "u-1", "aud": CLIENT, "iat": self.now, "exp": self.now + 300,
            "nonce": self.asked.get("nonce"), "email": DOCTOR, "email_verified": True, **self.lie,
        }  # fmt: skip
        alg = {"RSA": "RS256", "EC": "ES256", "oct": "HS256"}[str(self.key.key_type)]
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": alg, "kid": self.key.kid}, kept, self.key, algorithms=[alg])


@pytest.fixture(scope="session")
def provider_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "idp"})


@pytest.fixture
async def idp(clinic: Clinic, provider_key: RSAKey) -> AsyncIterator[Idp]:
    services = clinic.services

    await services.store.session_write(lambda s: put_provider(s, services.auth, clinic.realm.org, PROVIDER, now=0))
    standing = Idp(provider_key, int(clinic.clock()))
    async with httpx.AsyncClient(transport=httpx.MockTransport(standing)) as outbound:
        services.auth.http = outbound
        yield standing


async def leave(clinic: Clinic, browser: Browser, idp: Idp) -> None:
    """From the sign-in page to the provider."""
    await browser.open(clinic.register().asks("openid user/Patient.rs"))
    link = html.unescape(browser.page.text.partition('id="provider" href="')[2].partition('"')[0])
    assert "Sign in with Clinic Login" in browser.text
    browser.page = await browser.http.get(link)
    assert browser.page.status_code == 303, browser.page.text
    to = urlsplit(browser.page.headers["location"])
    assert f"{to.scheme}://{to.netloc}{to.path}" == f"{ISSUER}/authorization_endpoint"
    idp.asked = dict(parse_qsl(to.query))


async def come_back(browser: Browser, **params: str) -> httpx.Response:
    browser.page = await browser.http.get(CALLBACK, params=params)
    return browser.page


async def test_a_user_signs_in_there(clinic: Clinic, idp: Idp) -> None:
    browser = clinic.browser()
    await leave(clinic, browser, idp)
    assert (idp.asked["response_type"], idp.asked["redirect_uri"]) == ("code", CALLBACK)
    assert idp.asked["code_challenge_method"] == "S256"
    await come_back(browser, code="c-1", state=idp.asked["state"])
    assert "Let Chart app in?" in browser.text
    (redeemed,) = idp.redeemed
    assert redeemed["code"] == "c-1"
    assert len(redeemed["code_verifier"]) >= 43
    assert redeemed["authorization"].startswith("Basic ")
    await browser.allow()
    assert "code" in browser.answer.params


@pytest.mark.parametrize(
    "lie",
    [
        {"iss": "https://evil.example"},
        {"aud": "another-client"},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": 1},
        {"sub": None},
        {"email_verified": False},
        {"email_verified": "true"},
        {"email_verified": None},
        {"email": None},
        {"email": 7},
    ],
)
async def test_an_id_token_that_does_not_hold(clinic: Clinic, idp: Idp, lie: dict[str, Any]) -> None:
    browser = clinic.browser()
    await leave(clinic, browser, idp)
    idp.lie = lie
    assert (await come_back(browser, code="c-1", state=idp.asked["state"])).status_code == 502
    assert "did not work" in browser.text
    assert "crosswalk_session" not in browser.http.cookies


async def test_keys_that_do_not_sign(clinic: Clinic, idp: Idp) -> None:
    for key in (RSAKey.generate_key(2048, {"kid": "idp"}), OctKey.import_key("s" * 32, {"kid": "idp"})):
        browser = clinic.browser()
        await leave(clinic, browser, idp)
        token, own = Idp(key, idp.now, asked=idp.asked).id_token(), idp.key
        idp.id_token = lambda token=token: token  # type: ignore[method-assign, misc]
        if isinstance(key, OctKey):
            idp.key = key
        assert (await come_back(browser, code="c", state=idp.asked["state"])).status_code == 502
        idp.key = own


async def test_nobody_here_has_that_address(clinic: Clinic, idp: Idp) -> None:
    browser = clinic.browser()
    await leave(clinic, browser, idp)
    idp.lie = {"email": "stranger@north.example"}
    assert (await come_back(browser, code="c-1", state=idp.asked["state"])).status_code == 403
    assert "Nobody here" in browser.text
    assert "stranger" not in browser.text


async def test_an_answer_that_this_browser_did_not_ask_for(clinic: Clinic, idp: Idp) -> None:
    browser, other = clinic.browser(), clinic.browser()
    await leave(clinic, browser, idp)
    assert (await come_back(other, code="c-1", state=idp.asked["state"])).status_code == 400
    for state in ("", "made-up"):
        assert (await come_back(browser, code="c-1", state=state)).status_code == 400
    assert idp.redeemed == []
    await come_back(browser, error="access_denied", state=idp.asked["state"])
    assert browser.page.status_code == 502


@pytest.mark.parametrize(
    "document",
    [{"issuer": "https://evil.example"}, {"authorization_endpoint": "javascript:alert(1)"}, {"token_endpoint": None}],
)
async def test_a_discovery_document_that_misleads(clinic: Clinic, idp: Idp, document: dict[str, Any]) -> None:
    idp.document = document
    browser = clinic.browser()
    await browser.open(clinic.register().asks("openid user/Patient.rs"))
    link = html.unescape(browser.page.text.partition('id="provider" href="')[2].partition('"')[0])
    answer = await browser.http.get(link)
    if answer.status_code == 303:  # the token endpoint is not looked at before it is needed
        idp.asked = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
        answer = await come_back(browser, code="c-1", state=idp.asked["state"])
    assert answer.status_code == 502


async def test_without_a_provider_there_is_no_link(clinic: Clinic) -> None:
    browser = clinic.browser()
    await browser.open(clinic.register().asks())
    assert 'id="provider"' not in browser.page.text
    answer = await browser.http.get("/oauth/north/provider", params={"request": browser.hidden("request")})
    assert answer.status_code == 404


async def test_what_is_configured_is_checked_and_sealed(clinic: Clinic, idp: Idp) -> None:
    services = clinic.services
    for wrong, place in (
        (Provider("http://login.example", CLIENT, SECRET, "x"), "issuer"),
        (Provider("https://10.0.0.1", CLIENT, SECRET, "x"), "issuer"),
        (Provider(ISSUER, " ", SECRET, "x"), "client_id"),
        (Provider(ISSUER, CLIENT, "", "x"), "client_secret"),
        (Provider(ISSUER, CLIENT, SECRET, ""), "name"),
    ):
        with pytest.raises(Invalid) as refused, Session(services.auth.engine) as session:
            put_provider(session, services.auth, clinic.realm.org, wrong, now=0)
        assert refused.value.issues[0].expression == (place,)
    raw = await services.store.session_read(
        lambda s: s.connection().exec_driver_sql("SELECT client_secret FROM identity_provider").scalar_one()
    )
    assert SECRET not in raw
