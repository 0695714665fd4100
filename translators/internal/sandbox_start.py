"""What the practice of the sandbox knows when it starts: its catalogues, and a few synthetic patients.

The patients are written in the API's terms and made FHIR by the very table that the face reads them with.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.canonical import extension_url
from gateway.translation.rows import Record, Resource
from translators.internal.entity import CATALOGUE
from translators.internal.face.bindings import FACE
from translators.internal.patient import PATIENT

HARBOR = {"id": "00000000-0000-4000-8000-0000000010c1", "name": "Harbor Street Clinic"}
MILL_ROAD = {"id": "00000000-0000-4000-8000-0000000010c2", "name": "Mill Road Clinic"}
CALLOWAY = {"id": "00000000-0000-4000-8000-0000000020d1", "name": "Dr. Ines Calloway"}
REYL = {"id": "00000000-0000-4000-8000-0000000020d2", "name": "Tomas Reyl"}
STANDARD = {"id": "00000000-0000-4000-8000-0000000040b1", "name": "Standard"}

ENTITIES: dict[str, tuple[Record, ...]] = {
    "Location": (HARBOR, MILL_ROAD),
    "Practitioner": (CALLOWAY, REYL),
    "Organization": (
        {"id": "00000000-0000-4000-8000-0000000030e1", "name": "Quarry Lane Bakery"},
        {"id": "00000000-0000-4000-8000-0000000030e2", "name": "Harbor Recovery Line"},
    ),
    "Substance": (
        {"id": "00000000-0000-4000-8000-0000000060a1", "name": "Penicillin"},
        {"id": "00000000-0000-4000-8000-0000000060a2", "name": "Latex"},
    ),
    "Medication": ({"id": "00000000-0000-4000-8000-0000000070b1", "name": "Lisinopril 10 mg"},),
}
BASICS: dict[str, tuple[Record, ...]] = {
    "billing-type": (STANDARD,),
    "fee-schedule": ({"id": "00000000-0000-4000-8000-0000000050f1", "name": "Usual and customary"},),
    "disease-definition": (
        {"id": "00000000-0000-4000-8000-0000000080c1", "name": "Alcohol use disorder"},
        {"id": "00000000-0000-4000-8000-0000000080c2", "name": "Essential hypertension"},
    ),
    "communication-type": ({"id": "00000000-0000-4000-8000-0000000090d1", "name": "Intake call"},),
    "alert-definition": ({"id": "00000000-0000-4000-8000-0000000091e1", "name": "Fall risk"},),
    "field-definition": ({"id": "00000000-0000-4000-8000-0000000092f1", "name": "Preferred pharmacy"},),
}
PATIENTS: tuple[Record, ...] = (
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
        "location": HARBOR,
        "primary_provider": CALLOWAY,
        "billing_type": STANDARD,
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
        "location": MILL_ROAD,
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
_NAMED: dict[str, Any] = {
    "Location": lambda name: {"name": name},
    "Practitioner": lambda name: {"name": [{"text": name}]},
    "Organization": lambda name: {"name": name},
    "Substance": lambda name: {"code": {"text": name}},
    "Medication": lambda name: {"code": {"text": name}},
}


def starting_bundle() -> Resource:
    """A transaction that makes it all, with the ids as they stand here."""
    entries = [
        {"resource": resource, "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"}}
        for resource in (*_entities(), *_basics(), *_patients())
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def _entities() -> Iterator[Resource]:
    for type, entities in ENTITIES.items():
        for each in entities:
            yield {"resourceType": type, "id": each["id"], **_NAMED[type](each["name"])}


def _basics() -> Iterator[Resource]:
    for code, entries in BASICS.items():
        for each in entries:
            name = {"url": extension_url("catalogue-name"), "valueString": each["name"]}
            concept = {"coding": [{"system": CATALOGUE, "code": code}]}
            yield {"resourceType": "Basic", "id": each["id"], "code": concept, "extension": [name]}


def _patients() -> Iterator[Resource]:
    lens = PATIENT.bound(FACE)
    for record in PATIENTS:
        written = {name: value for name, value in record.items() if name != "id"}
        yield {**lens.to_fhir(written).value, "id": record["id"]}
