"""Synthetic documents as Ritten's contract shapes them, for the contract suite and the tests."""

from __future__ import annotations

from typing import Any

Record = dict[str, Any]

CLINICIAN: Record = {
    "id": "0d6bb7c3-8a9c-4e62-9a43-6c28e5f0a101",
    "email": "rowan.field@clinic.example",
    "first": "Rowan",
    "middle": "J",
    "last": "Field",
    "lastAccessedAt": "2025-03-01T08:00:00Z",
}
RESIDENTIAL: Record = {
    "id": "5a4f6e02-77b1-4b5a-8f0e-1c9b7d3ea001",
    "program": {
        "id": "71b9f6d4-0a53-4f0c-9d5f-4a2f0e7bb001",
        "programName": "Residential",
        "programType": "Clinical",
    },
    "levelOfCare": "Clinically Managed High-Intensity Residential Services (3.5)",
    "admitDate": "2025-01-06",
    "admittedByUserId": CLINICIAN["id"],
    "estimatedDischargeDate": "2025-02-05",
    "dischargeTypeId": "c3f1a2d0-3f57-4f4d-8a53-90b4a7e3c001",
    "dischargeDate": "2025-02-03",
    "transferredTo": "71b9f6d4-0a53-4f0c-9d5f-4a2f0e7bb002",
}
OUTPATIENT: Record = {
    "id": "5a4f6e02-77b1-4b5a-8f0e-1c9b7d3ea002",
    "program": {
        "id": "71b9f6d4-0a53-4f0c-9d5f-4a2f0e7bb002",
        "programName": "Evening IOP",
        "programType": "Clinical",
    },
    "levelOfCare": "IOP (2.1)",
    "admitDate": "2025-02-03T16:30:00Z",
    "admittedByUserId": CLINICIAN["id"],
    "transferredFrom": "71b9f6d4-0a53-4f0c-9d5f-4a2f0e7bb001",
}
DISCHARGE: Record = {
    "id": RESIDENTIAL["dischargeTypeId"],
    "name": "Completed treatment",
    "dischargeType": "Treatment complete",
}
OWN_POLICY: Record = {
    "id": "9e0c5b7a-2d14-4c3b-b7aa-5f1e8d2cd001",
    "payerId": "15b57ab4-9247-468e-85db-d86f78970001",
    "orderNumber": 1,
    "groupNumber": "GRP-204",
    "memberIdentifier": "M100200300",
    "rxBIN": "610014",
    "rxPCN": "MEDDPRIME",
    "rxGroup": "RX204",
    "startDate": "2025-01-01",
    "expirationDate": "2025-12-31",
    "notSubscriber": False,
    "comments": "Card seen",
    "providerPhoneNumber": "+18005550111",
    "relationship": "Self",
}
PARENTS_POLICY: Record = {
    "id": "9e0c5b7a-2d14-4c3b-b7aa-5f1e8d2cd002",
    "payerId": "15b57ab4-9247-468e-85db-d86f78970002",
    "orderNumber": 2,
    "memberIdentifier": "W55512345",
    "notSubscriber": True,
    "firstName": "Imogen",
    "lastName": "Sample",
    "address": "12 Larch Road",
    "city": "Lawrence",
    "state": "KS",
    "postalCode": "66044",
    "subscriberPhoneNumber": "+17855550123",
    "birthDate": "1966-09-14",
    "sex": "Female",
    "relationship": "The Beneficiary is a child of the Subscriber",
}
FULL: Record = {
    "id": "182c2e54-3494-4b85-aba5-038cf5390001",
    "externalId": "pat-0001",
    "dob": "1990-02-23",
    "createdAt": "2025-01-02T09:00:00Z",
    "mrn": "D31EBE",
    "name": {
        "first": "Morgan",
        "middle": "Ann Lee",
        "last": "Sample",
        "pronouns": "they/them",
        "chosenName": "Mo",
    },
    "programStatus": "active",
    "latestClinicalProgram": OUTPATIENT,
    "programs": [RESIDENTIAL, OUTPATIENT],
    "latestClinicalDischarge": DISCHARGE,
    "careTeam": {
        "id": "b5a0c9d8-11aa-4d0e-8c7f-2f6e1a9de001",
        "primaryClinicianId": CLINICIAN["id"],
        "teamUserIds": [CLINICIAN["id"]],
        "primaryClinician": CLINICIAN,
    },
    "phones": ["+17855550100", "+17855550101"],
    "emails": ["morgan@mail.example", "mo@mail.example"],
    "addresses": [
        {
            "id": "e0a4d5c6-5b3f-4a7e-9a11-0d1c2b3ae001",
            "use": "HOME",
            "country": "US",
            "line": "12 Larch Road",
            "line2": "Flat 3",
            "city": "Lawrence",
            "region": "KS",
            "postalCode": "66044",
        },
        {
            "id": "e0a4d5c6-5b3f-4a7e-9a11-0d1c2b3ae002",
            "use": "WORK",
            "country": "US",
            "line": "1 Mill Street",
            "city": "Topeka",
            "region": "KS",
            "postalCode": "66603",
        },
    ],
    "diagnoses": [{"diagnosis": "F10.20", "isPrimary": True}],
    "demographics": {
        "race": ["White", "Asian"],
        "raceOther": ["Sami"],
        "ethnicity": ["Hispanic or Latino"],
        "ethnicityOther": ["Dominican"],
        "preferredLanguage": "English",
        "sex": "Female",
        "gender": ["Genderqueer, neither exclusively male nor female", "Additional gender category, please specify."],
        "genderDetail": "two-spirit",
        "sexualOrientation": "Something else (please describe below)",
        "sexualOrientationDetail": "pansexual",
        "maritalStatus": "Unmarried",
    },
    "referrals": [
        {
            "id": "f1d2c3b4-6a5e-4c7d-8b90-1a2b3c4df001",
            "referralTypeId": "15b57ab4-9247-468e-85db-d86f7897f002",
            "organizationId": "66c2350d-a532-4d19-b063-24570269f003",
            "personId": "e330e20b-b075-48c2-9432-c66a75c5f004",
            "isPrimary": True,
        }
    ],
    "insurance": [OWN_POLICY, PARENTS_POLICY],
}
PLAIN: Record = {
    "id": "182c2e54-3494-4b85-aba5-038cf5390002",
    "dob": "1984-11-30",
    "createdAt": "2025-02-10T12:00:00Z",
    "mrn": "A77C01",
    "name": {"first": "Jordan", "last": "Mockley"},
    "programStatus": "prospective",
    "programs": [],
    "phones": [],
    "emails": ["jordan@mail.example"],
    "addresses": [],
    "demographics": {
        "race": ["Decline to Specify"],
        "ethnicity": ["Decline to Specify"],
        "preferredLanguage": "Hungarian",
        "sex": "Unknown",
        "gender": ["Decline to answer"],
        "maritalStatus": "Unknown",
    },
    "insurance": [{"id": "9e0c5b7a-2d14-4c3b-b7aa-5f1e8d2cd003", "memberIdentifier": "M9", "removed": True}],
}
PATIENTS = (FULL, PLAIN)
PATCHES: tuple[Record, ...] = (
    {name: FULL[name] for name in ("name", "dob", "demographics", "phones", "emails", "addresses", "insurance")}
    | {"externalId": "pat-0001", "ssn": "900-00-0001", "referrals": FULL["referrals"]},
)
STAYS = (
    RESIDENTIAL | {"latestClinicalDischarge": DISCHARGE, "facilityId": "3c9e7a10-4f2b-4d6c-8e5a-7b1d0c2f0001"},
    OUTPATIENT,
    {"id": "s-9", "removed": True},
)
FACILITIES: tuple[Record, ...] = (
    {
        "id": "3c9e7a10-4f2b-4d6c-8e5a-7b1d0c2f0001",
        "name": "Larch House",
        "address": {
            "id": "e0a4d5c6-5b3f-4a7e-9a11-0d1c2b3a0001",
            "use": "WORK",
            "country": "US",
            "line": "400 Prairie Avenue",
            "line2": "Building B",
            "city": "Lawrence",
            "region": "KS",
            "postalCode": "66044",
        },
        "nationalProviderId": "1234567893",
        "phone": "+17855550160",
        "createdAt": "2024-01-01T00:00:00Z",
    },
    {
        "id": "3c9e7a10-4f2b-4d6c-8e5a-7b1d0c2f0002",
        "name": "Mill Street Outpatient",
        "address": {"use": "WORK", "line": "1 Mill Street", "city": "Topeka", "region": "KS", "postalCode": "66603"},
        "phone": "+17855550161",
        "removed": True,
    },
)
PAYERS: tuple[Record, ...] = (
    {
        "id": "15b57ab4-9247-468e-85db-d86f78970001",
        "payerIdentifier": "60054",
        "payerGroupId": "15b57ab4-9247-468e-85db-d86f7897a001",
        "name": "Prairie Health",
        "address": "PO Box 100",
        "city": "Wichita",
        "state": "KS",
        "postalCode": "67201",
        "notes": "Calls before noon",
    },
    {"id": "15b57ab4-9247-468e-85db-d86f78970002", "payerIdentifier": "87726", "name": "Union Mutual", "removed": True},
)
STAFF = (CLINICIAN, {"id": "0d6bb7c3-8a9c-4e62-9a43-6c28e5f0a102", "first": "Alex", "last": "Noor"})
