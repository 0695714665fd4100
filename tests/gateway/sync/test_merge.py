"""The laws of the three-way merge, on drawn documents, and what it makes of certain ones."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.sync.merge import merged
from gateway.translation import path
from gateway.translation.likeness import FHIR, Likeness, stripped

KEYED = Likeness({"contacts": ("name",)})
LAW = settings(max_examples=60, deadline=None, derandomize=True)
NAMES = st.sampled_from("abc")
WORDS = st.sampled_from(["x", "y", "z", ""])
LEAVES = st.one_of(WORDS, st.integers(2, 4), st.none(), st.booleans())
OBJECTS = st.dictionaries(NAMES, LEAVES, max_size=3)
PEOPLE = st.sampled_from(["Ann", "Bea", "Cid", "Dan"])
CONTACTS = st.dictionaries(PEOPLE, OBJECTS, max_size=4).map(
    lambda people: [{"name": name, **facts} for name, facts in people.items()]
)
ANYTHING = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3))
DOCUMENTS = st.fixed_dictionaries(
    {}, optional={"dob": LEAVES, "sex": WORDS, "name": OBJECTS, "contacts": CONTACTS, "odd": ANYTHING}
)


def bare(document: Any) -> Any:
    """Without what says nothing; contacts by name, for their order tells nothing."""
    said = stripped(document)
    contacts = {item["name"]: item for item in said.get("contacts", [])}
    return {**said, "contacts": contacts}


@LAW
@given(DOCUMENTS, DOCUMENTS)
def test_what_one_side_changed_is_as_that_side_has_it(base: Any, changed: Any) -> None:
    for ours, theirs, expected in (
        (base, base, base), (changed, base, changed), (base, changed, changed), (changed, changed, changed),
    ):  # fmt: skip
        result = merged(base, ours, theirs, KEYED)
        assert (bare(result.value), result.clashes) == (bare(expected), ())


@LAW
@given(DOCUMENTS, DOCUMENTS, DOCUMENTS)
def test_it_is_the_same_from_the_other_side(base: Any, ours: Any, theirs: Any) -> None:
    here = merged(base, ours, theirs, KEYED, lambda number: False)
    there = merged(base, theirs, ours, KEYED, lambda number: True)
    assert marked(here.value) == marked(there.value)
    assert len(here.clashes) == len(there.clashes)


@LAW
@given(DOCUMENTS, DOCUMENTS, DOCUMENTS, st.booleans())
def test_a_second_time_changes_nothing(base: Any, ours: Any, theirs: Any, wins: bool) -> None:
    once = merged(base, ours, theirs, KEYED, lambda number: wins).value
    assert bare(merged(theirs, once, theirs, KEYED).value) == bare(once)
    assert bare(merged(base, once, once, KEYED).value) == bare(once)


@LAW
@given(DOCUMENTS, DOCUMENTS, DOCUMENTS, st.lists(st.booleans(), min_size=12, max_size=12))
def test_deciding_moves_no_clash(base: Any, ours: Any, theirs: Any, wins: list[bool]) -> None:
    decided = merged(base, ours, theirs, KEYED, lambda number: wins[number % 12])
    assert decided.clashes == merged(base, ours, theirs, KEYED).clashes


SPREAD = st.lists(st.tuples(st.sampled_from([("dob",), ("sex",), ("name", "a"), ("name", "b"), ("Ann", "a"),
                                             ("Ann", "b"), ("Bea", "a"), ("Bea",), ("Cid", "c"), ("Dan",)]),
                            st.sampled_from(["new", "newer", None]), st.booleans()),
                  unique_by=lambda edit: edit[0])  # fmt: skip
START: dict[str, Any] = {
    "dob": "x",
    "name": {"a": "y", "c": "z"},
    "contacts": [{"name": "Ann", "a": "x", "b": "y"}, {"name": "Bea", "a": "x", "c": "y"}, {"name": "Cid", "a": "z"}],
}


def edited(document: Any, edits: Any) -> Any:
    """The document after edits of one leaf each; a contact itself is made or taken away."""
    changed = path.copied(document)
    people = {item["name"]: item for item in changed["contacts"]}
    for place, value, _ in edits:
        if place[0] in ("dob", "sex"):
            changed[place[0]] = value
        elif place[0] == "name":
            changed["name"][place[1]] = value
        elif len(place) == 2:
            people.setdefault(place[0], {"name": place[0]})[place[1]] = value
        elif value is None:
            people.pop(place[0], None)
        else:
            people.setdefault(place[0], {"name": place[0], "a": value})
    changed["contacts"] = list(people.values())
    return changed


@LAW
@given(SPREAD)
def test_changes_of_different_leaves_all_survive_in_either_order(edits: Any) -> None:
    """Loses nothing, and commutes."""
    if {place[0] for place, _, _ in edits if place == ("Bea",)} and any(place == ("Bea", "a") for place, *_ in edits):
        edits = [edit for edit in edits if edit[0] != ("Bea", "a")]
    ours = edited(START, [edit for edit in edits if edit[2]])
    theirs = edited(START, [edit for edit in edits if not edit[2]])
    result = merged(START, ours, theirs, KEYED)
    assert (bare(result.value), result.clashes) == (bare(edited(START, edits)), ())


@LAW
@given(DOCUMENTS, DOCUMENTS, DOCUMENTS)
def test_nothing_is_made_up(base: Any, ours: Any, theirs: Any) -> None:
    known = {json.dumps(leaf) for side in (base, ours, theirs) for _, leaf in path.leaves(side)}
    assert {json.dumps(leaf) for _, leaf in path.leaves(merged(base, ours, theirs, KEYED).value)} <= known


def marked(document: Any) -> Any:
    """A list by what is in it: of two sides that both added to it, ours comes first on either side."""
    if isinstance(document, dict):
        return {name: marked(value) for name, value in document.items()}
    return sorted(json.dumps(marked(i), sort_keys=True) for i in document) if isinstance(document, list) else document


def clash_fields(base: Any, ours: Any, theirs: Any) -> list[str]:
    return [clash.field for clash in merged(base, ours, theirs, KEYED).clashes]


ANN = {"name": "Ann", "phone": "1", "email": "a"}


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "expected", "fields"),
    [
        ({"a": "1"}, {"a": "2"}, {"a": "3"}, {"a": "3"}, ["a"]),
        ({}, {"a": "2"}, {"a": "3"}, {"a": "3"}, ["a"]),
        ({"a": "1"}, {}, {"a": "3"}, {"a": "3"}, ["a"]),
        ({"a": "1"}, {"a": "2"}, {}, {}, ["a"]),
        ({"a": {"b": "1", "c": "1"}}, {"a": {"b": "2", "c": "1"}}, {"a": {"b": "1"}}, {"a": {"b": "2"}}, []),
        ({"a": {"b": "1"}}, {"a": "x"}, {"a": ["y"]}, {"a": ["y"]}, ["a"]),
        ({"p": ["1"]}, {"p": ["1", "2"]}, {"p": ["3", "1"]}, {"p": ["3", "1", "2"]}, []),
        ({"p": ["1"]}, {"p": ["2"]}, {"p": ["3"]}, {"p": ["3"]}, ["p[]"]),
        ({"p": ["1", "2"]}, {"p": ["2"]}, {"p": ["1", "2", "3"]}, {"p": ["2", "3"]}, []),
        ({"p": ["1", "2"]}, {"p": ["2", "1"]}, {"p": ["1", "2", "3"]}, {"p": ["2", "1", "3"]}, []),
        ({"p": []}, {"p": ["1"]}, {"p": ["1"]}, {"p": ["1"]}, []),
    ],
)
def test_leaves_and_plain_lists(base: Any, ours: Any, theirs: Any, expected: Any, fields: list[str]) -> None:
    result = merged(base, ours, theirs)
    assert (result.value, [clash.field for clash in result.clashes]) == (expected, fields)


@pytest.mark.parametrize(
    ("ours", "theirs", "expected", "fields"),
    [
        ([{**ANN, "phone": "2"}], [{**ANN, "email": "b"}], [{"name": "Ann", "phone": "2", "email": "b"}], []),
        ([{**ANN, "phone": "2"}], [{**ANN, "phone": "3"}], [{**ANN, "phone": "3"}], ["contacts[].phone"]),
        ([{**ANN, "name": "Anne"}], [{**ANN, "phone": "3"}], [{**ANN, "name": "Anne", "phone": "3"}], []),
        ([{"name": "Bert", "phone": "9"}], [ANN], [{"name": "Bert", "phone": "9"}], []),
        ([], [{**ANN, "phone": "3"}], [{**ANN, "phone": "3"}], ["contacts[]"]),
        ([{**ANN, "phone": "3"}], [], None, ["contacts[]"]),
        ([], [ANN, {"name": "Bea"}], [{"name": "Bea"}], []),
        ([ANN, {"name": "Bea", "phone": "1"}], [ANN, {"name": "Bea", "email": "e"}],
         [ANN, {"name": "Bea", "phone": "1", "email": "e"}], []),
    ],
)  # fmt: skip
def test_contacts_are_told_by_name(ours: Any, theirs: Any, expected: Any, fields: list[str]) -> None:
    sides = ({"contacts": [ANN]}, {"contacts": ours}, {"contacts": theirs})
    assert merged(*sides, KEYED).value.get("contacts") == expected
    assert clash_fields(*sides) == fields


def test_fhir_elements_are_told_by_use_system_and_url() -> None:
    base = {
        "telecom": [{"system": "phone", "use": "home", "value": "1"}],
        "extension": [{"url": "u", "valueCode": "a"}],
    }
    ours = {**base, "telecom": [{"system": "phone", "use": "work", "value": "2"}, *base["telecom"]]}
    theirs = {
        "telecom": [{"system": "phone", "use": "home", "value": "3"}],
        "extension": [{"url": "v", "valueCode": "b"}, {"url": "u", "valueCode": "c"}],
    }
    result = merged(base, ours, theirs, FHIR)
    assert result.clashes == ()
    assert {(item["use"], item["value"]) for item in result.value["telecom"]} == {("work", "2"), ("home", "3")}
    assert result.value["extension"] == theirs["extension"]


def test_spelling_is_no_change() -> None:
    def digits(element: str, value: Any) -> Any:
        return {**value, "value": value["value"].replace("-", "")} if element == "telecom" else value

    base, ours = {"telecom": [{"value": "12", "rank": 1}]}, {"telecom": [{"value": "1-2", "rank": 2}]}
    result = merged(base, ours, {"telecom": [{"value": "34", "rank": 1}]}, Likeness({}, digits))
    assert (result.value, result.clashes) == ({"telecom": [{"value": "34", "rank": 2}]}, ())
