"""Location: Ritten's facilities, read only."""

from __future__ import annotations

from gateway.canonical import LOCATION_PHYSICAL_TYPE
from gateway.translation.lens import Interaction, ResourceMap
from gateway.translation.rows import Field, Way
from translators.ritten.gone import STATUS
from translators.ritten.vocabulary import PHONE

NPI = "http://hl7.org/fhir/sid/us-npi"

LOCATION = ResourceMap(
    "Location",
    frozenset({Interaction.READ, Interaction.SEARCH}),
    (
        Field("id", "identifier[system=$id].value", way=Way.READ),
        Field("nationalProviderId", f"identifier[system={NPI}].value", way=Way.READ),
        Field("name", "name", way=Way.READ),
        Field("phone", "telecom[system=phone].value", PHONE, way=Way.READ),
        Field("address.line", "address.line[0]", way=Way.READ),
        Field("address.line2", "address.line[1]", way=Way.READ),
        Field("address.city", "address.city", way=Way.READ),
        Field("address.region", "address.state", way=Way.READ),
        Field("address.postalCode", "address.postalCode", way=Way.READ),
        Field("address.country", "address.country", way=Way.READ),
        STATUS,
    ),
    constants={
        "mode": "instance",
        "physicalType": {"coding": [{"system": LOCATION_PHYSICAL_TYPE, "code": "si", "display": "Site"}]},
    },
    search={"_id": "id", "name": "search"},
)
