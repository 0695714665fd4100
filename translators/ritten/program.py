"""HealthcareService: the clinic's programs, read only; what `mapping set … program` may name."""

from __future__ import annotations

from gateway.translation.codec import CONCEPT_TEXT
from gateway.translation.lens import Interaction, ResourceMap
from gateway.translation.rows import Bindings, Field, Pair, Record, Resource, Way
from translators.ritten.care_levels import read_levels
from translators.ritten.gone import ACTIVE
from translators.ritten.vocabulary import reference


def _not_written(resource: Resource, record: Record, bindings: Bindings) -> None:
    """Only the EMR sets this."""


PROGRAM = ResourceMap(
    "HealthcareService",
    frozenset({Interaction.READ, Interaction.SEARCH}),
    (
        Field("id", "identifier[system=$id].value", way=Way.READ),
        Field("name", "name", way=Way.READ),
        Field("programType", "category[0]", CONCEPT_TEXT, way=Way.READ),
        Pair(("levelOfCare",), ("type",), read_levels, _not_written, way=Way.READ),
        Field("facility.id", "location[0].reference", reference("Location"), way=Way.READ),
        ACTIVE,
    ),
    search={"_id": "id", "name": "search"},
)
