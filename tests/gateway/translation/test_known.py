"""Known patients of a plain sequence: the same answers as the database gives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.translation.contract import Linked
from gateway.translation.known import START, Listed, known_of, person_of, place_of

KEYS = st.lists(st.sampled_from([f"{stay}:{person}" for stay in range(1, 9) for person in "xyz"]), unique=True)


@given(KEYS)
def test_every_key_finds_its_link_and_pages_find_all(told: list[str]) -> None:
    links = [Linked(f"p{number}", key) for number, key in enumerate((None, *told))]
    known = known_of(links)
    assert len(known) == len(told)
    assert {key: link.external_id for key, link in known.of(told).items()} == {key: key for key in told}
    assert {person_of(link.external_id or "") for link in known.persons(["x", "y", "z"]).values()} == {
        person_of(key) for key in told
    }
    seen: list[str | None] = []
    place = START
    while page := known.stalest(1, place, 3):
        seen += [link.external_id for link in page]
        place = place_of(page[-1])
    assert seen == sorted(told)


def test_the_oldest_reading_comes_first_and_what_was_just_read_not_at_all() -> None:
    known = Listed([Linked(f"p{key}", key, looked=looked) for key, looked in (("a", 5), ("b", 3), ("c", 9), ("d", 3))])
    assert [link.external_id for link in known.stalest(9, START, 10)] == ["b", "d", "a"]
    assert [link.external_id for link in known.stalest(9, (3, "b"), 10)] == ["d", "a"]


def test_what_looks_up_already_is_taken_as_it_is() -> None:
    known = Listed([Linked("p", "7")])
    assert known_of(known) is known
    assert (known.of(["8"]), known.persons(["8"]), person_of("7")) == ({}, {}, "7")
