"""The splitter beside msgspec: the same objects, cut anywhere, and the bytes that came."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.faults import EmrNonsense
from gateway.translation.splitting import Cut, Part, Splitter

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(['"', "\\", "},{", "é\u2028"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=25,
)
names = st.text(max_size=5).filter(lambda name: name not in ("entry", "data"))
objects = st.builds(
    lambda before, entry, data, after: {**before, **entry, **data, **after},
    st.dictionaries(names, values, max_size=3),
    st.fixed_dictionaries({}, optional={"entry": st.lists(values, max_size=4)}),
    st.fixed_dictionaries({}, optional={"data": st.text(max_size=30)}),
    st.dictionaries(names, values, max_size=3),
)
layouts = st.sampled_from(
    [{}, {"indent": 1}, {"separators": (",", ":")}, {"ensure_ascii": False}, {"separators": (" ,\n", "\t: ")}]
)
cuts = st.lists(st.integers(1, 40), min_size=1, max_size=8)


def parts_of(body: bytes, sizes: Sequence[int] = (1 << 30,), **named: Any) -> list[Cut]:
    found: list[Cut] = []
    splitter, at, turn = Splitter("entry", "data", **named), 0, 0
    while at < len(body):
        size = sizes[turn % len(sizes)]
        found += splitter.feed(body[at : at + size])
        at, turn = at + size, turn + 1
    splitter.end()
    return found


def joined(parts: list[Cut]) -> bytes:
    """What a consumer does that leaves out nothing."""
    out, is_first, in_text = bytearray(b"{"), True, False
    for kind, part in parts:
        starts = kind in (Part.MEMBER, Part.OPENED, Part.ELEMENT) or (kind is Part.TEXT and not in_text)
        out += (b"," if starts and not is_first else b"") + part
        is_first = kind is Part.OPENED
        in_text = kind is Part.TEXT
        if kind is Part.CLOSED:
            is_first = False
    return bytes(out + b"}")


@given(objects, layouts, cuts)
def test_the_parts_are_what_came(document: dict[str, Any], layout: dict[str, Any], sizes: list[int]) -> None:
    body = json.dumps(document, **layout).encode()
    parts = parts_of(body, sizes)
    elements = [msgspec.json.decode(part) for kind, part in parts if kind is Part.ELEMENT]
    members: dict[str, Any] = {}
    for kind, part in parts:
        if kind is Part.MEMBER:
            members |= msgspec.json.decode(b"{" + part + b"}")
    text = b"".join(part for kind, part in parts if kind is Part.TEXT)
    assert elements == document.get("entry", [])
    assert members == {name: value for name, value in document.items() if name not in ("entry", "data")}
    assert msgspec.json.decode(b"{" + text + b"}") == {name: document[name] for name in ("data",) if name in document}
    if document.get("entry") != []:  # blanks in empty brackets are not kept
        assert joined(parts) == (body if document else b"{}")


@given(objects, st.data())
def test_what_is_cut_short_or_goes_on_is_told(document: dict[str, Any], data: st.DataObject) -> None:
    body = json.dumps(document).encode()
    end = data.draw(st.integers(0, len(body) - 1))
    with pytest.raises(EmrNonsense):
        parts_of(body[:end], [7])
    with pytest.raises(EmrNonsense):
        parts_of(body + data.draw(st.sampled_from([b"{", b"}", b",", b"x", b"\0"])))


@given(st.binary(max_size=60) | st.text('{}[]",:\\ae1 ', max_size=40).map(str.encode), cuts)
def test_no_bytes_pass_that_are_no_object(body: bytes, sizes: list[int]) -> None:
    """Whatever comes is refused here, or as its parts are decoded, or is an object."""
    try:
        expected = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        expected = None
    try:
        for kind, part in (parts := parts_of(body, sizes)):
            if kind is Part.MEMBER:
                msgspec.json.decode(b"{" + part + b"}")
            elif kind is Part.ELEMENT:
                msgspec.json.decode(part)
        text = b"".join(part for kind, part in parts if kind is Part.TEXT)
        msgspec.json.decode(b"{" + text + b"}")
    except (EmrNonsense, msgspec.DecodeError, UnicodeDecodeError):
        assert expected is None
    else:
        assert expected is not None


@pytest.mark.parametrize(
    "body",
    [
        b'{"entry":[1,]}', b'{"entry":[,1]}', b'{"entry":[1}', b'{"a":1,}', b'{,"a":1}', b'{"entry":[1] 2}',
        b'{"entry":[1]]', b'{"data":"x" "y"}', b"[]", b"1", b"", b"\xef\xbb\xbf{}", b"{}{}", b'{"a":' + b"[" * 300,
    ],
)  # fmt: skip
def test_refused(body: bytes) -> None:
    with pytest.raises(EmrNonsense):
        parts_of(body)
    with pytest.raises(EmrNonsense):
        parts_of(body, [1])


def test_no_part_is_longer_than_is_held() -> None:
    long = b"x" * 5000
    assert parts_of(b'{"data":"' + long + b'"}', [100], most=1000)
    assert parts_of(b'{"entry":[' + b",".join([b'{"a":1}'] * 1000) + b"]}", [100], most=1000)
    for body in (b'{"a":"' + long + b'"}', b'{"entry":[{"a":"' + long + b'"}]}', b'{"a":[' + b"1," * 3000 + b"1]}"):
        with pytest.raises(EmrNonsense, match="longer"):
            parts_of(body, [100], most=1000)


def test_numbers_and_escapes_stay() -> None:
    body = rb'{"entry":[{"a":1.00},{"a":1E5,"b":"\u00e9\/"}], "total" : 0.10 }'
    assert joined(parts_of(body, [3])) == body
