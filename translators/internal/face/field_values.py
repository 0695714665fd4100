"""Values of a patient's custom fields: extensions of the Patient, read with the definitions of the practice.

A value that another system has written under the name of a definition is that field's value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from gateway.faults import Invalid, Issue, NotFound
from gateway.translation.face import Asked, Kept, Operation, Records
from gateway.translation.rows import Record
from translators.internal.face.bindings import FACE
from translators.internal.face.definitions import FIELDS, in_use
from translators.internal.face.subrecord import living, paged, patient, refuse
from translators.internal.field_value import FIELD_VALUES
from translators.internal.schema.field_value import (
    FieldFormOut,
    FieldValueIn,
    FieldValueListOut,
    FieldValueOut,
    FormFieldOut,
    ListFieldValuesQuery,
    PutFieldValuesIn,
)

LENS = FIELD_VALUES.bound(FACE)
LARGEST = 10**15
"""What is larger, and only FHIR clients can have written, is told as text."""
ROWS, KEY = "fields", "field_definition_uuid"
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
Definitions = Mapping[str, Record]


def _definitions(records: Records) -> Definitions:
    """By id, in the order of the catalogue."""
    return {definition["id"]: definition for definition in in_use(records, FIELDS)}


def _rows(kept: Kept) -> list[Record]:
    rows: list[Record] = LENS.told(kept.resource).get(ROWS, [])
    return rows


def _values(rows: list[Record], definitions: Definitions) -> dict[str, Any]:
    """By the id of the definition; one that refers to it goes before one that has its name only."""
    by_name = {definition["name"]: id for id, definition in reversed(tuple(definitions.items()))}
    named = {by_name[row["name"]]: row.get("value") for row in rows if KEY not in row and row.get("name") in by_name}
    return named | {row[KEY]: row.get("value") for row in rows if row.get(KEY) in definitions}


def _out(definition: Record, value: Any, model: type[BaseModel] = FieldValueOut) -> Record:
    shown = {name: definition.get(name) for name in model.model_fields}
    return shown | {KEY: definition["id"], "value": _number(value)}


def _number(value: Any) -> Any:
    """A decimal is a number in the answer as in the request; the resource keeps its digits."""
    return float(value) if isinstance(value, Decimal) and abs(value) <= LARGEST else value


def page(asked: Asked, records: Records) -> Any:
    query: ListFieldValuesQuery = asked.query
    definitions = _definitions(records)
    values = _values(_rows(patient(records, asked.path["patient_uuid"])), definitions)
    items = [_out(each, values[id]) for id, each in definitions.items() if values.get(id) is not None]
    first = (query.page - 1) * query.page_size
    return paged(items[first : first + query.page_size], query.page, query.page_size, len(items))


def form(asked: Asked, records: Records) -> Any:
    definitions = _definitions(records)
    values = _values(_rows(patient(records, asked.path["patient_uuid"])), definitions)
    return {"items": [_out(each, values.get(id), FormFieldOut) for id, each in definitions.items()]}


def put(asked: Asked, records: Records) -> Any:
    body: PutFieldValuesIn = asked.body
    of = living(records, asked.path["patient_uuid"])
    definitions = _definitions(records)
    _check(body.fields, definitions)
    before = _rows(of)
    after = before
    for each in body.fields:
        after = _replaced(after, definitions[each.field_definition_uuid], each.value)
    carried = LENS.absorb({ROWS: after}, onto=of.resource, base={ROWS: before})
    refuse(carried.left_out)
    kept = records.update(carried.value)
    values = _values(_rows(kept), definitions)
    ids = [each.field_definition_uuid for each in body.fields]
    return [_out(definitions[id], values.get(id)) for id in ids]


def _replaced(rows: list[Record], definition: Record, value: Any) -> list[Record]:
    """The rows with the new value in the place of the old one, and without that of the same name."""
    made = {KEY: definition["id"], "name": definition["name"], "value": value}
    is_blank = value is None or value == ""
    places = [index for index, row in enumerate(rows) if _is_of(row, definition)]
    kept = [(index, row) for index, row in enumerate(rows) if index not in places]
    if not is_blank:
        kept.append((places[0] if places else len(rows), made))
    return [row for _, row in sorted(kept, key=lambda pair: pair[0])]


def _is_of(row: Record, definition: Record) -> bool:
    return row.get(KEY) == definition["id"] or (KEY not in row and row.get("name") == definition["name"])


# --- what a field takes ----------------------------------------------------------------------------


def _check(fields: list[FieldValueIn], definitions: Definitions) -> None:
    """All are looked at before one is changed."""
    for index, each in enumerate(fields):
        if each.field_definition_uuid not in definitions:
            raise NotFound("Field definition not found.", f"body.fields.{index}.{KEY}")
    if issues := tuple(_wrong(fields, definitions)):
        raise Invalid(issues)


def _wrong(fields: list[FieldValueIn], definitions: Definitions) -> Iterator[Issue]:
    seen: set[str] = set()
    for index, each in enumerate(fields):
        if each.field_definition_uuid in seen:
            yield Issue("The field stands here twice", (f"body.fields.{index}.{KEY}",))
        seen.add(each.field_definition_uuid)
        if each.value not in (None, "") and (text := _refusal(definitions[each.field_definition_uuid], each.value)):
            yield Issue(text, (f"body.fields.{index}.value",))


def _refusal(definition: Record, value: Any) -> str | None:
    expected, takes = TYPES[definition["field_type"]]
    if not takes(value):
        return f"The field takes {expected}"
    options = definition.get("dropdown_options") if definition["field_type"] == "dropdown" else None
    return "The field takes one of its options" if options and value not in options else None


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _is_day(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(_DAY.fullmatch(value)) and date.fromisoformat(value) is not None
    except ValueError:
        return False


def _is_truth(value: Any) -> bool:
    return isinstance(value, bool)


TYPES: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "text": ("a text", _is_text),
    "number": ("a number", _is_number),
    "date": ("a date, YYYY-MM-DD", _is_day),
    "boolean": ("true or false", _is_truth),
    "dropdown": ("one of its options", _is_text),
}

PLACE, NAME = "/patients/{patient_uuid}/field-values", "patients_patient_uuid_field_values"
NO_PATIENT = {404: "There is no such patient."}
OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET",
        PLACE,
        f"get_{NAME}",
        "List custom field values",
        "patients",
        page,
        description="Fields without a value, and those whose definition is archived, are left out.",
        query=ListFieldValuesQuery,
        answer=FieldValueListOut,
        refusals=NO_PATIENT,
    ),
    Operation(
        "PUT",
        PLACE,
        f"put_{NAME}",
        "Bulk upsert custom field values",
        "patients",
        put,
        description="Sets the given fields, all or none; null clears one. The others stay as they are.",
        body=PutFieldValuesIn,
        answer=list[FieldValueOut],
        refusals={404: "There is no such patient or field definition."},
    ),
    Operation(
        "GET",
        f"{PLACE}/form",
        f"get_{NAME}_form",
        "Get field form view",
        "patients",
        form,
        description="All definitions that are in use, each with the patient's value or null.",
        answer=FieldFormOut,
        refusals=NO_PATIENT,
    ),
)
