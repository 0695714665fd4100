"""Registering clients: what is written, and each refusal with its place."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from joserfc.jwk import ECKey
from sqlalchemy import Engine
from sqlmodel import Session, select

from gateway.auth.clients import Registration, add_client, disable_client, find_client, list_clients
from gateway.auth.tables import Client
from gateway.faults import Invalid, NotFound
from tests.gateway.auth.conftest import JWKS_URL, TYPES, jwks


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with Session(engine) as session:
        yield session


def register(session: Session, org: int, **asked: Any) -> tuple[Client, str | None]:
    registration = Registration(**{"name": "CRM", "scope": "system/Patient.rs", **asked})
    return add_client(session, org, registration, types=TYPES, allow_private=False, now=7, random=os.urandom)


def test_a_secret_is_the_default_and_is_kept_as_a_hash(session: Session, orgs: dict[str, int]) -> None:
    client, secret = register(session, orgs["north"], name=" CRM ", scope="  system/Patient.rs   gateway/admin ")
    assert secret is not None
    assert len(secret) == 43
    assert client.secret_hash is not None
    assert client.secret_hash.startswith("$argon2id$")
    assert secret not in client.secret_hash
    assert (client.name, client.scopes, client.grants) == (
        "CRM",
        "system/Patient.rs gateway/admin",
        ["client_credentials"],
    )
    assert find_client(session, orgs["north"], client.client_id) is client
    assert list_clients(session, orgs["north"]) == [client]
    assert not list_clients(session, orgs["south"])


def test_keys_need_no_secret(session: Session, orgs: dict[str, int], ec_key: ECKey) -> None:
    for asked in ({"jwks": jwks(ec_key)}, {"jwks_url": JWKS_URL}):
        client, secret = register(session, orgs["north"], **asked)
        assert (secret, client.secret_hash) == (None, None)


def test_a_public_client_is_for_launches(session: Session, orgs: dict[str, int]) -> None:
    uris = ["https://app.example/back", "http://127.0.0.1:9000/cb", "com.example.app:/back"]
    client, secret = register(
        session, orgs["north"], public=True, redirect_uris=uris, scope="launch/patient patient/*.rs"
    )
    assert (secret, client.public, client.grants) == (None, True, ["authorization_code"])


PRIVATE_JWKS = {"keys": [dict(ECKey.generate_key("P-384", {"kid": "k"}).as_dict(private=True))]}


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"scope": ""}, "scope"),
        ({"scope": "system/Patient.sr"}, "scope"),
        ({"scope": "system/Patient.rs system/Nothing.rs"}, "scope"),
        ({"scope": "everything"}, "scope"),
        ({"scope": "system/Patient.rs " * 1000}, "scope"),
        ({"secret": True, "public": True}, "secret"),
        ({"secret": True, "jwks_url": JWKS_URL}, "secret"),
        ({"jwks": {}}, "jwks"),
        ({"jwks": {"keys": []}}, "jwks"),
        ({"jwks": PRIVATE_JWKS}, "jwks"),
        ({"jwks_url": "https://127.0.0.1/jwks"}, "jwks_url"),
        ({"jwks_url": "http://crm.example/jwks"}, "jwks_url"),
        ({"jwks_url": "crm.example/jwks"}, "jwks_url"),
        ({"grants": ["implicit"]}, "grant"),
        ({"grants": ["client_credentials"], "public": True}, "grant"),
        ({"grants": ["authorization_code"]}, "redirect_uri"),
        ({"public": True}, "redirect_uri"),
        ({"redirect_uris": ["/back"]}, "redirect_uri"),
        ({"redirect_uris": ["http://app.example/back"]}, "redirect_uri"),
        ({"redirect_uris": ["https://app.example/back#x"]}, "redirect_uri"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "redirect_uri"),
        ({"redirect_uris": ["https://[bad"]}, "redirect_uri"),
        ({"redirect_uris": ["https://app.example/a b"]}, "redirect_uri"),
    ],
)
def test_refusals_change_nothing(session: Session, orgs: dict[str, int], asked: dict[str, Any], place: str) -> None:
    with pytest.raises(Invalid) as refusal:
        register(session, orgs["north"], **asked)
    assert refusal.value.issues[0].expression == (place,)
    assert not session.exec(select(Client)).all()


def test_disabling(session: Session, orgs: dict[str, int]) -> None:
    client, _ = register(session, orgs["north"])
    assert disable_client(session, orgs["north"], client.client_id, now=9).disabled == 9
    with pytest.raises(NotFound):
        disable_client(session, orgs["south"], client.client_id, now=9)
