"""Catalogues that no operation of the API makes: their entries are named by records as `{id, name}`."""

from __future__ import annotations

from gateway.translation.lens import ResourceMap
from gateway.translation.rows import Field, Way
from translators.internal.entity import catalogue
from translators.internal.facts import ID

_TEXT = Field("name", "code.text", way=Way.READ)

ALLERGEN = ResourceMap("Substance", frozenset(), (ID, _TEXT))
"""An allergy definition."""
DRUG = ResourceMap("Medication", frozenset(), (ID, _TEXT))
"""A medication definition."""
DISEASE = catalogue("disease-definition")
COMMUNICATION_TYPE = catalogue("communication-type")
