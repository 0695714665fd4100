"""Paths: parsing, reading, placing, removing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.translation import path

PATHS = (
    "birthDate",
    "name[use=official].given[0]",
    "name[use=official|usual|].given[1:]",
    "telecom[system=phone,use=home|].value",
    "telecom[system=phone,rank:=1].value",
    "identifier[type.coding.code=MR].value",
    "extension[url=urn:a].extension[url=urn:b].valueString",
    "location[physicalType.coding.code=bu].location.reference",
    "a.b.c",
)
NAMES = st.sampled_from(["name", "given", "use", "a", "b", "telecom", "system", "extension", "url", "value", "type"])
VALUES = st.sampled_from(["official", "phone", "urn:a", "x", 1, True, None, ""])
DOCUMENTS = st.dictionaries(
    NAMES,
    st.recursive(VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3)),
)


def put(document: dict[str, Any], text: str, value: Any) -> None:
    path.place(document, path.parse(text), value)


def read(document: Any, text: str) -> Any:
    return path.get(document, path.parse(text))


@pytest.mark.parametrize("text", PATHS)
@given(document=DOCUMENTS)
@example(document={"name": {"given": ["official"]}})
def test_what_is_placed_is_read_and_removing_it_leaves_nothing(text: str, document: dict[str, Any]) -> None:
    steps = path.parse(text)
    if path.has_gap(document, steps):
        return
    value: Any = ["x", "y"] if text.endswith(":]") else "x"
    path.place(document, steps, value)
    assert path.get(document, steps) == value
    path.remove(document, steps)
    assert path.get(document, steps) is None or "|" in text


@pytest.mark.parametrize("text", [p for p in PATHS if not p.endswith("[1:]")])
def test_placing_into_nothing_and_removing_leaves_nothing(text: str) -> None:
    document: dict[str, Any] = {}
    put(document, text, "x")
    path.remove(document, path.parse(text))
    assert document == {}


@pytest.mark.parametrize("text", PATHS)
@given(document=DOCUMENTS)
def test_reading_changes_nothing_and_fails_on_nothing(text: str, document: dict[str, Any]) -> None:
    before = json.dumps(document)
    read(document, text)
    path.has_gap(document, path.parse(text))
    assert json.dumps(document) == before


@pytest.mark.parametrize("text", ["a..b", ".a", "a.", "a[", "a[x]", "a[=1]", "a]b", "[0]"])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        path.parse(text)


def test_alternatives_are_tried_in_order() -> None:
    names = [{"family": "None"}, {"use": "usual", "family": "Usual"}, {"use": "official", "family": "Official"}]
    text = "name[use=official|usual|].family"
    assert read({"name": names}, text) == "Official"
    assert read({"name": names[:2]}, text) == "Usual"
    assert read({"name": names[:1]}, text) == "None"
    assert read({"name": [{"use": "nickname", "family": "Nick"}]}, text) is None


def test_an_element_that_is_made_has_the_first_alternatives() -> None:
    document: dict[str, Any] = {}
    put(document, "telecom[system=phone,use=home|].value", "1")
    put(document, "identifier[type.coding.code=MR,system=$x].value", "2")
    assert document["telecom"] == [{"system": "phone", "use": "home", "value": "1"}]
    assert document["identifier"][0]["type"] == {"coding": [{"code": "MR"}]}


def test_null_on_the_way_is_nothing() -> None:
    document: dict[str, Any] = {"address": None, "phones": None, "contacts": [None]}
    put(document, "address.city", "Ames")
    put(document, "phones[0]", "1")
    put(document, "contacts[0].name", "Ann")
    assert document == {"address": {"city": "Ames"}, "phones": ["1"], "contacts": [{"name": "Ann"}]}


def test_nested_extensions_are_pruned_to_the_top() -> None:
    document: dict[str, Any] = {"extension": [{"url": "urn:other", "valueString": "stays"}]}
    text = "extension[url=urn:race].extension[url=ombCategory].valueString"
    put(document, text, "x")
    path.remove(document, path.parse(text))
    assert document == {"extension": [{"url": "urn:other", "valueString": "stays"}]}


def test_an_element_with_more_than_constants_stays() -> None:
    document = {"telecom": [{"system": "phone", "use": "home", "value": "1", "period": {"start": "2020"}}]}
    path.remove(document, path.parse("telecom[system=phone,use=home].value"))
    assert document == {"telecom": [{"system": "phone", "use": "home", "period": {"start": "2020"}}]}


def test_what_stands_behind_a_removed_position_does_not_move_up() -> None:
    document = {"line": ["1 Main St", "Unit 4"]}
    path.remove(document, path.parse("line[0]"))
    assert document == {}


@pytest.mark.parametrize(
    ("document", "text", "gap"),
    [
        ({}, "line[0]", False),
        ({}, "line[1]", True),
        ({"line": ["x"]}, "line[1]", False),
        ({"line": ["x"]}, "line[1:]", False),
        ({}, "name[use=official].given[1:]", True),
        ({"name": [{"use": "official", "given": ["A"]}]}, "name[use=official].given[1:]", False),
        ({"name": [{"use": "usual", "given": ["A"]}]}, "name[use=official].given[1:]", True),
        ({"contact": [{}]}, "contact[2].name", True),
    ],
)
def test_gaps(document: dict[str, Any], text: str, gap: bool) -> None:
    assert path.has_gap(document, path.parse(text)) is gap


def test_binding_puts_the_constants_of_the_connection_in_place() -> None:
    bound = path.bind(path.parse("identifier[system=$id].value"), {"id": "urn:x"})
    document: dict[str, Any] = {}
    path.place(document, bound, "7")
    assert document == {"identifier": [{"system": "urn:x", "value": "7"}]}


@pytest.mark.parametrize(
    ("text", "leaf", "covered"),
    [
        ("name", ("name", 1, "given", 0), True),
        ("name.text", ("name", 1, "text"), True),
        ("name[use=usual]", ("name", 0, "text"), True),
        ("name[use=usual]", ("name", 1, "text"), False),
        ("name[1:].given", ("name", 1, "given", 0), True),
        ("name[0].given", ("name", 1, "given", 0), False),
        ("birthDate", ("name", 0, "text"), False),
        ("name.text.more", ("name", 0, "text"), False),
    ],
)
def test_covering(text: str, leaf: path.Concrete, covered: bool) -> None:
    document = {"name": [{"use": "usual", "text": "A"}, {"text": "B", "given": ["B"]}]}
    assert path.covers(document, path.parse(text), leaf) is covered


def test_a_place_is_written_as_fhirpath_does() -> None:
    assert path.expression(("name", 0, "given", 1), "Patient") == "Patient.name[0].given[1]"
