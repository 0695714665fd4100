"""The page token opens for what it was made for, and for nothing else."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.faults import Invalid
from gateway.search.paging import decode, encode
from gateway.search.parse import parse
from gateway.search.query import Criterion, Query, SortKey, StringValue
from tests.gateway.store.basic_definitions import BasicDefinitions

KEY = b"a key of the gateway"
QUERY = Query(
    "Basic", (Criterion("string", "string", "", (StringValue("kim"),)),), (SortKey("string", "string", False),)
)
AFTERS = st.lists(st.none() | st.integers(-(2**53), 2**53) | st.text()).map(tuple)


@given(AFTERS)
def test_round_trip(after: tuple[Any, ...]) -> None:
    token = encode(KEY, 1, QUERY, after)
    assert decode(KEY, 1, QUERY, token) == after
    assert decode(KEY, 1, replace(QUERY, count=7, after=after, want_total=False), token) == after


def test_another_organisation_query_caller_or_key_is_refused() -> None:
    token = encode(KEY, 1, QUERY, ("kim", 5), caller="client-a")
    assert decode(KEY, 1, QUERY, token, caller="client-a") == ("kim", 5)
    foreign: list[tuple[bytes, int, Query, str]] = [
        (KEY, 2, QUERY, "client-a"),
        (KEY, 1, replace(QUERY, criteria=()), "client-a"),
        (KEY, 1, replace(QUERY, sort=()), "client-a"),
        (KEY, 1, QUERY, "client-b"),
        (b"another key", 1, QUERY, "client-a"),
    ]
    for key, org, query, caller in foreign:
        with pytest.raises(Invalid):
            decode(key, org, query, token, caller=caller)


@given(st.integers(0, 10_000), st.sampled_from("ABab01-_"))
def test_a_changed_token_is_refused(at: int, letter: str) -> None:
    token = encode(KEY, 1, QUERY, ("kim", 5))
    at %= len(token) - 1  # the last letter has bits that carry nothing
    changed = token[:at] + letter + token[at + 1 :]
    if changed != token:
        with pytest.raises(Invalid):
            decode(KEY, 1, QUERY, changed)


@pytest.mark.parametrize("token", ["", "A", "%%%", "é" * 40, "A" * 100_000, "\0"])
def test_nonsense_is_refused(token: str) -> None:
    with pytest.raises(Invalid) as refused:
        decode(KEY, 1, QUERY, token)
    assert refused.value.issues[0].expression == ("_page",)


def test_no_value_shows() -> None:
    token = encode(KEY, 1, QUERY, ("kimberley", 5))
    assert b"kim" not in urlsafe_b64decode(token + "==")


def test_an_approximate_date_stays_the_same_search_as_time_goes_by() -> None:
    def search(now: int, text: str = "ap2024-01-01") -> Query:
        return parse(BasicDefinitions(), "Basic", [("date", text)], base="", now=now)[0]

    token = encode(KEY, 1, search(1_700_000_000_000_000), (5,))
    assert decode(KEY, 1, search(1_700_000_099_000_000), token) == (5,)
    with pytest.raises(Invalid):
        decode(KEY, 1, search(1_700_000_000_000_000, "ap2024-01-02"), token)
