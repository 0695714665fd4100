"""Which list elements are the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.translation.alignment import Facts, align, filled

FACTS = st.lists(st.tuples(st.integers(0, 2), st.none() | st.integers(0, 2)), max_size=5)


@pytest.mark.parametrize(
    ("left", "right", "found"),
    [
        ("abc", "abc", [0, 1, 2]),
        ("ac", "abc", [0, 2]),
        ("cba", "abc", [2, 1, 0]),
        ("abx", "abc", [0, 1, 2]),
        ("ab", "", [None, None]),
        ("axy", "abc", [0, 1, 2]),
        ("aa", "a", [0, None]),
        ("xa", "a", [None, 0]),
    ],
)
def test_alignment_of_single_facts(left: str, right: str, found: list[int | None]) -> None:
    assert align([(c,) for c in left], [(c,) for c in right]) == found


def test_most_shared_facts_win() -> None:
    assert align([("Ann", "sister", "1")], [("Ann", None, "2"), ("Ann", "sister", "2")]) == [1]


@given(FACTS, FACTS)
def test_no_element_is_taken_twice(left: list[Facts], right: list[Facts]) -> None:
    found = [index for index in align(left, right) if index is not None]
    assert len(found) == len(set(found))
    assert all(0 <= index < len(right) for index in found)


@given(FACTS)
def test_a_list_is_aligned_with_itself(facts: list[Facts]) -> None:
    assert align(facts, facts) == list(range(len(facts)))


def test_slots_are_filled_in_order() -> None:
    def is_slot(item: object) -> bool:
        return item == 0

    assert filled([0, "x", 0], is_slot, ["a", "b", "c"]) == ["a", "x", "b", "c"]
    assert filled([0, "x", 0], is_slot, ["a"]) == ["a", "x"]
