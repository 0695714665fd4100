"""Scores and grades, and the laws that they keep."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.operations.matching.facts import facts_of
from gateway.operations.matching.grades import Verdict, judged
from gateway.operations.matching.weights import compare
from tests.gateway.operations.matching.people import identifiers, patients


def verdict(one: dict[str, Any], other: dict[str, Any]) -> Verdict:
    return judged(facts_of(one), facts_of(other))


@given(patients(whole=True))
def test_a_patient_matches_itself_certainly(patient: dict[str, Any]) -> None:
    assert verdict(patient, patient).grade == "certain"
    assert verdict(patient, patient).score > 0.999


@given(patients(), identifiers)
def test_so_does_one_with_an_identifier_alone(patient: dict[str, Any], identifier: dict[str, Any]) -> None:
    known = patient | {"identifier": [identifier]}
    assert verdict(known, known).grade == "certain"


@given(patients(), patients())
def test_scores_are_between_none_and_all_and_the_same_both_ways(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert 0 <= verdict(one, other).score <= 1
    assert verdict(one, other).weight == pytest.approx(verdict(other, one).weight)


@given(patients(whole=True), patients(), st.data())
def test_fewer_agreeing_facts_never_raise_the_score(one: dict[str, Any], other: dict[str, Any], data: Any) -> None:
    """Of what both have, some is the same; what is then left out of the question is one of these."""
    shared = data.draw(st.sets(st.sampled_from(sorted(set(one) - {"resourceType"})), min_size=1))
    stored = other | {name: one[name] for name in shared}
    dropped = data.draw(st.sampled_from(sorted(shared)))
    less = {name: value for name, value in one.items() if name != dropped}
    assert verdict(less, stored).weight <= verdict(one, stored).weight
    assert verdict(less, stored).score <= verdict(one, stored).score


SMITH = {"name": [{"family": "Smith", "given": ["John"]}], "birthDate": "1980-05-12", "gender": "male"}
HOME = {
    "address": [{"line": ["1 Elm St"], "postalCode": "90210"}],
    "telecom": [{"system": "phone", "value": "5550104477"}],
}
NUMBER = {"identifier": [{"system": "urn:mrn", "value": "MR-1"}]}


@pytest.mark.parametrize(("one", "other", "grade"), [
    (SMITH, SMITH, "certain"),
    (SMITH, SMITH | {"birthDate": "1980-12-05"}, "probable"),
    (SMITH | HOME, SMITH | HOME | {"birthDate": "1980-12-05"}, "certain"),
    (SMITH, SMITH | {"name": [{"family": "Smith", "given": ["Johnny"]}]}, "probable"),
    (SMITH, SMITH | {"gender": "unknown"}, "probable"),
    ({"name": SMITH["name"]}, SMITH, "possible"),
    ({"birthDate": "1980-05-12"}, SMITH, "possible"),
    ({"gender": "male"}, SMITH, "certainly-not"),
    (SMITH, {"name": [{"family": "Brown", "given": ["Ann"]}], "birthDate": "1971-01-30"}, "certainly-not"),
    (NUMBER, SMITH | NUMBER, "certain"),
])  # fmt: skip
def test_grades(one: dict[str, Any], other: dict[str, Any], grade: str) -> None:
    assert verdict(one, other).grade == grade


@pytest.mark.parametrize(("changed", "reason"), [
    ({"name": [{"family": "Smith", "given": ["Peter"]}]}, "another given"),
    ({"birthDate": "2004-02-01"}, "another birth"),
    ({"active": False}, "it is not active"),
    ({"deceasedBoolean": True}, "only one of both says that the patient has died"),
    ({"link": [{"type": "replaced-by", "other": {"reference": "Patient/1"}}]}, "it was replaced by another record"),
])  # fmt: skip
def test_what_keeps_a_match_from_being_certain(changed: dict[str, Any], reason: str) -> None:
    """Twins among them: all is the same but the given name."""
    known = SMITH | HOME | NUMBER
    found = verdict(known, known | changed)
    assert (found.grade, found.held) == ("probable", reason)
    assert found.score < verdict(known, known).score


def test_who_died_is_certainly_who_died() -> None:
    gone = SMITH | {"deceasedDateTime": "2024-01-01", "active": False}
    assert verdict(gone, gone).grade == "certain"


def test_silence_weighs_nothing() -> None:
    assert compare(facts_of({}), facts_of(SMITH)) == []
    assert verdict({}, SMITH).weight == 0
