"""What is sent is what is read: digits, instants, order and letters."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.faults import Invalid
from gateway.store import document
from gateway.store.store import SqlStore


@pytest.mark.parametrize(
    "content",
    [
        b'"v":1.00',
        b'"v":-0.0',
        b'"v":1E+2',
        b'"v":0.000001',
        b'"v":123456789012345678.90',
        b'"v":123456789012345678901234567890',
        b'"when":"2024-02-29T23:59:59.1230+05:45"',
        '"name":"Ōe Kenzaburō 大江 \U0001f9ec"'.encode(),
        rb'"text":"line\nbreak \"quoted\" \\ back"',
        b'"z":1,"a":2,"_a":{"id":"x"}',
    ],
)
async def test_bytes_come_back_as_they_went_in(store: SqlStore, content: bytes) -> None:
    resource = document.decode(b'{"resourceType":"Basic","id":"a",' + content + b"}")
    made = await store.write(1, lambda transaction: transaction.put(resource))
    read = await store.read(1, "Basic", "a")
    assert read is not None
    assert read.body == made.body
    assert read.body.endswith(b"," + content + b"}")


NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,17}", fullmatch=True)
JSON = st.recursive(
    st.booleans() | st.text() | st.integers(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.text(min_size=1).filter(lambda name: name not in ("resourceType", "id", "meta")), JSON))
def test_any_content_survives(content: dict[str, Any]) -> None:
    stamped = document.stamped({**content, "id": "a", "resourceType": "Basic"}, 1, 0)
    assert list(stamped)[:3] == ["resourceType", "id", "meta"]
    assert list(json.loads(document.encode(stamped)).items())[3:] == list(content.items())


@given(NUMBERS)
def test_any_decimal_keeps_its_digits(number: str) -> None:
    again = document.decode(document.encode(document.decode(f'{{"v":{number}}}'.encode())))
    assert again["v"].as_tuple() == Decimal(number).as_tuple()


def test_meta_has_to_be_an_object() -> None:
    with pytest.raises(Invalid) as refused:
        document.stamped({"resourceType": "Basic", "id": "a", "meta": ["x"]}, 1, 0)
    assert refused.value.issues[0].expression == ("Basic.meta",)
