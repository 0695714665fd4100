"""The laws of lens.py for maps that pass FHIR through, and the three-way merge under `absorb`."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.translation.lens import Interaction
from gateway.translation.news import says, with_news
from gateway.translation.passthrough import PassThrough
from gateway.translation.rows import Bindings, Way

THEIRS, OURS = "http://vendor.example/facility", "https://ours.example/facility"
BINDINGS = Bindings({"id": "urn:conn:id", "mr": "urn:conn:mr"})
WRITABLE = frozenset({Interaction.READ, Interaction.UPDATE})
PATIENT = PassThrough("Patient", WRITABLE, extensions={THEIRS: OURS}, choices=("deceased",))
LENS = PATIENT.bound(BINDINGS)

words = st.text("abc ", min_size=1, max_size=5)
references = st.builds(
    "{}/{}".format, st.sampled_from(["Location", "Patient"]), st.text("ab1._-", min_size=1, max_size=4)
)
extensions = st.one_of(
    st.fixed_dictionaries({"url": st.just(THEIRS), "valueReference": st.fixed_dictionaries({"reference": references})}),
    st.fixed_dictionaries({"url": words, "valueString": words}),
)
telecoms = st.fixed_dictionaries(
    {"system": st.sampled_from(["phone", "email"]), "value": words}, optional={"use": st.sampled_from(["home", "work"])}
)
records = st.fixed_dictionaries(
    {"resourceType": st.just("Patient"), "id": st.text("abc._-", min_size=1, max_size=5)},
    optional={
        "meta": st.fixed_dictionaries({"versionId": words}),
        "text": st.fixed_dictionaries({"status": st.just("generated"), "div": words}),
        "birthDate": st.dates().map(str),
        "active": st.booleans(),
        "identifier": st.lists(st.fixed_dictionaries({"system": words, "value": words}), min_size=1, max_size=2),
        "telecom": st.lists(telecoms, min_size=1, max_size=3),
        "extension": st.lists(extensions, min_size=1, max_size=2),
        "managingOrganization": st.fixed_dictionaries({"reference": references}),
    },
)


@given(records)
def test_get_put(record: dict[str, Any]) -> None:
    assert LENS.to_vendor(LENS.to_fhir(record).value, onto=record).value == record


@given(records, records)
def test_put_get(record: dict[str, Any], other: dict[str, Any]) -> None:
    view = LENS.to_fhir(other).value
    assert LENS.to_fhir(LENS.to_vendor(view, onto=record).value).value == view


@given(records, records, records)
def test_put_put(record: dict[str, Any], first: dict[str, Any], second: dict[str, Any]) -> None:
    one, two = LENS.to_fhir(first).value, LENS.to_fhir(second).value
    assert LENS.to_vendor(two, onto=LENS.to_vendor(one, onto=record).value).value == LENS.to_vendor(two, record).value


@given(records, records)
def test_absorb_of_nothing_new_changes_nothing(record: dict[str, Any], local: dict[str, Any]) -> None:
    assert LENS.absorb(record, local, base=record).value == local


@given(records)
def test_absorb_is_idempotent(record: dict[str, Any]) -> None:
    once = LENS.absorb(record, {"resourceType": "Patient", "id": "x", "language": "en"}).value
    assert LENS.absorb(record, once).value == once


@given(records, records)
def test_absorb_follows_the_vendor_when_nobody_else_wrote(base: dict[str, Any], record: dict[str, Any]) -> None:
    old, new = LENS.to_fhir(base).value, LENS.to_fhir(record).value
    merged = LENS.absorb(record, old, base=base).value
    assert says(merged, new)
    assert says(new, merged)


@given(records, records)
def test_arguments_are_left_alone(record: dict[str, Any], local: dict[str, Any]) -> None:
    before = deepcopy((record, local))
    LENS.absorb(record, local)
    LENS.to_vendor(local, onto=record)
    LENS.to_fhir(record)
    assert (record, local) == before


def test_what_is_the_vendors_own() -> None:
    record = {
        "resourceType": "Patient", "id": "K", "meta": {"versionId": "3"},
        "extension": [{"url": THEIRS, "valueReference": {"reference": "Location/L"}}],
    }  # fmt: skip
    assert LENS.to_fhir(record).value == {
        "resourceType": "Patient",
        "extension": [{"url": OURS, "valueReference": {"reference": "emr:Location/L"}}],
        "identifier": [{"system": "urn:conn:id", "value": "K"}],
    }


CASES = [
    ("an edit takes the place of what it was",
     [{"use": "home", "value": "1", "rank": 1}], [{"use": "home", "value": "1"}], [{"use": "home", "value": "2"}],
     [{"use": "home", "value": "2", "rank": 1}]),
    ("ours that says it already, with more words, stays",
     [{"use": "home", "value": "1", "rank": 1}], [], [{"use": "home", "value": "1"}],
     [{"use": "home", "value": "1", "rank": 1}]),
    ("what the vendor took away goes, what only we have stays",
     [{"use": "home", "value": "1"}, {"use": "work", "value": "9"}], [{"use": "home", "value": "1"}], [],
     [{"use": "work", "value": "9"}]),
    ("what came is added",
     [{"use": "work", "value": "9"}], [], [{"use": "home", "value": "1"}],
     [{"use": "work", "value": "9"}, {"use": "home", "value": "1"}]),
    ("without history the element of the same key is replaced",
     [{"use": "home", "value": "1"}], [], [{"use": "home", "value": "2"}],
     [{"use": "home", "value": "2"}]),
    ("but never two by one",
     [{"use": "home", "value": "1"}], [], [{"use": "home", "value": "2"}, {"use": "home", "value": "3"}],
     [{"use": "home", "value": "1"}, {"use": "home", "value": "2"}, {"use": "home", "value": "3"}]),
    ("an element whose reference became ours is found by its place",
     [{"individual": {"reference": "Practitioner/local"}}], [{"individual": {"reference": "emr:Practitioner/1"}}],
     [{"individual": {"reference": "emr:Practitioner/2"}}], [{"individual": {"reference": "emr:Practitioner/2"}}]),
]  # fmt: skip


@pytest.mark.parametrize(("ours", "old", "new", "expected"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_lists(ours: list[Any], old: list[Any], new: list[Any], expected: list[Any]) -> None:
    assert with_news({"x": ours}, {"x": old} if old else {}, {"x": new} if new else {}) == {"x": expected}


def test_order_of_plain_values_is_news() -> None:
    old, new = {"name": [{"given": ["Ann", "Lee"]}]}, {"name": [{"given": ["Lee", "Ann"]}]}
    assert with_news(old, old, new) == new


@pytest.mark.parametrize(("keep", "expected"), [(False, "theirs"), (True, "mine")])
def test_conflicts(keep: bool, expected: str) -> None:
    base = {"resourceType": "Patient", "id": "K", "language": "old", "telecom": [{"use": "home", "value": "old"}]}
    record = base | {"language": "theirs", "telecom": [{"use": "home", "value": "theirs"}]}
    local = {"resourceType": "Patient", "language": "mine", "telecom": [{"use": "home", "value": "mine"}]}
    merged = LENS.absorb(record, local, base, keep_local=keep).value
    assert (merged["language"], merged["telecom"]) == (expected, [{"use": "home", "value": expected}])


@pytest.mark.parametrize(("keep", "expected"), [(False, "deceasedDateTime"), (True, "deceasedBoolean")])
def test_a_choice_has_one_variant(keep: bool, expected: str) -> None:
    record = {"resourceType": "Patient", "deceasedDateTime": "2026-01-01"}
    merged = LENS.absorb(record, {"resourceType": "Patient", "deceasedBoolean": False}, keep_local=keep).value
    assert [name for name in merged if name.startswith("deceased")] == [expected]


def test_what_is_only_read_is_wholly_unmapped() -> None:
    coverage = PassThrough("Coverage", frozenset({Interaction.READ}))
    assert coverage.ways() is Way.READ
    assert [left.expression for left in coverage.bound(BINDINGS).unmapped({"resourceType": "Coverage"})] == ["Coverage"]
    assert LENS.unmapped({"resourceType": "Patient", "active": True}) == ()


def test_extensions_are_one_to_one() -> None:
    with pytest.raises(ValueError, match="one canonical URL"):
        PassThrough("Patient", WRITABLE, extensions={"a": OURS, "b": OURS})
