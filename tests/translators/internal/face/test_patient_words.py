"""Free text as searches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translators.internal.face.patient_words import MOST, birth_date, by_name_or_number, everywhere


def said(text: str) -> list[set[tuple[str, str]]]:
    """Every search has one parameter; per word, which."""
    return [{param for params in group for param in params} for group in everywhere(text)]


def test_a_word_is_looked_for_in_names_numbers_and_addresses() -> None:
    assert said("halloway") == [{("name", "halloway"), ("chart-number", "halloway"), ("email-text", "halloway")}]


def test_a_name_of_several_words_is_found_by_them() -> None:
    names = [{value for name, value in group if name == "name"} for group in said("anna van der Berg")]
    assert names == [{"anna"}, {"anna van", "van"}, {"anna van der", "van der", "der"},
                     {"anna van der Berg", "van der Berg", "der Berg", "Berg"}]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "digits"),
    [("(555) 010-4477", "5550104477"), ("+1 555 010 4477", "15550104477"), ("0104477", "0104477"), ("4477", "4477")],
)
def test_a_telephone_number_is_one_word_however_it_is_written(written: str, digits: str) -> None:
    [word] = said(written)
    assert ("phone-number:contains", digits) in word


def test_few_digits_are_the_beginning_of_a_number() -> None:
    assert ("phone-number", "555") in said("555")[0]
    assert not any(name.startswith("phone") for name, _ in said("CH-20418")[0]), "a chart number is none"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1987-11-05", "1987-11-05"),
        ("11/5/1987", "1987-11-05"),
        ("11-05-1987", "1987-11-05"),
        ("1987", "1987"),
        ("1987-11", "1987-11"),
        ("2023-02-29", None),
        ("13/05/1987", None),
        ("5124", None),
        ("0000-01-01", None),
        ("Anna", None),
    ],
)
def test_birth_dates(written: str, meant: str | None) -> None:
    assert birth_date(written) == meant
    assert {value for name, value in said(written)[0] if name == "birthdate"} == ({meant} if meant else set())


def test_a_birth_date_beside_a_number_is_a_word_of_its_own() -> None:
    assert [("birthdate", "1987-11-05") in word for word in said("20418 1987-11-05")] == [False, True]


def test_what_separates_values_in_a_search_means_itself() -> None:
    assert ("name", r"o\,brien\|x\$") in said("o,brien|x$")[0]


@given(st.text(max_size=60))
def test_any_text_is_some_words_each_with_somewhere_to_look(text: str) -> None:
    for groups in (everywhere(text), by_name_or_number(text)):
        assert bool(groups) <= bool(text.split())
        assert groups or not any(character.isalnum() for character in text)
        assert len(groups) <= MOST
        assert all(group and all(params for params in group) for group in groups)
