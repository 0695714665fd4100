"""Each primitive type with texts it takes and refuses."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.definitions.tables import Tables
from gateway.definitions.validation.findings import Scope
from gateway.definitions.validation.primitives import ADVICE, primitive_check

PATTERNS = {type: pattern for type, pattern in Tables().primitives.items() if type != "xhtml"}


def fits(type: str, value: Any) -> bool:
    return not primitive_check(type, PATTERNS[type])(value, 0, Scope())


def test_every_primitive_type_of_r4_has_its_advice() -> None:
    assert PATTERNS.keys() == ADVICE.keys()  # narratives have a check of their own


TAKEN: dict[str, list[Any]] = {
    "base64Binary": ["AAAA", "AA==", " AAAA\n"],
    "boolean": [True, False],
    "canonical": ["http://x/y|1.0", "Questionnaire/1"],
    "code": ["a", "a b"],
    "decimal": [1, Decimal("1.00"), Decimal("-1E-7"), Decimal(0)],
    "id": ["a", "A-1.b"],
    "integer": [0, -(2**31), 2**31 - 1],
    "markdown": ["# a\n\tb"],
    "oid": ["urn:oid:1.2.840", "urn:oid:2.0"],
    "positiveInt": [1],
    "string": [" a ", "é\u2028"],
    "time": ["23:59:59.5"],
    "unsignedInt": [0],
    "uri": ["urn:a", "/x"],
    "uuid": ["urn:uuid:c757873d-ec9a-4326-a141-556f43239520"],
}
REFUSED: dict[str, list[Any]] = {
    "base64Binary": ["A", "A===", "AA=", "!!!!", "é", "", "  ", 1],
    "boolean": ["true", 0, 1, Decimal(1)],
    "canonical": ["", "a b"],
    "code": ["", " a", "a ", "a  b", 1],
    "decimal": ["1", True, 1.5, Decimal("NaN"), Decimal("Infinity"), Decimal("1E+301"), 10**64, Decimal("1E-301")],
    "id": ["", "a_b", "é", "x" * 65, "a\n"],
    "integer": [Decimal(1), True, "1", 2**31],
    "markdown": ["", "\x07"],
    "oid": ["1.2.840", "urn:oid:3.1", "urn:oid:1.02"],
    "positiveInt": [0, -1],
    "string": ["", 1, "\x1f", "\udfff"],
    "time": ["24:00:00", "10:00", "10:00:00Z"],
    "unsignedInt": [-1],
    "uri": ["", "a b", "a\tb"],
    "uuid": ["urn:uuid:C757873D-EC9A-4326-A141-556F43239520", "c757873d-ec9a-4326-a141-556f43239520"],
}


@pytest.mark.parametrize(("type", "value"), [(type, value) for type, values in TAKEN.items() for value in values])
def test_taken(type: str, value: Any) -> None:
    assert fits(type, value)


@pytest.mark.parametrize(("type", "value"), [(type, value) for type, values in REFUSED.items() for value in values])
def test_refused(type: str, value: Any) -> None:
    assert not fits(type, value)


@given(st.sampled_from(sorted(PATTERNS)), st.text() | st.integers() | st.decimals() | st.booleans() | st.none())
def test_nothing_is_coerced(type: str, value: Any) -> None:
    if fits(type, value):
        expected = {"boolean": bool, "integer": int, "positiveInt": int, "unsignedInt": int}.get(type)
        assert expected is None or value.__class__ is expected
        assert isinstance(value, (str, bool, int, Decimal))
