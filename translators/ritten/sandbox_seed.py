"""What a new sandbox has: a clinic of made-up people."""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, uuid5


def _id(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"https://ritclinic.example/{name}"))


def _patient(first: str, last: str, mrn: str, **facts: Any) -> dict[str, Any]:
    return {
        "id": _id(f"patient/{mrn}"),
        "dob": "1988-04-12",
        "createdAt": "2025-01-02T09:00:00Z",
        "mrn": mrn,
        "name": {"first": first, "last": last},
        "programs": [],
        "phones": [],
        "emails": [],
        "addresses": [],
        "diagnoses": [],
        "demographics": {},
        "referrals": [],
        "insurance": [],
        **facts,
    }


def state() -> dict[str, Any]:
    staff = [
        {"id": _id("staff/1"), "email": "dana.reed@ritclinic.example", "first": "Dana", "last": "Reed"},
        {"id": _id("staff/2"), "email": "lee.okafor@ritclinic.example", "first": "Lee", "last": "Okafor"},
    ]
    programs: list[dict[str, Any]] = [
        {
            "id": _id("program/1"),
            "name": "Residential",
            "facility": {"id": _id("facility/1")},
            "programType": "Clinical",
            "levelOfCare": ["Clinically Managed High-Intensity Residential Services (3.5)"],
            "createdAt": "2024-01-02T00:00:00Z",
        },
        {
            "id": _id("program/2"),
            "name": "Evening IOP",
            "facility": {"id": _id("facility/2")},
            "programType": "Clinical",
            "levelOfCare": ["IOP (2.1)", "Outpatient Services (1.0)"],
            "createdAt": "2024-06-02T00:00:00Z",
        },
        {
            "id": _id("program/3"),
            "name": "Alumni group",
            "facility": None,
            "programType": "Additional Service",
            "levelOfCare": ["Peer Support"],
            "createdAt": "2024-07-01T00:00:00Z",
        },
    ]
    return {
        "patients": _patients(staff, programs),
        "facilities": _facilities(),
        "payers": _payers(),
        "staff": staff,
        "programs": programs,
        "discharge_types": [
            {"id": _id("discharge/1"), "name": "Completed treatment", "dischargeType": "Treatment complete"},
            {"id": _id("discharge/2"), "name": "Left against advice", "dischargeType": "Treatment incomplete"},
        ],
        "contacts": [_mother()],
        "relationships": {_id("patient/D31EBE"): [_motherhood()]},
        "webhooks": {},
        "mints": [],
        "issued": [],
        "token": None,
    }


def _mother() -> dict[str, Any]:
    phone = {"id": _id("point/1"), "system": "PHONE", "use": "MOBILE", "value": "+17855550120", "isPrimary": True}
    return {
        "id": _id("contact/1"),
        "first": "Helen",
        "last": "Ashgrove",
        "dob": "1960-08-30",
        "createdAt": "2025-01-02T09:20:00Z",
        "contactPoints": [phone],
    }


def _motherhood() -> dict[str, Any]:
    return {
        "id": _id("relationship/1"),
        "personId": _id("contact/1"),
        "type": "Mother",
        "isEmergencyContact": True,
        "isGuarantor": False,
        "isGuardian": False,
    }


def _patients(staff: list[dict[str, Any]], programs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    stay = {
        "id": _id("stay/1"),
        "program": {"id": programs[0]["id"], "programName": programs[0]["name"], "programType": "Clinical"},
        "levelOfCare": programs[0]["levelOfCare"][0],
        "admitDate": "2025-01-06",
        "admittedByUserId": staff[0]["id"],
    }
    policy = {
        "id": _id("policy/1"),
        "payerId": _id("payer/1"),
        "orderNumber": 1,
        "memberIdentifier": "M100200300",
        "groupNumber": "GRP-204",
        "notSubscriber": False,
        "relationship": "Self",
    }
    home = {"id": _id("address/1"), "use": "HOME", "country": "US", "line": "12 Larch Road", "city": "Lawrence"}
    return [
        _patient(
            "Marian",
            "Ashgrove",
            "D31EBE",
            phones=["+17855550100"],
            emails=["marian@mail.example"],
            addresses=[home | {"region": "KS", "postalCode": "66044"}],
            demographics={"sex": "Female", "maritalStatus": "Married", "race": ["White"]},
            insurance=[policy],
            programs=[stay],
            latestClinicalProgram=stay,
            careTeam={"id": _id("team/1"), "primaryClinicianId": staff[1]["id"], "primaryClinician": staff[1]},
        ),
        _patient("Theo", "Brandt", "A77C01", phones=["+17855550107"], demographics={"sex": "Male"}),
    ]


def _facilities() -> list[dict[str, Any]]:
    address = {"id": _id("address/2"), "use": "WORK", "country": "US", "line": "400 Prairie Avenue", "city": "Lawrence"}
    return [
        {
            "id": _id("facility/1"),
            "name": "Larch House",
            "address": address | {"region": "KS", "postalCode": "66044"},
            "nationalProviderId": "1234567893",
            "phone": "+17855550160",
            "createdAt": "2024-01-01T00:00:00Z",
        },
        {"id": _id("facility/2"), "name": "Mill Street Outpatient", "createdAt": "2024-06-01T00:00:00Z"},
    ]


def _payers() -> list[dict[str, Any]]:
    return [
        {"id": _id("payer/1"), "payerIdentifier": "60054", "name": "Prairie Health", "city": "Wichita", "state": "KS"},
        {"id": _id("payer/2"), "payerIdentifier": "87726", "name": "Union Mutual"},
    ]
