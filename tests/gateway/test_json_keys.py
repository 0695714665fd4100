"""Repeated names in JSON objects are found, whatever the strings around them look like."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.json_keys import RepeatedName, check_unique, count_names

TEXT = st.text(alphabet='ab":\\ \n{}[],é', max_size=6)
VALUE = st.recursive(
    TEXT | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)


@given(VALUE, st.sampled_from([None, 1]), st.booleans())
def test_what_has_no_repetition_passes(value: Any, indent: int | None, ascii: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii).encode()
    check_unique(text, msgspec.json.decode(text))


@given(
    TEXT,
    VALUE,
    VALUE,
    VALUE,
    st.sampled_from(["?", '[1,{"x":?}]', '{"\\u0022:":"\\u0022:","y":?}', '{"a\\":b":[?,1]}']),
)
def test_a_repetition_is_found_anywhere(name: str, one: Any, other: Any, between: Any, around: str) -> None:
    key, fill = json.dumps(name), json.dumps(f"between {name}")
    inner = f"{{{key}:{json.dumps(one)},{fill}:{json.dumps(between)},{key} : {json.dumps(other)}}}"
    text = around.replace("?", inner).encode()
    with pytest.raises(RepeatedName):
        check_unique(text, msgspec.json.decode(text))


def test_names_are_counted_at_every_depth() -> None:
    assert count_names({"a": [{"b": 1}, {"c": {"d": []}}], "e": "f"}) == 5


@pytest.mark.parametrize(
    ("name", "shown"), [("birthDate", "birthDate"), ("_birthDate", "_birthDate"), ("A. Person", "")]
)
def test_only_names_of_elements_are_repeated_in_the_refusal(name: str, shown: str) -> None:
    with pytest.raises(RepeatedName) as refusal:
        check_unique(f'{{"{name}":1,"{name}":2}}'.encode(), {name: 2})
    assert refusal.value.name == shown
