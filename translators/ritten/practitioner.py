"""Practitioner: Ritten's staff, read only."""

from __future__ import annotations

from gateway.translation.lens import Interaction, ResourceMap
from gateway.translation.rows import Field, Way

PRACTITIONER = ResourceMap(
    "Practitioner",
    frozenset({Interaction.READ, Interaction.SEARCH}),
    (
        Field("id", "identifier[system=$id].value", way=Way.READ),
        Field("first", "name[use=official].given[0]", way=Way.READ),
        Field("middle", "name[use=official].given[1]", way=Way.READ),
        Field("last", "name[use=official].family", way=Way.READ),
        Field("email", "telecom[system=email].value", way=Way.READ, having={"use": "work"}),
    ),
    search={"_id": "id"},
)
