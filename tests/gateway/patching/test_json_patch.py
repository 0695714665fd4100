"""JSON Patch, by the examples of RFC 6902 and against hostile ones."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.faults import ClientFault, Malformed, TooLarge, Unprocessable
from gateway.patching.json_patch import operations, patched


def patch(document: Any, *steps: dict[str, Any]) -> Any:
    return patched(document, operations(list(steps)))


@pytest.mark.parametrize(
    ("document", "step", "wanted"),
    [
        ({"a": 1}, {"op": "add", "path": "/b", "value": 2}, {"a": 1, "b": 2}),
        ({"a": [1, 3]}, {"op": "add", "path": "/a/1", "value": 2}, {"a": [1, 2, 3]}),
        ({"a": [1]}, {"op": "add", "path": "/a/-", "value": [2]}, {"a": [1, [2]]}),
        ({"a": 1}, {"op": "add", "path": "/a", "value": None}, {"a": None}),
        ({"a": 1}, {"op": "add", "path": "", "value": {"b": 2}}, {"b": 2}),
        ({"a": 1, "b": 2}, {"op": "remove", "path": "/a"}, {"b": 2}),
        ({"a": [1, 2]}, {"op": "remove", "path": "/a/0"}, {"a": [2]}),
        ({"a": 1}, {"op": "replace", "path": "/a", "value": 2}, {"a": 2}),
        ({"a": [1, 2]}, {"op": "replace", "path": "/a/1", "value": 3}, {"a": [1, 3]}),
        ({"a": {"b": 1}, "c": {}}, {"op": "move", "from": "/a/b", "path": "/c/d"}, {"a": {}, "c": {"d": 1}}),
        ({"a": [1, 2, 3]}, {"op": "move", "from": "/a/0", "path": "/a/2"}, {"a": [2, 3, 1]}),
        ({"a": {"b": 1}}, {"op": "copy", "from": "/a", "path": "/c"}, {"a": {"b": 1}, "c": {"b": 1}}),
        ({"a": 1}, {"op": "test", "path": "/a", "value": Decimal("1.0")}, {"a": 1}),
        ({"a/b": 1, "m~n": 2}, {"op": "remove", "path": "/a~1b"}, {"m~n": 2}),
        ({"~1": 1}, {"op": "test", "path": "/~01", "value": 1}, {"~1": 1}),
        ({"a": 1}, {"op": "remove", "path": "/a", "more": "is ignored"}, {}),
    ],
)
def test_operations(document: Any, step: dict[str, Any], wanted: Any) -> None:
    assert patch(document, step) == wanted


@pytest.mark.parametrize(
    "step",
    [
        {"op": "remove", "path": "/b"},
        {"op": "remove", "path": ""},
        {"op": "replace", "path": "/b", "value": 1},
        {"op": "add", "path": "/b/c", "value": 1},
        {"op": "add", "path": "/list/3", "value": 1},
        {"op": "add", "path": "/list/01", "value": 1},
        {"op": "add", "path": "/text/0", "value": 1},
        {"op": "remove", "path": "/list/-"},
        {"op": "remove", "path": "/list/2"},
        {"op": "copy", "from": "/b", "path": "/c"},
        {"op": "move", "from": "/list", "path": "/list/0"},
        {"op": "test", "path": "/one", "value": True},
        {"op": "test", "path": "/one", "value": "1"},
        {"op": "test", "path": "/list", "value": [2, 1]},
    ],
)
def test_what_the_resource_is_not_like(step: dict[str, Any]) -> None:
    with pytest.raises(Unprocessable) as refused:
        patch({"one": 1, "list": [1, 2], "text": "x"}, step)
    assert refused.value.issues[0].expression[0].startswith("[0]")


@pytest.mark.parametrize(
    "document",
    [
        {},
        [1],
        [{"op": "add"}],
        [{"op": "spin", "path": ""}],
        [{"op": ["add"], "path": ""}],
        [{"op": "add", "path": "/a"}],
        [{"op": "add", "path": "a", "value": 1}],
        [{"op": "add", "path": "/~2", "value": 1}],
        [{"op": "add", "path": "/a" * 1000, "value": 1}],
        [{"op": "move", "path": "/a"}],
        [{"op": "copy", "from": 1, "path": "/a"}],
    ],
)
def test_what_is_no_patch(document: Any) -> None:
    with pytest.raises(Malformed):
        operations(document)


def test_copies_that_double() -> None:
    steps = [{"op": "copy", "from": "/a", "path": "/a/-"}] * 100
    with pytest.raises(TooLarge):
        patch({"a": ["x"]}, *steps)
    with pytest.raises(TooLarge):
        operations([{"op": "remove", "path": "/a"}] * 1001)


def test_a_copy_is_no_alias() -> None:
    steps: list[dict[str, Any]] = [
        {"op": "copy", "from": "/a", "path": "/b"},
        {"op": "add", "path": "/b/-", "value": 2},
    ]
    assert patch({"a": [1]}, *steps) == {"a": [1], "b": [1, 2]}


STEPS = st.fixed_dictionaries(
    {
        "op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]),
        "path": st.sampled_from(["", "/a", "/a/0", "/a/-", "/b/c", "/b", "/~0"]),
        "from": st.sampled_from(["", "/a", "/a/0", "/b"]),
        "value": st.sampled_from([1, [1], {"c": 1}, "x", None]),
    }
)


@given(st.lists(STEPS, max_size=6))
def test_any_patch_is_done_or_refused(steps: list[dict[str, Any]]) -> None:
    try:
        patch({"a": [1, 2], "b": {"c": 3}}, *steps)
    except ClientFault:
        return
