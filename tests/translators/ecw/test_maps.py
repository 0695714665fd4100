"""The tables of eCW: laws over the examples, accounting, and golden pairs driven in both directions."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from gateway.translation.contract import RecordKind
from gateway.translation.lens import Interaction
from gateway.translation.rows import Record
from tests.translators.ecw.world import SYSTEM, account
from translators.ecw import translator
from translators.ecw.capabilities import CAPABILITIES
from translators.ecw.patient import DEFAULT_FACILITY, PATIENT

BINDINGS = account().bindings
PAIRS = [(kind, one, other) for kind in translator.kinds for one, other in product(kind.examples, repeat=2)]


@pytest.mark.parametrize(("kind", "record", "other"), PAIRS)
def test_laws(kind: RecordKind, record: Record, other: Record) -> None:
    lens = kind.maps[0].bound(BINDINGS)
    view = lens.to_fhir(other).value
    assert lens.to_vendor(lens.to_fhir(record).value, onto=record).value == record
    put = lens.to_vendor(view, onto=record).value
    assert lens.to_fhir(put).value == view
    last = lens.to_fhir(kind.examples[-1]).value
    assert lens.to_vendor(last, onto=put).value == lens.to_vendor(last, onto=record).value


@pytest.mark.parametrize("kind", translator.kinds, ids=lambda kind: kind.name)
def test_every_leaf_is_accounted_for(kind: RecordKind) -> None:
    mapped = set(kind.maps[0].bound(BINDINGS).vendor_paths())
    assert kind.leaves == mapped | kind.ignored.keys()
    assert not mapped & kind.ignored.keys()
    shown = {leaf for example in kind.examples for leaf in _leaves(example)}
    assert shown <= kind.leaves
    assert mapped <= shown, "each leaf is exercised by some example"


def _leaves(node: Any, above: str = "") -> Iterator[str]:
    if isinstance(node, dict):
        for name, value in node.items():
            yield from _leaves(value, f"{above}.{name}" if above else name)
    elif isinstance(node, list):
        for item in node:
            yield from _leaves(item, f"{above}[]")
    else:
        yield above


GOLDEN: list[tuple[Record, dict[str, Any]]] = [
    (
        {"resourceType": "Patient", "id": "K_1", "birthDate": "1990-01-01"},
        {"resourceType": "Patient", "birthDate": "1990-01-01", "identifier": [{"system": SYSTEM, "value": "K_1"}]},
    ),
    (
        {
            "resourceType": "Patient", "id": "K",
            "identifier": [{"use": "secondary", "system": "urn:x", "value": "40017"}],
            "extension": [{"url": DEFAULT_FACILITY, "valueReference": {"reference": "Location/L"}}],
        },
        {
            "resourceType": "Patient",
            "identifier": [
                {"use": "secondary", "system": "urn:x", "value": "40017"},
                {"system": SYSTEM, "value": "K"},
                {
                    "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]},
                    "system": SYSTEM.replace("-id", "-mr"), "value": "40017",
                },
            ],
            "extension": [
                {
                    "url": "https://crosswalk.example/fhir/StructureDefinition/facility",
                    "valueReference": {"reference": "emr:Location/L"},
                },
            ],
        },
    ),
]  # fmt: skip


@pytest.mark.parametrize(("record", "resource"), GOLDEN)
def test_golden_pairs(record: Record, resource: dict[str, Any]) -> None:
    lens = PATIENT.bound(BINDINGS)
    assert lens.to_fhir(record).value == resource
    assert lens.to_vendor(resource).value == record


def test_the_facade_is_declared_as_ecw_declares_it() -> None:
    assert translator.maps.keys() == CAPABILITIES.keys()
    for type, map in translator.maps.items():
        assert map.search.keys() == CAPABILITIES[type].search.keys()
        assert {"_count", "_sort", "_lastUpdated"}.isdisjoint(map.search)
    writable = {type for type, map in translator.maps.items() if Interaction.CREATE in map.interactions}
    assert writable == {"Patient"}
    assert not writable & translator.refused.keys()


LOCAL = {
    "resourceType": "Patient",
    "name": [{"use": "official", "family": "Tester", "given": ["Rowan"]}],
    "telecom": [{"system": "phone", "value": "(913) 555-0142", "rank": 1}],
    "maritalStatus": {"coding": [{"system": "urn:m", "code": "M", "display": "wed"}], "text": "Wed"},
    "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "en"}]}}],
}
SAYS_THE_SAME = {
    "resourceType": "Patient",
    "name": [{"use": "usual", "family": "Tester", "given": ["Rowan"], "text": "Tester, Rowan"}],
    "telecom": [{"system": "phone", "value": "913-555-0142", "use": "home"}],
    "maritalStatus": {"coding": [{"system": "urn:m", "code": "M", "display": "Married"}], "text": "Married"},
    "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "ENG"}]}}],
}


def test_another_spelling_is_no_news() -> None:
    assert PATIENT.bound(BINDINGS).absorb(SAYS_THE_SAME, LOCAL).value == LOCAL


def test_an_edited_name_stays_the_official_one() -> None:
    edited = {**SAYS_THE_SAME, "name": [{"use": "usual", "family": "Newname", "given": ["Rowan"]}]}
    merged = PATIENT.bound(BINDINGS).absorb(edited, LOCAL, SAYS_THE_SAME).value
    assert merged == {**LOCAL, "name": [{"use": "official", "family": "Newname", "given": ["Rowan"]}]}
