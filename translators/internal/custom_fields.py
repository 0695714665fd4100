"""Custom fields of a remote patient: rows of the patient's record here, an operation of their own there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gateway.translation.contract import Account, Call, Flow, send
from gateway.translation.lens import LeftOut
from gateway.translation.rows import Record, Resource
from translators.internal.field_value import CUSTOM_FIELD, FIELD_VALUES
from translators.internal.lists import below, whole_lists
from translators.internal.operations import patients
from translators.internal.patient import PATIENT

PLACE, KEY = "field-values", "field_definition_uuid"
DEFINITIONS = "patient-field-definitions"
FIELDS = "fields"
UNDEFINED = (
    "the EMR has no custom field of this name: define it there, or name its definition in the extension's `definition`"
)
REFUSED = "the EMR does not take these values of custom fields: their definitions there say what they may be"

PATIENT_WITH_FIELDS = replace(PATIENT, rows=(*PATIENT.rows, *FIELD_VALUES.rows))


def fields_of(rows: Iterable[Record]) -> Record:
    """The values as the table has them."""
    return {FIELDS: [{name: row.get(name) for name in (KEY, "name", "value")} for row in rows]}


@dataclass(frozen=True, slots=True)
class Valued:
    """What both sides know of the values from now on, and what could not be said."""

    fields: list[Record]
    left_out: tuple[LeftOut, ...] = ()


def defined(account: Account, patient: Resource) -> Flow[Mapping[str, str]]:
    """The definitions that the EMR has, by name; nothing is asked where every field of the patient has its own."""
    if all(_definition(each) for each in _extensions(patient)):
        return {}
    (found,) = yield from whole_lists([below(account, DEFINITIONS)])
    return {str(row.get("name")).casefold(): row["id"] for row in found or ()}


def with_definitions(patient: Resource, known: Mapping[str, str], named: Callable[[Resource], Resource]) -> Resource:
    """A copy whose custom fields name the EMR's definitions; those without one have the EMR's of that name."""
    copies = [
        named(_defined(each, known)) if each.get("url") == CUSTOM_FIELD else each
        for each in patient.get("extension", ())
    ]
    return {**patient, "extension": copies} if copies else patient


def value_fields(account: Account, key: str, before: list[Record], after: list[Record]) -> Flow[Valued]:
    """Say what has changed; a value that is no more is cleared."""
    known, wanted = _values(before), _values(after)
    changed = {uuid: value for uuid, value in wanted.items() if known.get(uuid) != value}
    changed |= dict.fromkeys(uuid for uuid in known if uuid not in wanted)
    said = [{KEY: uuid, "value": value} for uuid, value in changed.items()]
    lost = tuple(LeftOut("Patient.extension", UNDEFINED) for each in after if not each.get(KEY))
    if not said:
        return Valued(after, lost)
    reply = yield from send(
        Call("PUT", patients(account, key, PLACE), json={FIELDS: said}, accepts=frozenset({404, 422}))
    )
    if reply.status in (404, 422):
        return Valued(before, (*lost, LeftOut("Patient.extension", REFUSED, notable=True)))
    return Valued(after, lost)


def _values(rows: Iterable[Record]) -> dict[str, Any]:
    return {row[KEY]: row.get("value") for row in rows if row.get(KEY) and row.get("value") is not None}


def _extensions(patient: Resource) -> list[Resource]:
    return [each for each in patient.get("extension", ()) if each.get("url") == CUSTOM_FIELD]


def _part(extension: Resource, name: str) -> Resource:
    return next((each for each in extension.get("extension", ()) if each.get("url") == name), {})


def _definition(extension: Resource) -> Any:
    return _part(extension, "definition").get("valueReference")


def _defined(extension: Resource, known: Mapping[str, str]) -> Resource:
    uuid = known.get(str(_part(extension, "name").get("valueString")).casefold())
    if _definition(extension) or uuid is None:
        return extension
    part = {"url": "definition", "valueReference": {"reference": f"emr:Basic/{uuid}"}}
    return {**extension, "extension": [*extension.get("extension", ()), part]}
