"""Synthetic patients for the laws of matching."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

LETTERS = "abcdefghijklmnopqrstuvwxyzáéíñöüç"
names = st.text(LETTERS, min_size=2, max_size=10).map(str.title)
digits = st.text("0123456789", min_size=10, max_size=10)
birth_dates = st.dates().filter(lambda date: date.year > 1000).map(str)
telecoms = st.one_of(
    digits.map(lambda value: {"system": "phone", "value": value}),
    names.map(lambda value: {"system": "email", "value": f"{value}@example.org"}),
)
addresses = st.builds(
    lambda number, street, city, postal: {
        "line": [f"{number} {street} Street"], "city": city, "state": "CA", "postalCode": postal,
    },
    st.integers(1, 9999), names, names, st.text("0123456789", min_size=5, max_size=5),
)  # fmt: skip
identifiers = st.builds(
    lambda system, value: {"system": f"urn:{system}", "value": value}, st.sampled_from("ab"), digits
)
human_names = st.builds(
    lambda family, givens: {"family": family, "given": givens}, names, st.lists(names, min_size=1, max_size=2)
)


def patients(*, whole: bool = False) -> st.SearchStrategy[dict[str, Any]]:
    """`whole`: with name, day of birth and gender, as intake asks for them."""
    needed: dict[str, st.SearchStrategy[Any]] = {
        "name": st.lists(human_names, min_size=1, max_size=2),
        "birthDate": birth_dates,
        "gender": st.sampled_from(["male", "female"]),
    }
    more: dict[str, st.SearchStrategy[Any]] = {
        "telecom": st.lists(telecoms, min_size=1, max_size=3),
        "address": st.lists(addresses, min_size=1, max_size=2),
        "identifier": st.lists(identifiers, min_size=1, max_size=2),
    }
    made = st.fixed_dictionaries(needed if whole else {}, optional=more if whole else needed | more)
    return made.map(lambda parts: {"resourceType": "Patient", **parts})
