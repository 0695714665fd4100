"""Location: a facility of the practice, for the list that the CRM chooses from."""

from __future__ import annotations

from gateway.canonical import US_CORE
from gateway.translation.contract import RecordKind
from gateway.translation.passthrough import PassThrough
from gateway.translation.rows import Record
from translators.ecw.capabilities import CAPABILITIES
from translators.ecw.patient import ABOUT_THE_COPY

PATHS = (
    "id", "status", "name", "description", "mode",
    "type[].coding[].system", "type[].coding[].code", "type[].coding[].display",
    "telecom[].system", "telecom[].value", "telecom[].use",
    "address.line[]", "address.city", "address.state", "address.postalCode", "address.country",
    "managingOrganization.reference", "managingOrganization.display", "identifier[].system", "identifier[].value",
)  # fmt: skip

LOCATION = PassThrough(
    "Location",
    CAPABILITIES["Location"].reading,
    search={name: name for name in CAPABILITIES["Location"].search},
    paths=PATHS,
)

EXAMPLES: tuple[Record, ...] = (
    {
        "resourceType": "Location",
        "id": "FFBJCDLoc1.main_street-2",
        "meta": {"lastUpdated": "2026-02-03T09:00:00-05:00", "profile": [f"{US_CORE}us-core-location"]},
        "identifier": [{"system": "urn:oid:2.16.840.1.113883.4.391.326070.9", "value": "3"}],
        "status": "active",
        "name": "Main Street",
        "description": "Main Street clinic",
        "mode": "instance",
        "type": [
            {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "OF",
                        "display": "Outpatient facility",
                    },
                ],
            },
        ],
        "telecom": [{"system": "phone", "value": "913-555-0100", "use": "work"}],
        "address": {
            "line": ["1 Main St"], "city": "Lawrence", "state": "KS", "postalCode": "66044", "country": "US",
        },
        "managingOrganization": {"reference": "Organization/FFBJCDorg1", "display": "Sample Practice"},
    },
    {"resourceType": "Location", "id": "FFBJCDLoc2", "status": "inactive", "name": "Old Town"},
)  # fmt: skip

KIND = RecordKind("Location", frozenset({*PATHS, *ABOUT_THE_COPY}), (LOCATION,), ABOUT_THE_COPY, examples=EXAMPLES)
