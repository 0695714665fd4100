"""Which keys of a JWKS are usable."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, KeySet, RSAKey

from gateway.auth.keyset import find_key, holds_private_keys, public_keys
from gateway.faults import Invalid
from tests.gateway.auth.conftest import jwks


def test_rsa_and_p384(rsa_key: RSAKey, ec_key: ECKey) -> None:
    keys = public_keys(jwks(rsa_key, ec_key))
    assert [key.kid for key in keys] == ["crm-rsa", "crm-ec"]
    assert not any(key.is_private for key in keys)


def test_private_members_are_noticed_and_not_taken_in(ec_key: ECKey) -> None:
    document: dict[str, Any] = {"keys": [dict(ec_key.as_dict(private=True))]}
    assert holds_private_keys(document)
    assert not any(key.is_private for key in public_keys(document))


@pytest.mark.parametrize(
    "changed",
    [
        {"use": "enc"},
        {"alg": "RS256"},
        {"alg": "HS384"},
        {"kid": None},
        {"kid": ""},
        {"kid": 1},
        {"n": "AQAB"},
        {"n": "A" * 100_000},
        {"n": 5},
        {"e": None},
        {"kty": "oct"},
        {"kty": ["RSA"]},
    ],
)
def test_an_unusable_key_is_left_aside(rsa_key: RSAKey, ec_key: ECKey, changed: dict[str, Any]) -> None:
    bad = {name: value for name, value in {**rsa_key.as_dict(private=False), **changed}.items() if value is not None}
    keys = public_keys({"keys": [bad, "no key", dict(ec_key.as_dict(private=False))]})
    assert [key.kid for key in keys] == ["crm-ec"]


def test_another_curve_is_left_aside() -> None:
    assert not public_keys(jwks(ECKey.generate_key("P-256", {"kid": "small"})))


def test_a_kid_is_found_with_the_type_its_algorithm_needs(rsa_key: RSAKey, ec_key: ECKey) -> None:
    same_kid = [{**key.as_dict(private=False), "kid": "one"} for key in (rsa_key, ec_key)]
    keys = public_keys({"keys": same_kid})
    assert isinstance(find_key(keys, "one", "RS384"), RSAKey)
    assert isinstance(find_key(keys, "one", "ES384"), ECKey)
    assert find_key(keys, "one", "HS384") is None
    assert find_key(KeySet([]), "one", "RS384") is None


@pytest.mark.parametrize("document", [None, [], "keys", {}, {"keys": {}}, {"keys": [{}] * 101}])
def test_what_is_no_jwks(document: object) -> None:
    with pytest.raises(Invalid):
        public_keys(document)


VALUE = st.none() | st.integers() | st.text(max_size=9) | st.lists(st.text(max_size=3), max_size=2)
MEMBERS = st.sampled_from(["kty", "kid", "n", "e", "crv", "x", "y", "use", "alg", "d", "k"])
KEY = st.dictionaries(MEMBERS, VALUE | st.sampled_from(["RSA", "EC", "P-384", "sig"]))


@given(st.lists(KEY | VALUE, max_size=4))
def test_no_key_however_odd_breaks_it(keys: list[Any]) -> None:
    public_keys({"keys": keys})
