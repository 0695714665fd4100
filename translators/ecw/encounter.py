"""Encounter: one visit; it comes from eCW and is not taken by it."""

from __future__ import annotations

from gateway.canonical import ACT_CODE, US_CORE
from gateway.translation.contract import RecordKind
from gateway.translation.passthrough import PassThrough
from gateway.translation.rows import Record
from translators.ecw.capabilities import CAPABILITIES
from translators.ecw.patient import ABOUT_THE_COPY

PATHS = (
    "id", "status", "class.system", "class.code", "class.display",
    "type[].coding[].system", "type[].coding[].code", "type[].coding[].display", "type[].text",
    "serviceType.coding[].system", "serviceType.coding[].code", "serviceType.coding[].display", "serviceType.text",
    "subject.reference", "subject.display", "period.start", "period.end",
    "participant[].individual.reference", "participant[].individual.display",
    "location[].location.reference", "location[].location.display", "serviceProvider.reference",
    "identifier[].system", "identifier[].value", "reasonCode[].text",
)  # fmt: skip

ENCOUNTER = PassThrough(
    "Encounter",
    CAPABILITIES["Encounter"].reading,
    search={name: name for name in CAPABILITIES["Encounter"].search},
    paths=PATHS,
)

OWNED = (
    "encounters come from eClinicalWorks, whose API has no access for creating or updating them. Change it there; the "
    "next pull brings it here"
)
"""Why nobody else may change one that eCW gave."""

EXAMPLES: tuple[Record, ...] = (
    {
        "resourceType": "Encounter",
        "id": "FFBJCDenc.0001-a_b",
        "meta": {"lastUpdated": "2026-02-03T09:00:00-05:00", "profile": [f"{US_CORE}us-core-encounter"]},
        "identifier": [{"system": "urn:oid:2.16.840.1.113883.4.391.326070.5", "value": "90001"}],
        "status": "in-progress",
        "class": {"system": ACT_CODE, "code": "AMB", "display": "ambulatory"},
        "type": [
            {
                "coding": [{"system": "http://snomed.info/sct", "code": "185317003", "display": "Telephone encounter"}],
                "text": "Telephone encounter",
            },
        ],
        "serviceType": {
            "coding": [{"system": "urn:oid:2.16.840.1.113883.4.391.326070.11", "code": "IOP", "display": "Intensive"}],
            "text": "Intensive outpatient",
        },
        "subject": {"reference": "Patient/FFBJCDz9", "display": "Bare"},
        "period": {"start": "2026-02-03T09:00:00-05:00", "end": "2026-02-03T09:30:00-05:00"},
        "participant": [{"individual": {"reference": "Practitioner/FFBJCDprac1", "display": "Dr. Sample"}}],
        "location": [{"location": {"reference": "Location/FFBJCDLoc1", "display": "Main Street"}}],
        "serviceProvider": {"reference": "Organization/FFBJCDorg1"},
        "reasonCode": [{"text": "Intake"}],
    },
    {
        "resourceType": "Encounter",
        "id": "FFBJCDenc2",
        "status": "finished",
        "class": {"system": ACT_CODE, "code": "IMP"},
        "subject": {"reference": "Patient/FFBJCDz9"},
        "period": {"start": "2025-12-01"},
    },
)  # fmt: skip

KIND = RecordKind("Encounter", frozenset({*PATHS, *ABOUT_THE_COPY}), (ENCOUNTER,), ABOUT_THE_COPY, examples=EXAMPLES)
