"""The entities that a record of the API refers to as `{id, name}`: their names, and whether they are there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.canonical import extension_url
from gateway.faults import NotFound
from gateway.translation.face import Kept, Records
from gateway.translation.rows import Record, Resource
from translators.internal.face.archiving import archived_at
from translators.internal.patient_pairs import full_name

CATALOGUE_NAME = extension_url("catalogue-name")


@dataclass(frozen=True, slots=True)
class Relation:
    """One field `{id, name}` of a record, which a body gives as `<field>_uuid`."""

    field: str
    type: str
    """The FHIR type of what it refers to."""
    title: str
    """What it is called when it is not found."""
    code: str = ""
    """Of a Basic: which catalogue it has to be an entry of."""

    @property
    def key(self) -> str:
        return f"{self.field}_uuid"


def name_of(resource: Resource) -> str | None:
    """What a person calls the entity."""
    names = resource.get("name")
    if isinstance(names, list):
        official = [name for name in names if name.get("use") in ("official", "usual", None)]
        return next((full for name in (*official, *names) if (full := full_name(name))), None)
    if isinstance(names, str):
        return names
    return _own_name(resource) or concept_name(resource.get("code", {}))


def _own_name(resource: Resource) -> str | None:
    extensions = resource.get("extension", ())
    return next((each.get("valueString") for each in extensions if each.get("url") == CATALOGUE_NAME), None)


def concept_name(concept: Resource) -> str | None:
    displays = (coding.get("display") or coding.get("code") for coding in concept.get("coding", ()))
    return concept.get("text") or next((display for display in displays if display), None)


def named(records: Records, told: Sequence[Record], relations: Sequence[Relation]) -> None:
    """Puts the names that the entities have now into the records; one that is not seen keeps the name it came with."""
    known = records.several(dict.fromkeys(_references(told, relations)))
    for record in told:
        for relation in relations:
            entity = record.get(relation.field)
            if not isinstance(entity, dict) or not entity.get("id"):
                record[relation.field] = None
                continue
            found = known.get(f"{relation.type}/{entity['id']}")
            name = name_of(found.resource) if found is not None else None
            record[relation.field] = {"id": entity["id"], "name": name or entity.get("name")}


def _references(told: Iterable[Record], relations: Sequence[Relation]) -> Iterator[str]:
    for record in told:
        for relation in relations:
            entity = record.get(relation.field)
            if isinstance(entity, dict) and entity.get("id"):
                yield f"{relation.type}/{entity['id']}"


def entered(records: Records, given: Mapping[str, Any], relations: Sequence[Relation]) -> Record:
    """A body with its `<field>_uuid` as `{id, name}`; raises NotFound where there is no such entity."""
    record = dict(given)
    for relation in relations:
        if relation.key in record:
            key = record.pop(relation.key)
            record[relation.field] = None if key is None else entity(records, relation, key)
    return record


def entity(records: Records, relation: Relation, key: str) -> Record:
    found = records.read(relation.type, key)
    if found is None or not _fits(found, relation):
        raise NotFound(f"{relation.title} not found.", f"body.{relation.key}")
    return {"id": found.id, "name": name_of(found.resource)}


def _fits(found: Kept, relation: Relation) -> bool:
    """Of an entry of a catalogue: it is one of this catalogue, and was not archived."""
    codings = found.resource.get("code", {}).get("coding", ()) if relation.code else ()
    is_entry = any(coding.get("code") == relation.code for coding in codings)
    return not relation.code or (is_entry and archived_at(found.resource) is None)
