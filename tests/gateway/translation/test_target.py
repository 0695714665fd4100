"""Where a call may go."""

from __future__ import annotations

import pytest

from gateway.faults import Misconfigured
from gateway.translation.contract import Account, Call
from gateway.translation.target import url_of

ELSEWHERE = "https://oauth.emr.example/token"


def account(**settings: str) -> Account:
    return Account(
        org="demo",
        name="emr",
        base_url="https://fhir.emr.example/r4/ABC",
        public_url="https://gateway.example",
        settings=settings,
        secrets={},
        mappings={},
        assertion=lambda claims: "",
    )


def test_a_discovered_token_endpoint_may_be_at_another_https_host() -> None:
    assert str(url_of(account(), Call("POST", ELSEWHERE, token=None, discovered=True))) == ELSEWHERE


@pytest.mark.parametrize(
    "call",
    [
        Call("POST", ELSEWHERE, token=None),
        Call("POST", ELSEWHERE, token="system/Patient.r", discovered=True),
        Call("POST", "http://oauth.emr.example/token", token=None, discovered=True),
        Call("POST", "https://x@fhir.emr.example/r4/ABC/token", token=None, discovered=True),
        Call("GET", "https://fhir.emr.example.evil.example/r4/ABC/Patient"),
    ],
    ids=["not discovered", "with a token", "plain http", "userinfo", "a longer name"],
)
def test_credentials_go_nowhere_else(call: Call) -> None:
    with pytest.raises(Misconfigured):
        url_of(account(), call)
