"""The Patient that a CRM sends to an EMR: a synthetic person in the shape of the eCW interface's transaction Bundle."""

from __future__ import annotations

from typing import Any

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
TERMS = "http://terminology.hl7.org/CodeSystem/"
CDC = "urn:oid:2.16.840.1.113883.6.238"


def coded(url: str, system: str, code: str, display: str) -> dict[str, Any]:
    return {"url": url, "valueCoding": {"system": system, "code": code, "display": display}}


def concept(system: str, code: str, text: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": text}], "text": text}


PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "meta": {"profile": [f"{US_CORE}us-core-patient"]},
    "active": True,
    "name": [{"text": "Ada", "family": "Example", "given": ["Ada"]}],
    "maritalStatus": concept(f"{TERMS}v3-MaritalStatus", "M", "Married"),
    "telecom": [
        {"system": "phone", "value": "5550100123", "use": "home"},
        {"system": "email", "value": "ada@example.org", "use": "home"},
    ],
    "address": [
        {"use": "home", "line": ["1 Example Street", "Flat 2"], "city": "Example", "state": "KS", "postalCode": "66044"}
    ],
    "deceasedBoolean": False,
    "identifier": [{"use": "usual", "system": "urn:oid:2.16.840.1.113883.4.391.1", "value": "Ab1CdE2fGh3"}],
    "communication": [{"language": concept("urn:ietf:bcp:47", "en", "English"), "preferred": True}],
    "gender": "female",
    "birthDate": "2001-02-03",
    "extension": [
        {
            "url": f"{US_CORE}us-core-ethnicity",
            "extension": [
                coded("detailed", CDC, "2184-0", "Dominican"),
                coded("ombCategory", CDC, "2135-2", "Hispanic or Latino"),
                {"url": "text", "valueString": "Hispanic or Latino"},
            ],
        },
        {
            "url": f"{US_CORE}us-core-race",
            "extension": [
                coded("ombCategory", f"{TERMS}v3-NullFlavor", "ASKU", "Declined to Specify"),
                {"url": "text", "valueString": "Declined to Specify"},
            ],
        },
        {"url": f"{US_CORE}us-core-birthsex", "valueCode": "F"},
        {
            "url": "http://eclinicalworks.com/supportingInfo/defaultFacility",
            "valueReference": {"reference": "Location/Ab1CdE2fGh3IjK4"},
        },
    ],
}


def bundle_of(count: int) -> dict[str, Any]:
    """A transaction of so many Patients, each a person of its own."""
    entries = [
        {
            "resource": {**PATIENT, "identifier": [{**PATIENT["identifier"][0], "value": f"Ab1CdE2fGh{number}"}]},
            "request": {"method": "POST", "url": "Patient"},
        }
        for number in range(count)
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}
