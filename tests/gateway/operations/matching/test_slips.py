"""One slip of the hand."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.operations.matching.slips import date_slips, is_date_slip, is_likely_slip, is_slip

words = st.text("abc", min_size=1, max_size=6)


@given(words, words)
def test_it_is_one_edit_of_four_kinds(one: str, other: str) -> None:
    edits = {one[:at] + one[at + 1 :] for at in range(len(one))}
    edits |= {one[:at] + letter + one[at + 1 :] for at in range(len(one)) for letter in "abc"}
    edits |= {one[:at] + letter + one[at:] for at in range(len(one) + 1) for letter in "abc"}
    edits |= {one[:at] + one[at + 1] + one[at] + one[at + 2 :] for at in range(len(one) - 1)}
    assert is_slip(one, other) == (other in edits - {one})


@given(words, words)
def test_it_goes_both_ways(one: str, other: str) -> None:
    assert is_slip(one, other) == is_slip(other, one)


def test_short_words_have_no_slips() -> None:
    assert is_slip("amy", "any")
    assert not is_likely_slip("amy", "any")
    assert is_likely_slip("maria", "marla")


@pytest.mark.parametrize(("one", "other", "slip"), [
    ("1980-05-12", "1980-12-05", True),
    ("1980-05-12", "1980-05-21", True),
    ("1980-05-12", "1981-05-12", True),
    ("1980-05-12", "1981-06-12", False),
    ("1980-05-12", "1980-05-12", False),
])  # fmt: skip
def test_dates(one: str, other: str, slip: bool) -> None:
    assert is_date_slip(one, other) == slip == is_date_slip(other, one)


@given(st.dates())
def test_the_slips_of_a_date_are_slips(date: object) -> None:
    made = date_slips(str(date))
    assume(made)
    assert all(is_date_slip(str(date), each) for each in made)
