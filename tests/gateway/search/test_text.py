"""Folding, and prefixes as ranges."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.search.text import after_prefix, fold

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NEAR_THE_END = st.text(st.sampled_from("a\ud7ff\ue000\U0010ffff"), max_size=4)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Muñoz", "munoz"),
        ("Straße", "strasse"),
        ("ÅNGSTRÖM", "angstrom"),
        ("Ōe", "oe"),
        ("ﬁn", "fin"),
        ("O'Neil", "o'neil"),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(TEXT)
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(TEXT | NEAR_THE_END, TEXT | NEAR_THE_END)
def test_a_prefix_is_a_range_of_utf8_order(prefix: str, text: str) -> None:
    until = after_prefix(prefix)
    encoded = text.encode()
    assert text.startswith(prefix) == (prefix.encode() <= encoded and (until is None or encoded < until.encode()))
