"""What the sandbox starts with, and how it keeps what is written: synthetic people and places only."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

Document = dict[str, Any]

MAIN = "Lt2IFR5Ah76n4d8TFP5gBCYrEVzcfmSY9rj1Q7MpBZg"
"""The one that the sample Patient of the integration's help page names."""
OLD = "FFBJCD.CYrEVzcfmSY9rj1Q7MpBZgAaBbCcDdEeFf2"
DOCTOR = "FFBJCD.pR8sTuVwXyZ0123456789abcdefghijkl-1"
PRACTICE = "FFBJCD.oRg0123456789abcdefghijklmnopqrstu-1"
PAYER = "FFBJCD.oRg0123456789abcdefghijklmnopqrstu-2"
PATIENT = "FFBJCD.pAt0123456789abcdefghijklmnopqrs_t-1"
NUMBERS = "urn:oid:2.16.840.1.113883.4.391.326070.2"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
ADDRESS = {"line": ["1 Main St"], "city": "Lawrence", "state": "KS", "postalCode": "66044"}


def start() -> Document:
    patient = {
        "resourceType": "Patient", "id": PATIENT, "active": True,
        "identifier": [{"use": "usual", "system": "urn:oid:2.16.840.1.113883.4.391.326070", "value": "walk-in-1"}],
        "name": [{"use": "usual", "family": "Walker", "given": ["Ines"]}],
        "telecom": [{"system": "phone", "value": "913-555-0177", "use": "home"}],
        "gender": "female", "birthDate": "1984-09-30",
        "address": [{"use": "home", **ADDRESS}],
    }  # fmt: skip
    documents: dict[str, list[Document]] = {
        "Patient": [settled(patient, "40000")],
        "Encounter": [new("Encounter", "FFBJCD.eNc-1", PATIENT, {})],
        "Coverage": [new("Coverage", "FFBJCD.cOv-1", PATIENT, {})],
        "Location": [
            {"resourceType": "Location", "id": MAIN, "status": "active", "name": "Main Street", "address": ADDRESS,
             "managingOrganization": {"reference": f"Organization/{PRACTICE}"}},
            {"resourceType": "Location", "id": OLD, "status": "inactive", "name": "Old Town"},
        ],
        "Practitioner": [
            {"resourceType": "Practitioner", "id": DOCTOR, "active": True,
             "name": [{"use": "usual", "family": "Sample", "given": ["Sam"]}]},
        ],
        "Organization": [
            {"resourceType": "Organization", "id": PRACTICE, "active": True, "name": "Sample Practice"},
            {"resourceType": "Organization", "id": PAYER, "active": True, "name": "Acme Health"},
        ],
    }  # fmt: skip
    return {"documents": {type: {d["id"]: d for d in listed} for type, listed in documents.items()}}


def settled(patient: Document, number: str) -> Document:
    """As eCW keeps it: with a medical record number, its own text of the name, and times of its own."""
    kept = deepcopy(patient)
    kept["meta"] = {"profile": ["http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient"]}
    kept.setdefault("active", True)
    for name in kept["name"]:
        name["text"] = f"{name.get('family', '')}, {' '.join(name.get('given', []))}"
    identifiers = [item for item in kept.get("identifier", []) if item.get("system") != NUMBERS]
    kept["identifier"] = [*identifiers, {"use": "secondary", "system": NUMBERS, "value": number}]
    return kept


def record_number(patient: Document | None) -> str | None:
    numbers = [item["value"] for item in (patient or {}).get("identifier", ()) if item.get("system") == NUMBERS]
    return numbers[0] if numbers else None


def new(type: str, id: str, patient: str, elements: Document) -> Document:
    return {"resourceType": type, "id": id, **FORMS[type](patient), **elements}


def _encounter(patient: str) -> Document:
    return {
        "status": "in-progress",
        "class": {"system": ACT, "code": "AMB", "display": "ambulatory"},
        "type": [{"text": "Office visit"}],
        "serviceType": {"coding": [{"code": "IOP", "display": "Intensive outpatient"}], "text": "Intensive outpatient"},
        "subject": {"reference": f"Patient/{patient}"},
        "period": {"start": "2026-02-03T09:00:00-06:00"},
        "participant": [{"individual": {"reference": f"Practitioner/{DOCTOR}", "display": "Sample, Sam"}}],
        "location": [{"location": {"reference": f"Location/{MAIN}", "display": "Main Street"}}],
    }


def _coverage(patient: str) -> Document:
    return {
        "status": "active",
        "subscriberId": "MEM-1001",
        "beneficiary": {"reference": f"Patient/{patient}"},
        "payor": [{"reference": f"Organization/{PAYER}", "display": "Acme Health"}],
    }


FORMS = {"Encounter": _encounter, "Coverage": _coverage}
