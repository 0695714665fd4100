"""The weights of facts: agreement adds, disagreement takes away, silence does neither."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from gateway.operations.matching.facts import facts_of
from gateway.operations.matching.weights import OTHER, SAME, TABLES, Table, compare
from tests.gateway.operations.matching.people import patients


def outcomes(one: dict[str, Any], other: dict[str, Any]) -> dict[str, str]:
    return {each.fact: each.outcome for each in compare(facts_of(one), facts_of(other))}


@pytest.mark.parametrize("table", TABLES)
def test_the_outcomes_of_a_comparison_are_all_there_are(table: Table) -> None:
    assert sum(odds.m for odds in table.values()) == pytest.approx(1)
    assert sum(odds.u for odds in table.values()) == pytest.approx(1)
    assert table[OTHER].weight < 0 < table[SAME].weight
    assert all(odds.weight > 0 for outcome, odds in table.items() if outcome != OTHER)
    assert table[SAME].weight == max(odds.weight for odds in table.values())


@given(patients(), patients())
def test_it_is_the_same_the_other_way_round(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert outcomes(one, other) == outcomes(other, one)


@given(patients())
def test_of_itself_everything_is_the_same(patient: dict[str, Any]) -> None:
    assert set(outcomes(patient, patient).values()) <= {SAME}


def name(family: str, *given_names: str) -> dict[str, Any]:
    return {"name": [{"family": family, "given": list(given_names)}]}


def identifier(system: str | None, value: str) -> dict[str, Any]:
    return {"identifier": [{"value": value} | ({"system": system} if system else {})]}


CASES: list[tuple[dict[str, Any], dict[str, Any], dict[str, str]]] = [
    (name("Smith", "William"), name("SMITH", "Bill"), {"family": "same", "given": "nickname"}),
    (name("García", "José"), name("Garcia", "Jose"), {"family": "same", "given": "same"}),
    (name("Johnson", "Maria"), name("Jonhson", "Marla"), {"family": "slip", "given": "slip"}),
    (name("Smith-Jones", "J"), name("Jones", "John"), {"family": "slip", "given": "initial"}),
    (name("Smith", "Ann", "Mary"), name("Brown", "Mary"), {"family": "other", "given": "same"}),
    (name("Smith", "Ann"), name("Smith", "Zoe"), {"family": "same", "given": "other"}),
    ({"birthDate": "1980-05-12"}, {"birthDate": "1980-12-05"}, {"birth": "slip"}),
    ({"birthDate": "1980-05-12"}, {"birthDate": "1980-05"}, {"birth": "same"}),
    ({"birthDate": "1980"}, {"birthDate": "1981-05-12"}, {"birth": "other"}),
    ({"gender": "male"}, {"gender": "unknown"}, {}),
    ({"gender": "male"}, {"gender": "female"}, {"gender": "other"}),
    (identifier("urn:a", "123-45-6789"), identifier("urn:a", "123456789"), {"identifier": "same"}),
    (identifier("urn:a", "123456789"), identifier("urn:a", "123456798"), {"identifier": "slip"}),
    (identifier("urn:a", "123456789"), identifier("urn:b", "123456789"), {}),
    (identifier(None, "77"), identifier(None, "77"), {"identifier": "same"}),
    (identifier("urn:a", "77"), identifier(None, "77"), {}),
]


@pytest.mark.parametrize(("one", "other", "expected"), CASES)
def test_outcomes(one: dict[str, Any], other: dict[str, Any], expected: dict[str, str]) -> None:
    assert outcomes(one, other) == expected


@pytest.mark.parametrize(("one", "other", "expected"), [
    ({"line": ["1 Elm St"], "postalCode": "90210"}, {"line": ["1 elm street"], "postalCode": "90210-1234"}, "same"),
    ({"line": ["1 Elm St"], "city": "Paris"}, {"line": ["1 Elm St"], "city": "Paris", "postalCode": "1"}, "same"),
    ({"line": ["2 Elm St"], "postalCode": "90210"}, {"line": ["1 Elm St"], "postalCode": "90210"}, "near"),
    ({"city": "Paris", "state": "TX"}, {"city": "Paris"}, "city"),
    ({"city": "Paris", "state": "TX"}, {"city": "Paris", "state": "ME"}, "other"),
])  # fmt: skip
def test_addresses(one: dict[str, Any], other: dict[str, Any], expected: str) -> None:
    assert outcomes({"address": [one]}, {"address": [other]}) == {"address": expected}
