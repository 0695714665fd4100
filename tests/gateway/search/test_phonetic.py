"""Names as they sound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.search.phonetic import endings, phrase, sounds


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Smith", "Smyth"), ("Smith", "SCHMIDT"), ("Katherine", "Kathryn"), ("Catherine", "Katherine"),
        ("Stephen", "Steven"), ("Jon", "John"), ("Sean", "Shawn"), ("Philips", "Fillips"), ("Knight", "Night"),
        ("MacDonald", "McDonald"), ("O'Brien", "OBrian"), ("Muñoz", "Munos"), ("Lee", "Leigh"),
    ],
)  # fmt: skip
def test_names_that_sound_alike(one: str, other: str) -> None:
    assert sounds(one) == sounds(other) != []


@pytest.mark.parametrize(("one", "other"), [("Smith", "Jones"), ("Garcia", "Martinez"), ("Jon", "Jones")])
def test_names_that_do_not(one: str, other: str) -> None:
    assert sounds(one) != sounds(other)


@given(st.text(max_size=40))
def test_any_text_has_sounds_or_none_and_begins_with_its_own_phrase(text: str) -> None:
    assert all(sounds(text)) or not sounds(text)
    assert (phrase(text) in endings(text)) == bool(sounds(text))
