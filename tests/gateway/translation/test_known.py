"""Known patients of a plain sequence: the same answers as the database gives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.translation.contract import Linked
from gateway.translation.known import Listed, known_of, person_of

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
    seen: list[str | None] = [""]
    while page := known.after(seen[-1] or "", 3):
        seen += [link.external_id for link in page]
    assert seen[1:] == sorted(told)


def test_what_looks_up_already_is_taken_as_it_is() -> None:
    known = Listed([Linked("p", "7")])
    assert known_of(known) is known
    assert (known.of(["8"]), known.persons(["8"]), person_of("7")) == ({}, {}, "7")
