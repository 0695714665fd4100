"""The related entities that a patient names by uuid and name only (`EntityRef`), and the FHIR type of each."""

from __future__ import annotations

from gateway.canonical import CANONICAL, extension_url
from gateway.translation.lens import ResourceMap
from gateway.translation.rows import Field, Way
from translators.internal.facts import ID
from translators.internal.location import LOCATION

CATALOGUE = f"{CANONICAL}CodeSystem/catalogue"

PRACTITIONER = ResourceMap("Practitioner", frozenset(), (ID, Field("name", "name[0].text", way=Way.READ)))
EMPLOYER = ResourceMap("Organization", frozenset(), (ID, Field("name", "name", way=Way.READ)))


def catalogue(code: str) -> ResourceMap:
    """An entry of a catalogue that R4 has no resource type for."""
    name = Field("name", f"extension[url={extension_url('catalogue-name')}].valueString", way=Way.READ)
    concept = {"coding": [{"system": CATALOGUE, "code": code}]}
    return ResourceMap("Basic", frozenset(), (ID, name), constants={"code": concept})


BILLING_TYPE = catalogue("billing-type")
FEE_SCHEDULE = catalogue("fee-schedule")

RELATED: dict[str, ResourceMap] = {
    "location": LOCATION,
    "primary_provider": PRACTITIONER,
    "secondary_provider": PRACTITIONER,
    "employer": EMPLOYER,
    "billing_type": BILLING_TYPE,
    "fee_schedule": FEE_SCHEDULE,
}
"""Field of PatientOut → the table that reads its entity. `responsible_party` is a patient with a chart of their own."""
