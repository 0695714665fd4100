"""A practice as its staff see it in the internal API: patients with chart numbers, phones, providers and locations.

The people are population.py's; what the API has a field for and a search looks at is filled in, evenly by number.
"""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.population import Person
from gateway.definitions.contract import Resource
from translators.internal.face.bindings import FACE
from translators.internal.patient import PATIENT

LOCATIONS, PROVIDERS = 8, 24
STATUSES = ("active",) * 6 + ("prospective", "inactive")
LENS = PATIENT.bound(FACE)


def catalogue() -> Iterator[Resource]:
    for at in range(LOCATIONS):
        yield {"resourceType": "Location", "id": f"location{at}", "status": "active", "name": f"Street {at} Clinic"}
    for at in range(PROVIDERS):
        name = [{"use": "official", "family": f"Provider{at}", "given": ["Robin"]}]
        yield {"resourceType": "Practitioner", "id": f"provider{at}", "active": True, "name": name}


def chart_number(number: int) -> str:
    return f"CH-{number:06}"


def row(number: int) -> Resource:
    """As an API client sends it, the references apart."""
    person = Person(number)
    given = next(person.resources())["name"][0]["given"][0]
    return {
        "first_name": given,
        "last_name": person.family,
        "date_of_birth": person.born,
        "gender": "female" if number % 2 else "male",
        "mobile_phone": f"+1 555 {number // 10_000:03} {number % 10_000:04}",
        "email": f"{given}.{number}@example.org".lower().encode("ascii", "ignore").decode(),
        "address_line1": f"{number % 900 + 1} Test Street",
        "city": "Testville",
        "state": "KS",
        "postal_code": f"66{number % 1000:03}",
        "receives_sms": bool(number % 3),
    }


def patient(number: int) -> Resource:
    """The resource that the API's own table makes of it."""
    record = row(number) | {
        "chart_number": chart_number(number),
        "status": STATUSES[number % len(STATUSES)],
        "location": {"id": f"location{number % LOCATIONS}"},
        "primary_provider": {"id": f"provider{number % PROVIDERS}"},
    }
    return {**LENS.to_fhir(record).value, "id": f"p{number}"}
