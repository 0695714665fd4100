"""What the token endpoint answers to a backend service that errs: bulk-data-server's table, on the live server.

Two rows of that table differ from the specifications that SMART Backend Services refers to, and these hold here:
a missing grant_type is `invalid_request` (RFC 6749, 5.2: "missing a required parameter"), there `invalid_grant`; an
assertion that is one and cannot be accepted, by its signature, audience, issuer, subject, jti or keys, is
`invalid_client` with 401 (RFC 7523, 3.2), there `invalid_request` or `invalid_grant` with 400.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.blackbox.conftest import Server

KIND = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture(scope="module")
def key() -> ECKey:
    return ECKey.generate_key("P-384", {"kid": "one", "use": "sig", "alg": "ES384"})


@pytest.fixture(scope="module")
def service(server: Server, key: ECKey, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The client id of a backend service."""
    path: Path = tmp_path_factory.mktemp("jwks") / "jwks.json"
    path.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    made = server.run(
        "client", "add", "--org", server.org, "--name", "Service", "--scope", "system/*.rs", "--jwks", str(path)
    )
    return str(made["client_id"])


def assertion(server: Server, service: str, key: ECKey, *, kid: str = "one", **claims: Any) -> str:
    token_url = f"{server.url}/oauth/{server.org}/token"
    own = {"iss": service, "sub": service, "aud": token_url, "exp": int(time.time()) + 120, "jti": uuid4().hex}
    return jwt.encode({"alg": "ES384", "typ": "JWT", "kid": kid}, {**own, **claims}, key, algorithms=["ES384"])


def asked(server: Server, **form: str) -> httpx.Response:
    return httpx.post(f"{server.url}/oauth/{server.org}/token", data=form)


def good(server: Server, service: str, key: ECKey, **claims: Any) -> dict[str, str]:
    told = assertion(server, service, key, **claims)
    return {
        "grant_type": "client_credentials",
        "scope": "system/*.rs",
        "client_assertion_type": KIND,
        "client_assertion": told,
    }


def error(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


def test_a_good_request(server: Server, service: str, key: ECKey) -> None:
    answer = asked(server, **good(server, service, key))
    assert answer.status_code == 200
    assert {"access_token", "token_type", "expires_in", "scope"} <= set(answer.json())


def test_the_form_has_to_be_one(server: Server, service: str, key: ECKey) -> None:
    answer = httpx.post(f"{server.url}/oauth/{server.org}/token", json=good(server, service, key))
    assert error(answer) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"grant_type": None}, (400, "invalid_request")),
        ({"grant_type": "nothing"}, (400, "unsupported_grant_type")),
        ({"client_assertion_type": None}, (400, "invalid_request")),
        ({"client_assertion_type": "not_an_assertion_type"}, (400, "invalid_request")),
        ({"client_assertion": None}, (400, "invalid_request")),
        ({"client_assertion": "nonsense"}, (400, "invalid_request")),
        ({"scope": "nothing/Patient.read"}, (400, "invalid_scope")),
        ({"scope": "system/Patient.cud"}, (400, "invalid_scope")),
    ],
)
def test_parameters(
    server: Server, service: str, key: ECKey, change: dict[str, str | None], expected: tuple[int, str]
) -> None:
    form = {**good(server, service, key), **change}
    assert error(asked(server, **{name: value for name, value in form.items() if value is not None})) == expected


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "nobody", "iss": "nobody"},
        {"iss": "someone-else"},
        {"aud": "https://elsewhere.example/token"},
        {"exp": 1},
        {"jti": None},
        {"kid": "two"},
    ],
    ids=str,
)
def test_assertions(server: Server, service: str, key: ECKey, claims: dict[str, Any]) -> None:
    assert error(asked(server, **good(server, service, key, **claims))) == (401, "invalid_client")


def test_a_wrong_signature_and_an_assertion_used_twice(server: Server, service: str, key: ECKey) -> None:
    stranger = ECKey.generate_key("P-384", {"kid": "one"})
    assert error(asked(server, **good(server, service, stranger))) == (401, "invalid_client")
    form = good(server, service, key)
    assert asked(server, **form).status_code == 200
    assert error(asked(server, **form)) == (401, "invalid_client")
