"""What of a Patient is compared."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from gateway.operations.matching.facts import Place, facts_of
from gateway.operations.matching.nicknames import SAME_AS, nicknames
from tests.gateway.operations.matching.people import patients


def shouted(node: Any) -> Any:
    """The same words in capitals; codes and systems as they are."""
    if isinstance(node, dict):
        return {k: v if k in ("system", "gender", "resourceType", "birthDate") else shouted(v) for k, v in node.items()}
    return [shouted(each) for each in node] if isinstance(node, list) else node.upper()


@given(patients())
def test_case_does_not_matter(patient: dict[str, Any]) -> None:
    assert facts_of(shouted(patient)) == facts_of(patient)


def test_accents_and_punctuation_do_not_matter() -> None:
    one = {
        "name": [{"family": "O'Neill-Muñoz", "given": ["José"]}],
        "address": [{"line": ["12 Elm St."], "city": "San José"}],
    }
    other = {
        "name": [{"family": "ONEILL MUNOZ", "given": ["jose"]}],
        "address": [{"line": ["12 elm street"], "city": "san jose"}],
    }
    assert facts_of(one) == facts_of(other)


@pytest.mark.parametrize("text", ["(555) 010-4477", "555.010.4477", "+1 555 010 4477", "15550104477"])
def test_numbers_are_digits(text: str) -> None:
    assert facts_of({"telecom": [{"system": "phone", "value": text}]}).phones == {"5550104477"}


def test_a_name_that_is_not_divided() -> None:
    facts = facts_of({"name": [{"text": "Mary Ann Example"}]})
    assert facts.families == {"example"}
    assert facts.givens == {"mary", "ann"}


def test_several_given_names_in_one_text() -> None:
    assert facts_of({"name": [{"given": ["Mary Ann"]}]}).givens == {"maryann", "mary", "ann"}


def test_what_says_nothing_is_left_out() -> None:
    empty = {
        "name": [{"family": "-"}],
        "telecom": [{"system": "phone", "value": "911"}, {"system": "fax", "value": "5550104477"}],
        "identifier": [{"system": "urn:x"}, {"use": "old", "value": "7"}],
        "address": [{"state": "CA"}],
        "gender": "unknown",
    }
    assert facts_of(empty).is_empty
    assert facts_of(empty).places == frozenset()


def test_an_address() -> None:
    given_address = {
        "line": ["1 North Main Street", "Apartment 4"],
        "postalCode": "02139-1234",
        "city": "St. Paul",
        "state": "MN",
    }
    assert facts_of({"address": [given_address]}).places == {Place("1 n main st apt 4", "02139", "stpaul", "mn")}


def test_what_the_record_says_of_itself() -> None:
    facts = facts_of({"active": False, "deceasedDateTime": "2024", "link": [{"type": "replaced-by", "other": {}}]})
    assert (facts.active, facts.deceased, facts.replaced) == (False, True, True)
    facts = facts_of({"deceasedBoolean": False, "link": [{"type": "seealso", "other": {}}]})
    assert (facts.active, facts.deceased, facts.replaced) == (True, False, False)


def test_nicknames_go_both_ways() -> None:
    assert "bill" in nicknames("william")
    assert all(name in nicknames(other) for name in SAME_AS for other in nicknames(name))
    assert nicknames("zebedee") == frozenset()
