"""Practitioner: a provider of the practice, for the list that the CRM chooses from."""

from __future__ import annotations

from gateway.canonical import US_CORE
from gateway.translation.contract import RecordKind
from gateway.translation.passthrough import PassThrough
from gateway.translation.rows import Record
from translators.ecw.capabilities import CAPABILITIES
from translators.ecw.patient import ABOUT_THE_COPY

PATHS = (
    "id", "active", "gender",
    "identifier[].system", "identifier[].value", "name[].use", "name[].text", "name[].family", "name[].given[]",
    "name[].prefix[]", "name[].suffix[]", "telecom[].system", "telecom[].value", "telecom[].use",
    "address[].line[]", "address[].city", "address[].state", "address[].postalCode",
    "qualification[].code.text",
)  # fmt: skip

PRACTITIONER = PassThrough(
    "Practitioner",
    CAPABILITIES["Practitioner"].reading,
    search={name: name for name in CAPABILITIES["Practitioner"].search},
    paths=PATHS,
)

EXAMPLES: tuple[Record, ...] = (
    {
        "resourceType": "Practitioner",
        "id": "FFBJCDprac1",
        "meta": {"lastUpdated": "2026-02-03T09:00:00-05:00", "profile": [f"{US_CORE}us-core-practitioner"]},
        "active": True,
        "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"}],
        "name": [
            {
                "use": "usual", "text": "Dr. Sam Sample, MD", "family": "Sample", "given": ["Sam"], "prefix": ["Dr."],
                "suffix": ["MD"],
            },
        ],
        "telecom": [{"system": "phone", "value": "913-555-0111", "use": "work"}],
        "address": [{"line": ["1 Main St"], "city": "Lawrence", "state": "KS", "postalCode": "66044"}],
        "gender": "male",
        "qualification": [{"code": {"text": "MD"}}],
    },
    {"resourceType": "Practitioner", "id": "FFBJCDprac2", "active": False, "name": [{"family": "Former"}]},
)  # fmt: skip

KIND = RecordKind(
    "Practitioner", frozenset({*PATHS, *ABOUT_THE_COPY}), (PRACTITIONER,), ABOUT_THE_COPY, examples=EXAMPLES
)
