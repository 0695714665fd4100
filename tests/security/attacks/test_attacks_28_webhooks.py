"""28: webhooks: signatures over the bytes that are sent, with their time; and hooks of another's connection."""

from __future__ import annotations

import hashlib
import hmac

import httpx
import pytest

from gateway.subscriptions.signature import signature
from tests.gateway.conftest import PUBLIC

BODY = b'{"b": 1.00,\n "a":2}'


def test_28_the_raw_bytes_and_the_time_are_signed() -> None:
    header = signature("secret", 1_700_000_000, BODY)
    expected = hmac.new(b"secret", b"1700000000." + BODY, hashlib.sha256).hexdigest()
    assert header == f"t=1700000000,v1={expected}"
    assert signature("secret", 1_700_000_001, BODY) != header
    assert signature("other", 1_700_000_000, BODY) != header
    assert signature("secret", 1_700_000_000, b'{"b":1.0,"a":2}').rpartition("=")[2] != expected


@pytest.mark.parametrize("place", ["nowhere/none/x/token", "nowhere/none/x/..%2f..%2f"])
async def test_28_a_hook_that_is_not_there_tells_nothing(http: httpx.AsyncClient, place: str) -> None:
    answer = await http.post(f"{PUBLIC}/hooks/{place}", json={"patient": "1"})
    assert answer.status_code == 404
    assert "none" not in answer.text
