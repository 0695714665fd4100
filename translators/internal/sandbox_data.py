"""What the internal API's sandbox knows when it starts: a practice's catalogues and a few synthetic patients."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

State = dict[str, Any]

_START = "2026-01-05T09:00:00.000000Z"
ENTITIES: dict[str, list[dict[str, str]]] = {
    "location": [
        {"id": "00000000-0000-4000-8000-0000000010c1", "name": "Harbor Street Clinic"},
        {"id": "00000000-0000-4000-8000-0000000010c2", "name": "Mill Road Clinic"},
    ],
    "provider": [
        {"id": "00000000-0000-4000-8000-0000000020d1", "name": "Dr. Ines Calloway"},
        {"id": "00000000-0000-4000-8000-0000000020d2", "name": "Tomas Reyl"},
    ],
    "employer": [{"id": "00000000-0000-4000-8000-0000000030e1", "name": "Quarry Lane Bakery"}],
    "billing_type": [{"id": "00000000-0000-4000-8000-0000000040b1", "name": "Standard"}],
    "fee_schedule": [{"id": "00000000-0000-4000-8000-0000000050f1", "name": "Usual and customary"}],
}
_PATIENTS: tuple[dict[str, Any], ...] = (
    {
        "id": "00000000-0000-4000-8000-0000000000a1",
        "first_name": "Beatrix",
        "last_name": "Holloway",
        "date_of_birth": "1979-04-12",
        "gender": "female",
        "pronoun": "she_her",
        "marital_status": "divorced",
        "mobile_phone": "555-010-4410",
        "email": "beatrix.holloway@example.org",
        "address_line1": "9 Cooper's Yard",
        "city": "Port Ellery",
        "state": "ME",
        "postal_code": "04099",
        "chart_number": "CH-1001",
        "status": "active",
        "allergy_review_status": "reviewed",
        "receives_sms": True,
        "location": ENTITIES["location"][0],
        "primary_provider": ENTITIES["provider"][0],
        "billing_type": ENTITIES["billing_type"][0],
    },
    {
        "id": "00000000-0000-4000-8000-0000000000a2",
        "first_name": "Rufus",
        "middle_name": "Caleb",
        "last_name": "Amberly",
        "date_of_birth": "1992-10-30",
        "gender": "male",
        "home_phone": "555-010-6632",
        "chart_number": "CH-1002",
        "status": "prospective",
        "allergy_review_status": "not_reviewed",
        "location": ENTITIES["location"][1],
    },
    {
        "id": "00000000-0000-4000-8000-0000000000a3",
        "first_name": "Noor",
        "last_name": "Tannhill",
        "date_of_birth": "2008-02-29",
        "gender": "non_binary",
        "pronoun": "they_them",
        "preferred_language": "es",
        "status": "active",
        "allergy_review_status": "nkda",
        "responsible_party": {"id": "00000000-0000-4000-8000-0000000000a1", "name": "Beatrix Holloway"},
    },
)


def starting_state() -> State:
    stamps = {"version": 1, "created_at": _START, "updated_at": _START, "deleted_at": None}
    return {
        "patients": {patient["id"]: {**stamps, **deepcopy(patient)} for patient in _PATIENTS},
        "idempotency": {},
        "entities": deepcopy(ENTITIES),
    }
