"""What a CRM does in these tests: takes a patient in, changes what it knows of one."""

from __future__ import annotations

from typing import Any

import httpx

from tests.blackbox.sync_world import Json, World, until

WHO = "urn:uuid:0c6c1f0e-3b5b-4e6f-9f0e-4d5a6c7b8d9e"
PHONE, MAIL = "+19135550142", "rowan@mail.example"


def created(made: World, family: str) -> str:
    """One patient by itself, without any insurance; answers the id."""
    name = {"use": "official", "family": family, "given": ["Rowan"]}
    body = {"resourceType": "Patient", "name": [name], "gender": "female", "birthDate": "1990-04-17"}
    answer = made.ask("POST", "Patient", body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def intake(clinic: World, family: str, payor: Json, **more: Any) -> str:
    """A patient and the policy that the patient told of, in one transaction; answers the patient's id."""
    patient = {
        "resourceType": "Patient",
        "name": [{"use": "official", "family": family, "given": ["Rowan"]}],
        "birthDate": "1990-04-17",
        "gender": "female",
        "telecom": [{"system": "phone", "value": PHONE, "use": "home"}, {"system": "email", "value": MAIL}],
        "address": [
            {"use": "home", "line": ["12 Sample St"], "city": "Lawrence", "state": "KS", "postalCode": "66044"}
        ],
        **more,
    }
    policy = {
        "resourceType": "Coverage",
        "status": "active",
        "beneficiary": {"reference": WHO},
        "payor": [payor],
        "subscriberId": f"M-{family}",
    }
    entries = [
        {"fullUrl": WHO, "resource": patient, "request": {"method": "POST", "url": "Patient"}},
        {"resource": policy, "request": {"method": "POST", "url": "Coverage"}},
    ]
    answer = clinic.ask("POST", body={"resourceType": "Bundle", "type": "transaction", "entry": entries})
    assert answer.status_code == 200, answer.text
    location: str = answer.json()["entry"][0]["response"]["location"]
    return location.split("Patient/")[1].partition("/")[0]


def edited(clinic: World, id: str, system: str, value: str) -> None:
    """Changes a telephone number or address: with what was read, or again."""

    def put() -> bool:
        read = clinic.ask("GET", f"Patient/{id}")
        patient = read.json()
        for telecom in patient["telecom"]:
            if telecom["system"] == system:
                telecom["value"] = value
        headers = {"If-Match": read.headers["etag"], "Authorization": read.request.headers["authorization"]}
        return httpx.put(f"{clinic.base}/Patient/{id}", json=patient, headers=headers, timeout=30).status_code == 200

    until(put)
