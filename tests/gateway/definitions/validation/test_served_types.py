"""Valid R4 is accepted: the least resource of every served type, and the official examples where they are at hand.

    R4_EXAMPLES=PACKAGE_DIR pytest tests/gateway/definitions/validation/test_served_types.py

PACKAGE_DIR is the unpacked npm package hl7.fhir.r4.examples 4.0.1.
"""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.definitions.tables import Element, ElementType, Tables
from tests.gateway.definitions.strategies import DEFINITIONS

TABLES = Tables()
PACKAGE = Path(os.environ.get("R4_EXAMPLES", "no such folder"))
TEXT = {"text": "x"}
VALUES: dict[str, Any] = {
    "boolean": True, "code": "x", "date": "2026-01-02", "dateTime": "2026-01-02", "instant": "2026-01-02T10:00:00Z",
    "integer": 1, "positiveInt": 1, "decimal": 1, "id": "x", "markdown": "x", "string": "x",
    "uri": "https://example.org/x", "url": "https://example.org/x", "canonical": "https://example.org/x",
}  # fmt: skip
CLINICAL = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
BESIDES: dict[str, dict[str, Any]] = {
    "AllergyIntolerance": {"clinicalStatus": {"coding": [{"system": CLINICAL, "code": "active"}]}},
    "Appointment": {"participant": [{"status": "accepted", "type": [TEXT]}]},
    "Consent": {"policyRule": TEXT},
    "InsurancePlan": {"name": "x"},
    "Organization": {"name": "x"},
}
"""What invariants ask for, beyond the required elements."""


def least(name: str) -> dict[str, Any]:
    needed = [element for element in TABLES.elements(name) if element.min]
    return dict(pair(element) for element in needed)


def pair(element: Element) -> tuple[str, Any]:
    key, type = next(iter(element.names()))
    value = value_of(element, type)
    return key, [value] if element.many else value


def value_of(element: Element, type: ElementType) -> Any:
    codes = TABLES.codes.get(element.value_set)
    if codes:
        system, listed = next((system, listed) for system, listed in codes.items() if listed)
        coding = {"system": system, "code": listed[0]}
        return listed[0] if type.code == "code" else {"coding": [coding]} if type.code == "CodeableConcept" else coding
    if type.code == "Reference":
        return {"reference": f"{(*type.targets, 'Patient')[0]}/1"}
    if type.code in VALUES:
        return "text/plain" if "mimetypes" in element.value_set else VALUES[type.code]
    return least(type.code) or {"extension": [{"url": "https://example.org/x", "valueString": "x"}]}


@pytest.mark.parametrize("type", sorted(DEFINITIONS.served))
def test_the_least_resource_of_a_type(type: str) -> None:
    assert DEFINITIONS.validate({"resourceType": type, **least(type), **BESIDES.get(type, {})}) == ()


REFUSED = {
    "MedicationRequest-medrx0301": "MedicationRequest.dispenseRequest.performer.reference",  # a Practitioner
    "Observation-clinical-gender": "Observation.performer[0].reference",  # an Encounter
    "Questionnaire-qs1": "Questionnaire.item[0].item[0].linkId",  # has none
    "Questionnaire-zika-virus-exposure-assessment": "Questionnaire.text.div",  # holds white space only
    "SearchParameter-questionnaireresponse-extensions-QuestionnaireResponse-item-subject": "SearchParameter.id",
}
"""The examples that break R4, each with the place; the last one's id has 67 characters."""
NO_BASE = ("SearchParameter-codesystem-extensions-", "SearchParameter-valueset-extensions-")
"""And the SearchParameters of two sets of extensions, which lack the base."""


@pytest.mark.skipif(not PACKAGE.is_dir(), reason="no official examples; name their folder by R4_EXAMPLES")
def test_the_official_examples_of_served_types() -> None:
    decode = msgspec.json.Decoder(float_hook=Decimal).decode
    seen, refused = 0, {}
    for path in sorted(PACKAGE.glob("[A-Z]*-*.json")):
        resource = decode(path.read_bytes())
        if resource.get("resourceType") in DEFINITIONS.served:
            seen += 1
            if issues := DEFINITIONS.validate(resource):
                refused[path.stem] = issues[0].expression[0]
    assert seen > 5000
    without_base = {name: place for name, place in refused.items() if name.startswith(NO_BASE)}
    assert set(without_base.values()) == {"SearchParameter.base"}
    assert refused == {**REFUSED, **without_base}
