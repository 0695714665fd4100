"""What is signed here is genuine to a receiver that was written from the README, and nothing else is."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.subscriptions.signature import signature

README = Path(__file__).parents[3] / "README.md"
SECRET = "a secret of some length"
IsGenuine = Callable[[str, bytes, str], bool]


@pytest.fixture(scope="module")
def is_genuine() -> IsGenuine:
    """The README's own lines."""
    found = re.search(r"<!-- receiver -->\n```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    assert found is not None
    names: dict[str, IsGenuine] = {}
    exec(found[1], {"hmac": hmac, "hashlib": hashlib, "time": time}, names)  # noqa: S102 - our own documentation
    return names["is_genuine"]


@given(body=st.binary(max_size=200), secret=st.text(st.characters(codec="utf-8"), min_size=16, max_size=40))
def test_what_was_signed_just_now_is_genuine(is_genuine: IsGenuine, body: bytes, secret: str) -> None:
    assert is_genuine(signature(secret, int(time.time()), body), body, secret)


@pytest.mark.parametrize(
    ("seconds", "body", "secret"), [(0, b"{}", "another secret, too"), (0, b"{ }", SECRET), (-301, b"{}", SECRET)]
)
def test_other_bytes_secrets_and_times_are_not(is_genuine: IsGenuine, seconds: int, body: bytes, secret: str) -> None:
    assert not is_genuine(signature(SECRET, int(time.time()) + seconds, b"{}"), body, secret)


def test_the_header_is_as_interfaces_say() -> None:
    assert signature("s" * 16, 1_800_000_000, b'{"a":1.00}') == (
        "t=1800000000,v1=" + hmac.new(b"s" * 16, b'1800000000.{"a":1.00}', hashlib.sha256).hexdigest()
    )
