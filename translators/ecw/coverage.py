"""Coverage: one policy; eCW gives it to read only."""

from __future__ import annotations

from gateway.canonical import COVERAGE_CLASS, SUBSCRIBER_RELATIONSHIP, US_CORE
from gateway.translation.contract import RecordKind
from gateway.translation.passthrough import PassThrough
from gateway.translation.rows import Record
from translators.ecw.capabilities import CAPABILITIES
from translators.ecw.patient import ABOUT_THE_COPY

PATHS = (
    "id", "status", "subscriberId", "order", "network", "dependent",
    "type.coding[].system", "type.coding[].code", "type.text",
    "subscriber.reference", "beneficiary.reference", "policyHolder.reference",
    "relationship.coding[].system", "relationship.coding[].code", "relationship.text",
    "period.start", "period.end", "payor[].reference", "payor[].display",
    "class[].type.coding[].system", "class[].type.coding[].code", "class[].value", "class[].name",
    "identifier[].system", "identifier[].value",
)  # fmt: skip

COVERAGE = PassThrough(
    "Coverage",
    CAPABILITIES["Coverage"].reading,
    search={name: name for name in CAPABILITIES["Coverage"].search},
    paths=PATHS,
)

OWNED = (
    "insurance is read-only from eClinicalWorks, whose API has no access for creating or updating it. Change it there; "
    "the next pull brings it here"
)
"""Why nobody else may change one that eCW gave."""

EXAMPLES: tuple[Record, ...] = (
    {
        "resourceType": "Coverage",
        "id": "FFBJCDcov1",
        "meta": {"lastUpdated": "2026-02-03T09:00:00-05:00", "profile": [f"{US_CORE}us-core-coverage"]},
        "identifier": [{"system": "urn:oid:2.16.840.1.113883.4.391.326070.7", "value": "70001"}],
        "status": "active",
        "type": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HIP"}], "text": "Plan",
        },
        "subscriber": {"reference": "Patient/FFBJCDz9"},
        "subscriberId": "MEM-1001",
        "beneficiary": {"reference": "Patient/FFBJCDz9"},
        "relationship": {"coding": [{"system": SUBSCRIBER_RELATIONSHIP, "code": "self"}], "text": "Self"},
        "period": {"start": "2026-01-01", "end": "2026-12-31"},
        "payor": [{"reference": "Organization/FFBJCDorg2", "display": "Acme Health"}],
        "class": [
            {"type": {"coding": [{"system": COVERAGE_CLASS, "code": "group"}]}, "value": "GRP-9", "name": "Group nine"},
        ],
        "order": 1,
        "network": "Acme Network",
        "dependent": "01",
        "policyHolder": {"reference": "Patient/FFBJCDz9"},
    },
    {
        "resourceType": "Coverage",
        "id": "FFBJCDcov2",
        "status": "cancelled",
        "subscriberId": "MEM-2",
        "beneficiary": {"reference": "Patient/FFBJCDz9"},
        "payor": [{"display": "Self"}],
    },
)  # fmt: skip

KIND = RecordKind("Coverage", frozenset({*PATHS, *ABOUT_THE_COPY}), (COVERAGE,), ABOUT_THE_COPY, examples=EXAMPLES)
