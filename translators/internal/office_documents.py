"""The documents of the office, every leaf of the contract: what the tables read, what is left aside, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.translation.contract import RecordKind
from gateway.translation.lens import ResourceMap
from gateway.translation.rows import Record
from translators.internal import office_examples as examples
from translators.internal.alert import ALERT
from translators.internal.attribution import ATTRIBUTION, SOURCES
from translators.internal.communication import COMMUNICATION
from translators.internal.definition import ALERT_DEFINITION, FIELD_DEFINITION, TAG_DEFINITION
from translators.internal.field_value import FIELD_VALUES
from translators.internal.relationship import RELATIONSHIP

CREATED: Mapping[str, str] = {"created_at": "when the row was made; a fact of the store, not of the record"}
OF_THE_STORE: Mapping[str, str] = {
    **CREATED,
    "updated_at": "when the row was last written; meta.lastUpdated of the resource",
    "version": "the optimistic lock of updates; meta.versionId of the resource",
}
LOCK: Mapping[str, str] = {"base_version": "the version that an update was made of, no fact of the record"}


def entities(*names: str) -> frozenset[str]:
    return frozenset(f"{name}.{leaf}" for name in names for leaf in ("id", "name"))


def written(*names: str) -> Mapping[str, str]:
    return {f"{name}_uuid": "the written form of the entity whose `id` the table maps" for name in names}


def _kind(
    name: str,
    table: ResourceMap,
    leaves: frozenset[str],
    ignored: Mapping[str, str],
    shown: Sequence[Record],
) -> RecordKind:
    return RecordKind(name, leaves | frozenset(ignored), (table,), ignored, {table.type: ""}, tuple(shown))


def _definition(name: str, table: ResourceMap, leaves: frozenset[str], shown: Sequence[Record]) -> RecordKind:
    every = frozenset({"id", "name", "description", "item_order", "deleted_at"})
    return _kind(name, table, every | leaves, {**OF_THE_STORE, **LOCK}, shown)


OFFICE_KINDS = (
    _kind(
        "Alert",
        ALERT,
        entities("patient", "alert_definition")
        | {"id", "alert_scope", "status", "is_urgent", "note", "disable_on", "date_disabled", "created_by"},
        {**OF_THE_STORE, **LOCK, **written("alert_definition")},
        examples.ALERTS,
    ),
    _kind(
        "CommunicationLog",
        COMMUNICATION,
        entities("patient", "communication_type", "appointment", "created_by")
        | {"id", "communication_datetime", "direction", "mode", "note", "communication_source"},
        {**CREATED, **written("communication_type", "appointment")},
        examples.COMMUNICATIONS,
    ),
    _kind(
        "Relationship",
        RELATIONSHIP,
        entities("from_patient", "to_patient")
        | {"id", "from_patient_name", "relationship_type", "is_guardian", "note", "deleted_at"},
        {
            **OF_THE_STORE,
            **LOCK,
            **written("to_patient"),
            "to_patient_name": "repeats the name in `to_patient`, which the table maps",
        },
        examples.RELATIONSHIPS,
    ),
    _kind(
        "ReferralAttribution",
        ATTRIBUTION,
        entities("patient", *SOURCES) | {"id", "attributed_at", "attribution_role", "source_note"},
        {**OF_THE_STORE, **LOCK, **written(*SOURCES)},
        examples.ATTRIBUTIONS,
    ),
    _definition(
        "AlertDefinition",
        ALERT_DEFINITION,
        frozenset({"category", "default_scope", "default_is_urgent"}),
        examples.ALERT_DEFINITIONS,
    ),
    _definition(
        "FieldDefinition",
        FIELD_DEFINITION,
        frozenset({"field_type", "dropdown_options[]", "is_required"}),
        examples.FIELD_DEFINITIONS,
    ),
    _definition("TagDefinition", TAG_DEFINITION, frozenset({"category", "color"}), examples.TAG_DEFINITIONS),
    _kind(
        "FieldValues",
        FIELD_VALUES,
        frozenset(f"fields[].{leaf}" for leaf in ("field_definition_uuid", "name", "value")),
        {},
        examples.FIELD_VALUES,
    ),
)
