"""The catalogues that the API has operations for: alerts, custom fields and tags that a practice defines for itself.

R4 has no resource type for an entry of a catalogue; each is a Basic, whose code tells the catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.canonical import CANONICAL
from gateway.translation.codec import BOOLEAN, INTEGER, Codec, Unreadable
from gateway.translation.lens import Interaction, ResourceMap
from gateway.translation.rows import Unbound
from translators.internal.alert import SCOPE
from translators.internal.entity import CATALOGUE
from translators.internal.facts import DELETED_AT, ID, own
from translators.internal.vocabulary import same

PATIENT_TAGS = f"{CANONICAL}CodeSystem/patient-tag"
"""The system of the tags of a Patient (`meta.tag`); the code is the id of the tag's definition."""
FIELD_TYPES = ("text", "number", "date", "boolean", "dropdown")
FIELD_TYPE = same(*FIELD_TYPES)
OPTION = "option"


def _options(value: Any) -> list[dict[str, str]]:
    if not isinstance(value, list) or not value or not all(isinstance(each, str) and each for each in value):
        raise Unreadable("expected a list of texts")
    return [{"url": OPTION, "valueString": each} for each in value]


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise Unreadable("expected a list of options")
    return [each["valueString"] for each in value if each.get("url") == OPTION and "valueString" in each]


OPTIONS = Codec(_options, _texts, values=(["Red", "Blue"], ["Yes"]))

NAMED: tuple[Unbound, ...] = (
    ID,
    own("name", "catalogue-name", "valueString"),
    own("description", "catalogue-description", "valueString"),
    own("item_order", "catalogue-order", "valueInteger", INTEGER),
    DELETED_AT,
)
_CATEGORY = own("category", "catalogue-category", "valueString")


def _entry(code: str, *rows: Unbound) -> ResourceMap:
    return ResourceMap(
        "Basic",
        frozenset({Interaction.READ, Interaction.CREATE, Interaction.UPDATE}),
        (*NAMED, *rows),
        constants={"code": {"coding": [{"system": CATALOGUE, "code": code}]}},
    )


ALERT_DEFINITION = _entry(
    "alert-definition",
    _CATEGORY,
    own("default_scope", "default-alert-scope", "valueCode", SCOPE),
    own("default_is_urgent", "default-is-urgent", "valueBoolean", BOOLEAN),
)
FIELD_DEFINITION = _entry(
    "field-definition",
    own("field_type", "field-type", "valueCode", FIELD_TYPE),
    own("dropdown_options", "dropdown-options", "extension", OPTIONS),
    own("is_required", "is-required", "valueBoolean", BOOLEAN),
)
TAG_DEFINITION = _entry("tag-definition", _CATEGORY, own("color", "color", "valueString"))

UNSAID: Mapping[str, Mapping[str, Any]] = {
    "alert-definition": {"item_order": 0, "default_scope": "patient", "default_is_urgent": False},
    "field-definition": {"item_order": 0, "field_type": "text", "is_required": False},
    "tag-definition": {"item_order": 0},
}
"""What an entry that another system has made, and that does not say it, is shown with."""
