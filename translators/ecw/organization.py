"""Organization: a payer, or the practice itself."""

from __future__ import annotations

from gateway.canonical import ORGANIZATION_TYPE, US_CORE
from gateway.translation.contract import RecordKind
from gateway.translation.passthrough import PassThrough
from gateway.translation.rows import Record
from translators.ecw.capabilities import CAPABILITIES
from translators.ecw.patient import ABOUT_THE_COPY

PATHS = (
    "id", "active", "name",
    "identifier[].system", "identifier[].value", "type[].coding[].system", "type[].coding[].code", "type[].text",
    "telecom[].system", "telecom[].value", "telecom[].use",
    "address[].line[]", "address[].city", "address[].state", "address[].postalCode",
)  # fmt: skip

ORGANIZATION = PassThrough(
    "Organization",
    CAPABILITIES["Organization"].reading,
    search={name: name for name in CAPABILITIES["Organization"].search},
    paths=PATHS,
)

EXAMPLES: tuple[Record, ...] = (
    {
        "resourceType": "Organization",
        "id": "FFBJCDorg2",
        "meta": {"lastUpdated": "2026-02-03T09:00:00-05:00", "profile": [f"{US_CORE}us-core-organization"]},
        "active": True,
        "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1992999759"}],
        "type": [{"coding": [{"system": ORGANIZATION_TYPE, "code": "pay"}], "text": "Payer"}],
        "name": "Acme Health",
        "telecom": [{"system": "phone", "value": "800-555-0100", "use": "work"}],
        "address": [{"line": ["PO Box 9"], "city": "Topeka", "state": "KS", "postalCode": "66601"}],
    },
    {"resourceType": "Organization", "id": "FFBJCDorg1", "name": "Sample Practice"},
)  # fmt: skip

KIND = RecordKind(
    "Organization", frozenset({*PATHS, *ABOUT_THE_COPY}), (ORGANIZATION,), ABOUT_THE_COPY, examples=EXAMPLES
)
