"""Synthetic relationships, programs and webhooks as Ritten's contract shapes them, for the contract suite."""

from __future__ import annotations

from typing import Any

Record = dict[str, Any]

RELATIONSHIPS: tuple[Record, ...] = (
    {
        "id": "2b5d9a61-3c0f-4e58-8c1d-6a7e4f90a001",
        "personId": "e330e20b-b075-48c2-9432-c66a75c5a001",
        "type": "Mother",
        "isEmergencyContact": True,
        "isGuarantor": True,
        "isGuardian": False,
        "person": {
            "id": "e330e20b-b075-48c2-9432-c66a75c5a001",
            "first": "Imogen",
            "middle": "Rae",
            "last": "Sample",
            "dob": "1966-09-14",
            "email": "imogen@mail.example",
            "createdAt": "2025-01-02T09:10:00Z",
            "organizations": [
                {
                    "id": "66c2350d-a532-4d19-b063-24570269a001",
                    "name": "Sunrise Recovery Center",
                    "relationshipType": "member",
                    "isPrimary": True,
                }
            ],
            "contactPoints": [
                {
                    "id": "77d0a3b2-0a11-4e3c-9e55-1b2c3d4ea001",
                    "system": "PHONE",
                    "use": "MOBILE",
                    "value": "+17855550177",
                    "valueExt": "12",
                    "isPrimary": True,
                    "notes": "after five",
                },
                {
                    "id": "77d0a3b2-0a11-4e3c-9e55-1b2c3d4ea002",
                    "system": "EMAIL",
                    "use": "PERSONAL",
                    "value": "imogen@mail.example",
                    "isPrimary": False,
                },
            ],
            "address": {
                "id": "e0a4d5c6-5b3f-4a7e-9a11-0d1c2b3ae0c1",
                "use": "HOME",
                "country": "US",
                "line": "12 Larch Road",
                "line2": "Flat 3",
                "city": "Lawrence",
                "region": "KS",
                "postalCode": "66044",
            },
        },
    },
    {
        "id": "2b5d9a61-3c0f-4e58-8c1d-6a7e4f90a002",
        "personId": "182c2e54-3494-4b85-aba5-038cf5390002",
        "type": "Godparent",
        "isGuardian": True,
        "removed": True,
        "person": {"id": "182c2e54-3494-4b85-aba5-038cf5390002", "first": "Jordan", "last": "Mockley", "mrn": "A77C01"},
    },
)
PROGRAMS: tuple[Record, ...] = (
    {
        "id": "71b9f6d4-0a53-4f0c-9d5f-4a2f0e7bb001",
        "name": "Residential",
        "facility": {"id": "3c9e7a10-4f2b-4d6c-8e5a-7b1d0c2f0001"},
        "programType": "Clinical",
        "levelOfCare": ["Clinically Managed High-Intensity Residential Services (3.5)", "Residential - General (3)"],
        "createdAt": "2024-01-01T00:00:00Z",
    },
    {
        "id": "71b9f6d4-0a53-4f0c-9d5f-4a2f0e7bb003",
        "name": "Alumni group",
        "programType": "Additional Service",
        "levelOfCare": ["Alumni"],
        "removed": True,
    },
)
WEBHOOKS: tuple[Record, ...] = (
    {"type": "patient.created", "data": {"patientId": "182c2e54-3494-4b85-aba5-038cf5390001", "mrn": "D31EBE"}},
    {
        "type": "patient.admit",
        "data": {
            "patientId": "182c2e54-3494-4b85-aba5-038cf5390001",
            "programId": "71b9f6d4-0a53-4f0c-9d5f-4a2f0e7bb001",
        },
    },
    {
        "type": "patient.transfer",
        "data": {
            "patientId": "182c2e54-3494-4b85-aba5-038cf5390001",
            "fromProgramId": "71b9f6d4-0a53-4f0c-9d5f-4a2f0e7bb001",
            "toProgramId": "71b9f6d4-0a53-4f0c-9d5f-4a2f0e7bb002",
        },
    },
    {
        "type": "case.created",
        "data": {
            "caseId": "90a1b2c3-0d4e-4f5a-8b6c-7d8e9f0aa001",
            "personSeekingTreatmentId": "182c2e54-3494-4b85-aba5-038cf5390002",
            "status": "New",
        },
    },
    {
        "type": "case.status.update",
        "data": {
            "caseId": "90a1b2c3-0d4e-4f5a-8b6c-7d8e9f0aa001",
            "personSeekingTreatmentId": "",
            "fromStatus": "New",
            "toStatus": "Qualified",
        },
    },
)
