"""The codecs of the API's own vocabulary."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.translation.codec import Unreadable
from gateway.translation.rows import Bindings
from translators.internal.vocabulary import LANGUAGE_TERM, MARITAL, MIDDLE_NAMES, PRONOUNS, reference


@pytest.mark.parametrize(
    ("term", "tag"), [("en", "en"), ("ENG", "en"), ("Spanish", "es"), ("pt-BR", "pt-BR"), ("Martian", None)]
)
def test_languages(term: str, tag: str | None) -> None:
    coding = {"coding": [{"system": "urn:ietf:bcp:47", "code": tag}]} if tag else {}
    assert LANGUAGE_TERM.decode(term) == {**coding, "text": term}
    assert LANGUAGE_TERM.encode({**coding, "text": term}) == term


def test_a_language_without_a_fitting_text_goes_by_its_tag() -> None:
    value = {"coding": [{"system": "urn:ietf:bcp:47", "code": "es"}], "text": "Castellano"}
    assert LANGUAGE_TERM.encode(value) == "es"
    with pytest.raises(Unreadable):
        LANGUAGE_TERM.encode({"coding": [{"system": "https://other.example", "code": "es"}]})


@given(st.text(min_size=1))
def test_middle_names_say_again_what_they_were_read_as(text: str) -> None:
    names = MIDDLE_NAMES.decode(text)
    assert MIDDLE_NAMES.decode(MIDDLE_NAMES.encode(names)) == names


@pytest.mark.parametrize("codec", [MARITAL, PRONOUNS])
def test_every_term_comes_back(codec: Any) -> None:
    assert [codec.encode(codec.decode(term)) for term in codec.values] == list(codec.values)


def test_a_reference_of_another_type_does_not_travel() -> None:
    codec = reference("Location")(Bindings())
    assert codec.encode(codec.decode("a-1")) == "a-1"
    for value in ("Location/a-1", "emr:Practitioner/a-1", "emr:Location/a b", "emr:Location/"):
        with pytest.raises(Unreadable):
            codec.encode(value)
