"""Organization: Ritten's payers, read only."""

from __future__ import annotations

from gateway.canonical import ORGANIZATION_TYPE
from gateway.translation.lens import Interaction, ResourceMap
from gateway.translation.rows import Field, Way
from translators.ritten.gone import ACTIVE
from translators.ritten.vocabulary import PAYER_CODE

PAYER = ResourceMap(
    "Organization",
    frozenset({Interaction.READ, Interaction.SEARCH}),
    (
        Field("id", "identifier[system=$id].value", way=Way.READ),
        Field("payerIdentifier", f"identifier[system={PAYER_CODE}].value", way=Way.READ),
        Field("name", "name", way=Way.READ),
        Field("address", "address[0].line[0]", way=Way.READ),
        Field("city", "address[0].city", way=Way.READ),
        Field("state", "address[0].state", way=Way.READ),
        Field("postalCode", "address[0].postalCode", way=Way.READ),
        ACTIVE,
    ),
    constants={
        "type": [{"coding": [{"system": ORGANIZATION_TYPE, "code": "pay", "display": "Payer"}]}],
    },
    search={"_id": "id", "identifier": "payerIdentifier"},
)
