"""The invariants of US Core and of R4's vital signs: each kept by one value and broken by another."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.definitions.profiles.rules import ABSENT, NDC, RULES, SNOMED, UCUM

MEMBER = {"type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MB"}]}}
ITEM = {"linkId": "1", "answer": [{"valueString": "x"}]}


def coded(system: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": "x"}]}


CASES: dict[str, list[tuple[Any, Any]]] = {
    "us-core-1": [("2026-01-02", "2026-01"), ({"start": "2026"}, "2026")],
    "us-core-2": [({"valueString": "x"}, {}), ({"component": [{}]}, {})],
    "us-core-3": [({"valueQuantity": {"system": UCUM}}, {"valueQuantity": {"system": "urn:x"}})],
    "us-core-4": [({"valueCodeableConcept": coded(SNOMED)}, {"valueCodeableConcept": coded("urn:x")})],
    "us-core-5": [({"vaccineCode": coded("http://hl7.org/fhir/sid/cvx")}, {"vaccineCode": coded(NDC)})],
    "us-core-6": [
        ({"family": "x"}, {"text": "x"}),
        ({"extension": [{"url": ABSENT}]}, {"family": "x", "extension": [{"url": ABSENT}]}),
        ({"url": "https://example.org"}, {}),
    ],
    "us-core-7": [({"status": "completed", "performedDateTime": "2026"}, {"status": "completed"})],
    "us-core-8": [({"status": "final", "effectiveDateTime": "2026"}, {"status": "final"})],
    "us-core-9": [({"status": "final", "issued": "2026-01-02T10:00:00Z"}, {"status": "final"})],
    "us-core-10": [({"status": "registered"}, {"status": "final"})],
    "us-core-13": [({"practitioner": {}}, {"telecom": []})],
    "us-core-14": [({"relationship": []}, {"active": True})],
    "us-core-15": [({"subscriberId": "1"}, {"identifier": [{}]}), ({"identifier": [MEMBER]}, {})],
    "us-core-16": [({"value": "1234567893"}, {"value": "123"})],
    "us-core-17": [
        ({"value": "1234567893"}, {"value": "1234567890"}),
        ({"value": "1679576722"}, {"value": "1679576723"}),
    ],
    "us-core-18": [({"value": "12D3456789"}, {"value": "1234567890"})],
    "us-core-19": [({"value": "12345"}, {"value": "1234"})],
    "us-core-20": [({"status": "completed", "whenHandedOver": "2026"}, {"status": "completed"})],
    "us-core-21": [
        ({"intent": "order", "requester": {}}, {"intent": "order"}),
        ({"intent": "plan"}, {"intent": "reflex-order"}),
    ],
    "vs-1": [("2026-01-02", "2026")],
    "vs-2": [({"valueString": "x"}, {})],
    "vs-3": [({"dataAbsentReason": {}}, {})],
    "pd-1": [({"telecom": []}, {})],
    "provenance-1": [
        ({"who": {"reference": "Practitioner/1"}, "onBehalfOf": {}}, {"who": {"reference": "Practitioner/1"}}),
        ({"who": {"reference": "Organization/1"}}, {"who": {"type": "Device"}}),
    ],
    "sdcqr-1": [({"subject": {}}, {})],
    "sdcqr-2": [({"item": [ITEM, {**ITEM, "linkId": "2"}]}, {"item": [{"linkId": "3", "item": [ITEM, ITEM]}]})],
}  # fmt: skip


def test_every_rule_has_its_case() -> None:
    assert CASES.keys() == RULES.keys()


@pytest.mark.parametrize(
    ("key", "kept", "broken"), [(key, *pair) for key, pairs in CASES.items() for pair in pairs]
)  # fmt: skip
def test_kept_and_broken(key: str, kept: Any, broken: Any) -> None:
    assert RULES[key].holds(kept)
    assert not RULES[key].holds(broken)
    assert key in RULES[key].advice
