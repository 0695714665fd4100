"""17: credentials that go to a host which only looks like the EMR's."""

from __future__ import annotations

import httpx
import pytest

from gateway.faults import Fault
from gateway.translation.contract import Account, Call
from gateway.translation.target import url_of

BASE = "https://emr.example/api"
"""Redirects are not followed at all: 27."""
ACCOUNT = Account("north", "emr", BASE, "https://gateway.example", {}, {}, {}, lambda _: "")


def test_17_the_emr_itself_is_called() -> None:
    assert url_of(ACCOUNT, Call("GET", "/patients")) == f"{BASE}/patients"
    assert url_of(ACCOUNT, Call("GET", f"{BASE}/patients?page=2")).host == "emr.example"


@pytest.mark.parametrize(
    "place",
    [
        "https://emr.example.evil.net/api/patients",
        "https://emr.example@evil.net/api/patients",
        "https://evil.net/emr.example/api",
        "https://emr.example:8443/api/patients",
        "http://emr.example/api/patients",
        "https://emr.example\\.evil.net/",
        "https://EMR.example.evil.net/",
    ],
)
def test_17_a_prefix_is_no_origin(place: str) -> None:
    with pytest.raises((Fault, httpx.InvalidURL, ValueError)):
        url_of(ACCOUNT, Call("GET", place))
