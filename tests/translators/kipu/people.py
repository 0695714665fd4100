"""A chart as a CRM writes it; nobody of that name lives."""

from __future__ import annotations

from typing import Any

from gateway.canonical import COVERAGE_CLASS, MARITAL_STATUS, extension_url
from gateway.translation.contract import Chart

SYSTEM = "https://gw.example/fhir/r4/demo/NamingSystem/kipu-id"
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p-1",
    "active": True,
    "deceasedBoolean": False,
    "name": [
        {"text": "Test1 Test2", "family": "Test2", "given": ["Test1"]},
        {"use": "nickname", "given": ["TJ"]},
    ],
    "birthDate": "2000-01-01",
    "gender": "male",
    "maritalStatus": {"coding": [{"system": MARITAL_STATUS, "code": "S", "display": "Never Married"}]},
    "telecom": [
        {"system": "phone", "use": "mobile", "value": "+15131234567"},
        {"system": "phone", "use": "home", "value": "+15133206417"},
        {"system": "email", "value": "test1@example.org"},
    ],
    "address": [
        {
            "use": "home",
            "line": ["123 Oak St", "Unit B"],
            "city": "Middletown",
            "state": "OH",
            "postalCode": "45044",
            "country": "US",
        }
    ],
    "extension": [
        {
            "url": extension_url("first-contact"),
            "extension": [
                {"url": "name", "valueString": "Dazos Main Line"},
                {"url": "information", "valueString": "Phone Inquiry"},
                {"url": "relationship", "valueString": "Self"},
            ],
        }
    ],
    "contact": [
        {
            "relationship": [{"text": "Mother"}],
            "name": {"given": ["Jane"], "family": "Doe"},
            "telecom": [{"system": "phone", "value": "555-123-4567"}],
        }
    ],
}
ENCOUNTER: dict[str, Any] = {
    "resourceType": "Encounter",
    "id": "e-1",
    "status": "planned",
    "class": {"code": "IMP"},
    "subject": {"reference": "Patient/p-1"},
    "period": {"start": "2026-04-16T00:00:00-07:00"},
    "hospitalization": {"origin": {"reference": "Organization/o-1"}},
}
COVERAGE: dict[str, Any] = {
    "resourceType": "Coverage",
    "id": "c-1",
    "status": "active",
    "beneficiary": {"reference": "Patient/p-1"},
    "subscriberId": "A123456789",
    "class": [{"type": {"coding": [{"system": COVERAGE_CLASS, "code": "group"}]}, "value": "GR987654321"}],
    "payor": [{"reference": "Organization/o-2"}],
}
REFERRER: dict[str, Any] = {
    "resourceType": "Organization",
    "id": "o-1",
    "name": "Recovery in the Ocean",
    "identifier": [{"system": SYSTEM, "value": "11"}],
}
PAYER: dict[str, Any] = {
    "resourceType": "Organization",
    "id": "o-2",
    "name": "Blue Test",
    "telecom": [{"system": "phone", "value": "800-555-0101"}],
}


def chart(
    patient: dict[str, Any] = PATIENT,
    encounters: tuple[dict[str, Any], ...] = (ENCOUNTER,),
    coverages: tuple[dict[str, Any], ...] = (COVERAGE,),
    **more: tuple[dict[str, Any], ...],
) -> Chart:
    resources = {"Encounter": encounters, "Coverage": coverages, **more}
    return Chart(
        patient,
        {type: found for type, found in resources.items() if found},
        {"Organization/o-1": REFERRER, "Organization/o-2": PAYER},
    )
