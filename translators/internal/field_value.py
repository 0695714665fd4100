"""Custom field values: the rows of a patient's `custom-field` extensions.

The extension holds the name of the field, as any system may write it, and for the fields of this API a reference to
the definition. Which FHIR type a value has is told by the value: JSON has no dates, so a text that is a day is one.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

from gateway.canonical import extension_url
from gateway.translation.codec import Unreadable
from gateway.translation.lens import Interaction, ResourceMap
from gateway.translation.rows import Bindings, Each, Field, Pair, Record, Resource
from translators.internal.vocabulary import reference

CUSTOM_FIELD = extension_url("custom-field")
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INTEGERS = range(-(2**31), 2**31)
"""R4's integer has 32 bits."""


def _read_value(record: Record, element: Resource, bindings: Bindings) -> None:
    value = record.get("value")
    if value is None or value == "":
        return
    element["extension"] = [{"url": "value", _type_of(value): value}]


def _type_of(value: Any) -> str:
    if isinstance(value, bool):
        return "valueBoolean"
    if isinstance(value, int):
        return "valueInteger" if value in _INTEGERS else "valueDecimal"
    if isinstance(value, Decimal | float):
        return "valueDecimal"
    if isinstance(value, str):
        return "valueDate" if _is_day(value) else "valueString"
    raise Unreadable("expected a text, a number, or true or false")


def _is_day(text: str) -> bool:
    try:
        return bool(_DAY.fullmatch(text) and date.fromisoformat(text))
    except ValueError:
        return False


def _write_value(element: Resource, record: Record, bindings: Bindings) -> None:
    part: Resource = next((each for each in element.get("extension", ()) if each.get("url") == "value"), {})
    value = next((value for name, value in part.items() if name.startswith("value")), None)
    if isinstance(value, dict):
        value = _text_of(value)
    if value is not None:
        record["value"] = value


def _text_of(value: Resource) -> str:
    """A coded or measured value in words."""
    coding = next(iter(value.get("coding", ())), value)
    words = value.get("text") or coding.get("display") or coding.get("code")
    if words is None and "value" in value:
        words = f"{value['value']} {value.get('unit', '')}".strip()
    if words is None:
        words = value.get("reference")
    if words is None:
        raise Unreadable("expected a value that can be told in words")
    return str(words)


VALUE = Pair(("value",), ("extension[url=value]",), _read_value, _write_value)

FIELD_VALUES = ResourceMap(
    "Patient",
    frozenset({Interaction.READ, Interaction.UPDATE}),
    (
        Each(
            "fields",
            "extension",
            (
                Field(
                    "field_definition_uuid",
                    "extension[url=definition].valueReference.reference",
                    reference("Basic"),
                ),
                Field("name", "extension[url=name].valueString"),
                VALUE,
            ),
            constants={"url": CUSTOM_FIELD},
            key=("field_definition_uuid", "name"),
        ),
    ),
)
