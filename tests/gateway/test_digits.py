"""Decimals keep how they were written, whatever is done with the resource that they stand in."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy, deepcopy
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.digits import Written, as_written, decimal
from gateway.store import document
from tests.gateway.conftest import Fhir

ODD = ["1e3", "1E3", "0.0000001", "1.50e-7", "-0.000000000", "1.0E+2", "123456789012345678901234567890.10"]
NUMBERS = st.from_regex(
    r"-?(?:0|[1-9][0-9]{0,9})(?:\.[0-9]{1,12}(?:[eE][+-]?[0-9]{1,2})?|[eE][+-]?[0-9]{1,2})", fullmatch=True
)


@given(NUMBERS)
def test_a_document_keeps_them(text: str) -> None:
    body = b'{"resourceType":"Basic","value":%s}' % text.encode()
    assert document.encode(document.decode(body)) == body


@pytest.mark.parametrize("text", ODD)
def test_it_is_a_number_like_others(text: str) -> None:
    assert decimal(text) == Decimal(text)
    assert isinstance(decimal(text), Decimal)


def test_what_python_writes_the_same_way_needs_nothing() -> None:
    assert type(decimal("1.00")) is Decimal


@pytest.mark.parametrize("copied", [copy, deepcopy])
def test_copies_keep_it(copied: Callable[[Decimal], Decimal]) -> None:
    again = copied(decimal("1.0e3"))
    assert isinstance(again, Written)
    assert bytes(as_written(again)) == b"1.0e3"


def test_nothing_else_is_encoded() -> None:
    with pytest.raises(NotImplementedError, match="object"):
        as_written(object())


@pytest.mark.parametrize("text", ODD)
async def test_they_come_back_as_sent(client: Fhir, text: str) -> None:
    extension = b'"extension":[{"url":"urn:x","valueDecimal":%s}]' % text.encode()
    sent = b'{"resourceType":"Patient","id":"d",%s}' % extension
    put = await client.ask("PUT", "Patient/d", sent)
    assert put.status_code == 201, put.text
    for path in ("Patient/d", "Patient/d/_history", "Patient?_id=d", "Patient/d?_elements=extension"):
        assert extension in (await client.ask("GET", path)).content
    assert f'<valueDecimal value="{text}"/>' in (await client.ask("GET", "Patient/d?_format=xml")).text
    assert (await client.ask("PUT", "Patient/d", sent)).headers["etag"] == 'W/"1"'
    patched = b'[{"op":"add","path":"/active","value":true}]'
    answer = await client.ask("PATCH", "Patient/d", patched, headers={"Content-Type": "application/json-patch+json"})
    assert extension in answer.content
    xml = (await client.ask("GET", "Patient/d?_format=xml")).content
    kept = await client.ask("PUT", "Patient/d", xml, headers={"Content-Type": "application/fhir+xml"})
    assert (kept.status_code, kept.headers["etag"]) == (200, 'W/"2"')
