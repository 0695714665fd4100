"""Signing keys: made once, sealed, published."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest
from joserfc import jwt as jose
from sqlalchemy import Engine
from sqlmodel import Session, select

from gateway.auth.keys import SigningKeys, algorithms_of
from gateway.auth.keyset import PRIVATE_MEMBERS
from gateway.auth.secrets import SecretBox
from gateway.auth.tables import SigningKey
from gateway.faults import Misconfigured
from tests.gateway.auth.conftest import Clock

BOX = SecretBox(["a secret for tests only"])


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(engine: Engine, clock: Clock) -> SigningKeys:
    return SigningKeys(engine, BOX, clock)


def kids(keys: SigningKeys, org: int | None) -> list[str]:
    """Of the keys that sign access tokens, or what the gateway signs."""
    return [key["kid"] for key in keys.jwks(org)["keys"] if key["alg"] != "RS256"]


def signer(keys: SigningKeys, org: int | None) -> Any:
    return jwt.get_unverified_header(keys.sign(org, {"sub": "x"}))["kid"]


def test_an_organisation_signs_es384_with_a_published_key(keys: SigningKeys, orgs: dict[str, int]) -> None:
    token = keys.sign(orgs["north"], {"sub": "x"}, typ="at+jwt")
    published, _ = keys.jwks(orgs["north"])["keys"]
    assert jwt.get_unverified_header(token) == {"alg": "ES384", "kid": published["kid"], "typ": "at+jwt"}
    assert jose.decode(token, keys.published(orgs["north"]), algorithms=["ES384"]).claims == {"sub": "x"}
    assert kids(keys, orgs["south"]) != [published["kid"]]


def test_the_gateway_signs_rs384(keys: SigningKeys) -> None:
    token = keys.sign(None, {"sub": "x"})
    (published,) = keys.jwks(None)["keys"]
    assert (published["kty"], published["alg"], published["use"]) == ("RSA", "RS384", "sig")
    assert jose.decode(token, keys.published(None), algorithms=["RS384"]).claims == {"sub": "x"}


def test_private_parts_stay_inside(keys: SigningKeys, engine: Engine, orgs: dict[str, int]) -> None:
    for published in keys.jwks(orgs["north"])["keys"]:
        assert not PRIVATE_MEMBERS & published.keys()
    with Session(engine) as session:
        rows = session.exec(select(SigningKey)).all()
    assert len(rows) == 2
    for row in rows:
        secret = json.loads(BOX.open("signing-key", row.private_key, about=row.slot))["d"]
        assert secret not in row.private_key
        assert secret not in repr(row) + repr(keys) + repr(vars(keys))


def test_a_sealed_key_moved_to_another_row_does_not_open(
    keys: SigningKeys, engine: Engine, orgs: dict[str, int]
) -> None:
    keys.published(orgs["north"])
    keys.published(orgs["south"])
    with Session(engine) as session:
        north, south = session.exec(select(SigningKey).order_by(SigningKey.slot)).all()
        north.private_key = south.private_key
        session.add(north)
        session.commit()
    with pytest.raises(Misconfigured):
        SigningKeys(engine, BOX, Clock()).sign(orgs["north"], {})


def test_many_at_once_make_one_first_key(engine: Engine, clock: Clock, orgs: dict[str, int]) -> None:
    rings = [SigningKeys(engine, BOX, clock) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        assert len({found[0] for found in pool.map(lambda ring: kids(ring, orgs["south"]), rings)}) == 1


def test_id_tokens_have_a_key_of_their_own(keys: SigningKeys, clock: Clock, orgs: dict[str, int]) -> None:
    org = orgs["north"]
    signed = [jwt.get_unverified_header(keys.sign(org, {"sub": "x"}, alg=alg)) for alg in algorithms_of(org)]
    assert [header["alg"] for header in signed] == ["ES384", "RS256"]
    assert [(key["kty"], key["alg"]) for key in keys.jwks(org)["keys"]] == [("EC", "ES384"), ("RSA", "RS256")]


def test_no_key_for_an_organisation_that_does_not_exist(keys: SigningKeys, orgs: dict[str, int]) -> None:
    with pytest.raises(Misconfigured):
        keys.sign(max(orgs.values()) + 1, {})
