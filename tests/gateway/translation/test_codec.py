"""Codecs: what decode makes comes back through encode, and everything else is refused politely."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.translation.codec import (
    BOOLEAN,
    CONCEPT_TEXT,
    DATE,
    EMAIL,
    INSTANT,
    INTEGER,
    INTEGER_TEXT,
    TEXT,
    Codec,
    Coded,
    Unreadable,
    codes,
    concept,
)

SYSTEM = "urn:test:relationship"
RELATIONS = (Coded("Mother", SYSTEM, "MTH", "mother"), Coded("Mom", SYSTEM, "MTH", "mother"))
KNOWN = concept(RELATIONS, back={"PRN": "Mother"}, free_text=False)
FREE = concept(RELATIONS)
SEX = codes({"M": "male", "F": "female", 9: "unknown"}, back={"other": 9})
CODECS: dict[str, Codec] = {
    "text": TEXT,
    "date": DATE,
    "instant": INSTANT,
    "boolean": BOOLEAN,
    "integer": INTEGER,
    "integer text": INTEGER_TEXT,
    "codes": SEX,
    "concept": KNOWN,
    "free concept": FREE,
    "concept text": CONCEPT_TEXT,
}
ANYTHING: st.SearchStrategy[Any] = st.one_of(
    st.text(),
    st.integers(),
    st.booleans(),
    st.none(),
    st.decimals(),
    st.dates().map(str),
    st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat()),
    st.sampled_from(["Mother", "Mom", "M", "F", 9, "2024-01-01T10:00Z", "20240101", 10**5000, "9" * 5000]),
    st.lists(st.text()),
    st.dictionaries(
        st.sampled_from(["coding", "text"]), st.text() | st.lists(st.none() | st.dictionaries(st.text(), st.text()))
    ),
)


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
@given(value=ANYTHING)
def test_decoded_values_come_back(codec: Codec, value: Any) -> None:
    try:
        decoded = codec.decode(value)
    except Unreadable:
        return
    assert codec.decode(codec.encode(decoded)) == decoded


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
@given(value=ANYTHING)
def test_whatever_a_resource_holds_is_encoded_or_refused(codec: Codec, value: Any) -> None:
    try:
        codec.encode(value)
    except Unreadable:
        return


@given(st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat(sep=" ")))
def test_instants_get_the_form_that_fhir_wants(text: str) -> None:
    decoded = INSTANT.decode(text) if re.search(r"[+-]\d\d:\d\d$", text) else "2024-01-01T00:00:00Z"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", decoded)


def test_an_instant_in_the_form_of_fhir_stays_as_written() -> None:
    assert INSTANT.decode("2024-05-06T07:08:09.10Z") == "2024-05-06T07:08:09.10Z"
    assert INSTANT.decode("2024-05-06 07:08-0500") == "2024-05-06T07:08:00-05:00"


@pytest.mark.parametrize("text", ["2024-05-06T07:08:09", "2024-02-30T00:00:00Z", "today", ""])
def test_no_instants(text: str) -> None:
    with pytest.raises(Unreadable):
        INSTANT.decode(text)


@pytest.mark.parametrize("text", ["1980", "1980-05", "05/06/1980", "1980-02-30"])
def test_no_full_dates(text: str) -> None:
    with pytest.raises(Unreadable):
        DATE.encode(text)


def test_codes_with_several_meanings_name_the_way_back() -> None:
    with pytest.raises(ValueError, match="back"):
        codes({"M": "male", "Male": "male"})
    with pytest.raises(ValueError, match="lacks"):
        codes({"M": "male"}, back={"other": "X"})
    assert codes({"M": "male", "Male": "male"}, back={"male": "Male"}).encode("male") == "Male"
    assert SEX.encode("other") == 9


def test_concepts_of_another_system_are_not_taken_for_ours() -> None:
    with pytest.raises(Unreadable):
        KNOWN.encode({"coding": [{"system": "urn:other", "code": "MTH"}]})
    assert (
        KNOWN.encode({"coding": [{"system": "urn:other", "code": "x"}, {"system": SYSTEM, "code": "PRN"}]}) == "Mother"
    )


def test_a_term_among_several_of_one_code_is_kept() -> None:
    assert KNOWN.encode(KNOWN.decode("Mom")) == "Mom"
    assert KNOWN.encode({"coding": [{"system": SYSTEM, "code": "MTH"}]}) == "Mother"


def test_unknown_terms_travel_as_text_where_allowed() -> None:
    assert FREE.decode("Aunt") == {"text": "Aunt"}
    assert FREE.encode({"text": "Aunt"}) == "Aunt"
    with pytest.raises(Unreadable):
        KNOWN.decode("Aunt")


@pytest.mark.parametrize("value", [True, Decimal("1.0"), "1", None])
def test_whole_numbers_are_nothing_else(value: Any) -> None:
    with pytest.raises(Unreadable):
        INTEGER.decode(value)


@pytest.mark.parametrize("text", ["a@b.example", "first.last+tag@mail.clinic.example"])
def test_an_address_travels_as_it_is(text: str) -> None:
    assert EMAIL.decode(text) == EMAIL.encode(text) == text


@pytest.mark.parametrize(
    "text", ["[email protected]", "a@b", "a b@c.example", "@c.example", "a@.example", "", "a@@b.example"]
)
def test_what_is_no_address_is_left_out(text: str) -> None:
    with pytest.raises(Unreadable):
        EMAIL.encode(text)
