"""One synthetic instance for each US Core profile that the gateway maps to, with all that the profile requires."""

from __future__ import annotations

from typing import Any

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
TERMS = "http://terminology.hl7.org/CodeSystem/"
CDC = "urn:oid:2.16.840.1.113883.6.238"
PATIENT = {"reference": "Patient/1"}
PRACTITIONER = {"reference": "Practitioner/1"}


def concept(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}], "text": code}


def claiming(profile: str, resource_type: str, /, **elements: Any) -> dict[str, Any]:
    return {"resourceType": resource_type, "meta": {"profile": [US_CORE + profile]}, **elements}


def race(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"url": f"{US_CORE}us-core-race", "extension": list(parts)}


WHITE = {"url": "ombCategory", "valueCoding": {"system": CDC, "code": "2106-3"}}
TEXT = {"url": "text", "valueString": "White"}


def measured(code: str, value: int) -> dict[str, Any]:
    quantity = {"value": value, "unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"}
    return {"code": concept("http://loinc.org", code), "valueQuantity": quantity}


INSTANCES: dict[str, dict[str, Any]] = {
    "us-core-patient": claiming(
        "us-core-patient", "Patient", identifier=[{"system": "https://crm.example/id", "value": "1"}],
        name=[{"family": "Example", "given": ["Ada"]}], telecom=[{"system": "phone", "value": "555-0100"}],
        gender="female", communication=[{"language": concept("urn:ietf:bcp:47", "en")}],
        extension=[race(WHITE, TEXT), {"url": f"{US_CORE}us-core-birthsex", "valueCode": "F"}],
    ),
    "us-core-coverage": claiming(
        "us-core-coverage", "Coverage", status="active", beneficiary=PATIENT, subscriberId="M1",
        relationship=concept(f"{TERMS}subscriber-relationship", "self"), payor=[{"reference": "Organization/1"}],
        **{"class": [{"type": concept(f"{TERMS}coverage-class", "group"), "value": "G1"}]},
    ),
    "us-core-encounter": claiming(
        "us-core-encounter", "Encounter", status="in-progress", type=[{"text": "Residential"}], subject=PATIENT,
        **{"class": {"system": f"{TERMS}v3-ActCode", "code": "IMP"}},
        location=[{"location": {"reference": "Location/1"}}],
    ),
    "us-core-location": claiming("us-core-location", "Location", name="North house"),
    "us-core-practitioner": claiming(
        "us-core-practitioner", "Practitioner", name=[{"family": "Example"}],
        identifier=[{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"}],
    ),
    "us-core-practitionerrole": claiming(
        "us-core-practitionerrole", "PractitionerRole", practitioner=PRACTITIONER,
        telecom=[{"system": "phone", "value": "555-0101"}],
    ),
    "us-core-organization": claiming("us-core-organization", "Organization", active=True, name="Example Clinic"),
    "us-core-relatedperson": claiming(
        "us-core-relatedperson", "RelatedPerson", active=True, patient=PATIENT, name=[{"family": "Example"}]
    ),
    "us-core-servicerequest": claiming(
        "us-core-servicerequest", "ServiceRequest", status="active", intent="order", subject=PATIENT,
        code={"text": "Referral"},
    ),
    "us-core-allergyintolerance": claiming(
        "us-core-allergyintolerance", "AllergyIntolerance", patient=PATIENT, code={"text": "Penicillin"},
        clinicalStatus=concept(f"{TERMS}allergyintolerance-clinical", "active"),
    ),
    "us-core-condition-problems-health-concerns": claiming(
        "us-core-condition-problems-health-concerns", "Condition", subject=PATIENT, code={"text": "Example"},
        category=[concept(f"{TERMS}condition-category", "problem-list-item")],
        clinicalStatus=concept(f"{TERMS}condition-clinical", "active"),
    ),
    "us-core-medicationrequest": claiming(
        "us-core-medicationrequest", "MedicationRequest", status="active", intent="order", subject=PATIENT,
        requester=PRACTITIONER, medicationCodeableConcept={"text": "Example"},
    ),
    "us-core-vital-signs": claiming(
        "us-core-vital-signs", "Observation", status="final", subject=PATIENT, effectiveDateTime="2026-01-02",
        category=[concept(f"{TERMS}observation-category", "vital-signs")], code=concept("http://loinc.org", "8310-5"),
        valueQuantity={"value": 37, "unit": "C", "system": "http://unitsofmeasure.org", "code": "Cel"},
    ),
    "us-core-blood-pressure": claiming(
        "us-core-blood-pressure", "Observation", status="final", subject=PATIENT, effectiveDateTime="2026-01-02",
        category=[concept(f"{TERMS}observation-category", "vital-signs")], code=concept("http://loinc.org", "85354-9"),
        component=[measured("8480-6", 120), measured("8462-4", 80)],
    ),
}  # fmt: skip
