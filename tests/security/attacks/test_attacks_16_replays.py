"""16: assertions that are used again, live too long or are for another; PKCE turned down; look-alike redirects."""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from joserfc.jwk import ECKey
from sqlmodel import Session

from gateway.auth.clients import Registration, add_client
from gateway.services import Services
from tests.gateway.conftest import NORTH, PUBLIC

TOKEN = f"{PUBLIC}/oauth/north/token"
KIND = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
BACK = "https://app.example/callback"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


async def registered(services: Services, registration: Registration) -> str:
    def add(session: Session) -> str:
        types, random = services.definitions.all_types, services.auth.random
        row, _ = add_client(session, 1, registration, types=types, allow_private=False, now=0, random=random)
        return row.client_id

    return await services.store.session_write(add)


class Backend:
    """A client with a key."""

    def __init__(self, client_id: str, key: ECKey) -> None:
        self.client_id = client_id
        self.key = key

    def assertion(self, **changed: Any) -> str:
        now = int(time.time())
        claims = {"iss": self.client_id, "sub": self.client_id, "aud": TOKEN, "exp": now + 240, "jti": str(uuid4())}
        whole = {name: value for name, value in {**claims, **changed}.items() if value is not None}
        return jwt.encode(whole, self.key.as_pem(private=True), "ES384", headers={"kid": self.key.kid})


@pytest.fixture
async def backend(services: Services) -> Backend:
    key = ECKey.generate_key("P-384", auto_kid=True)
    jwks = {"keys": [dict(key.as_dict(private=False))]}
    return Backend(await registered(services, Registration(name="B", scope="system/*.rs", jwks=jwks)), key)


async def asked(http: httpx.AsyncClient, assertion: str) -> httpx.Response:
    form = {"grant_type": "client_credentials", "scope": "system/*.rs", "client_assertion_type": KIND}
    return await http.post(TOKEN, data={**form, "client_assertion": assertion})


async def test_16_an_assertion_is_used_once(http: httpx.AsyncClient, backend: Backend) -> None:
    assertion = backend.assertion()
    assert [(await asked(http, assertion)).status_code for _ in range(3)] == [200, 401, 401]


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": 4_000_000_000}, {"exp": 1}, {"exp": None}, {"aud": f"{PUBLIC}/oauth/south/token"}, {"aud": None},
        {"aud": "https://evil.example/token"}, {"iss": "other"}, {"sub": "other"}, {"jti": None}, {"iss": None},
    ],
    ids=str,
)  # fmt: skip
async def test_16_an_assertion_for_something_else(
    http: httpx.AsyncClient, backend: Backend, changed: dict[str, Any]
) -> None:
    refused = await asked(http, backend.assertion(**changed))
    assert (refused.status_code, refused.json()["error"]) in ((401, "invalid_client"), (400, "invalid_client"))


@pytest.fixture
async def application(services: Services) -> str:
    return await registered(
        services,
        Registration(
            name="App",
            scope="launch/patient patient/*.rs",
            public=True,
            redirect_uris=(BACK,),
            grants=("authorization_code",),
        ),
    )


async def begun(http: httpx.AsyncClient, client_id: str, **changed: str | None) -> httpx.Response:
    asked = {
        "response_type": "code", "client_id": client_id, "redirect_uri": BACK, "scope": "launch/patient patient/*.rs",
        "state": "s", "aud": NORTH, "code_challenge": CHALLENGE, "code_challenge_method": "S256", **changed,
    }  # fmt: skip
    params = {name: value for name, value in asked.items() if value is not None}
    return await http.get(f"{PUBLIC}/oauth/north/authorize", params=params)


async def test_16_a_good_request_leads_to_the_sign_in(http: httpx.AsyncClient, application: str) -> None:
    answer = await begun(http, application)
    assert answer.status_code == 200
    assert "password" in answer.text


@pytest.mark.parametrize(
    "place",
    [
        f"{BACK}.evil.example", f"{BACK}/../evil", f"{BACK}?x=1", f"{BACK}#x", "https://app.example.evil.example/callback",
        "https://app.example@evil.example/callback", "http://app.example/callback", "HTTPS://APP.EXAMPLE/callback", "",
        "javascript:alert(1)", "//app.example/callback",
    ],
)  # fmt: skip
async def test_16_redirects_are_equal_to_the_letter(http: httpx.AsyncClient, application: str, place: str) -> None:
    answer = await begun(http, application, redirect_uri=place)
    assert answer.status_code == 400
    assert "Location" not in answer.headers


@pytest.mark.parametrize(
    "changed",
    [
        {"code_challenge_method": "plain"}, {"code_challenge_method": None}, {"code_challenge": None},
        {"code_challenge": "short"}, {"aud": f"{PUBLIC}/fhir/r4/south"}, {"aud": None}, {"response_type": "token"},
    ],
    ids=str,
)  # fmt: skip
async def test_16_nothing_is_turned_down(
    http: httpx.AsyncClient, application: str, changed: dict[str, str | None]
) -> None:
    answer = await begun(http, application, **changed)
    assert answer.status_code in (302, 303)
    assert answer.headers["Location"].startswith(f"{BACK}?")
    assert "error=" in answer.headers["Location"]
    assert "code=" not in answer.headers["Location"]


@pytest.mark.parametrize("grant", ["authorization_code", "refresh_token"])
async def test_16_what_was_never_given_opens_nothing(http: httpx.AsyncClient, application: str, grant: str) -> None:
    form = {"grant_type": grant, "client_id": application, "code": "guess", "redirect_uri": BACK,
            "code_verifier": "x" * 50, "refresh_token": "guess"}  # fmt: skip
    answer = await http.post(TOKEN, data=form)
    assert answer.status_code in (400, 401)
    assert "access_token" not in answer.text
