"""Relationships from one patient to another, and who is whose legal guardian.

Two of them are about charts and not about people: of a chart that was merged into another one, and of one that was
copied. FHIR tells both by Patient.link, which is written together with the relationship.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gateway.faults import Invalid, NotFound
from gateway.translation.face import Asked, Kept, Operation, Params, Records, Search, literal
from gateway.translation.rows import Record, Resource
from translators.internal.face.archiving import HIDDEN, archived_at
from translators.internal.face.references import Relation, entity, name_of
from translators.internal.face.subrecord import (
    Entity,
    changed,
    listed,
    living,
    outs,
    patient,
    put_away,
    record_of,
    recorded,
)
from translators.internal.relationship import CLONE, MERGE, RELATIONSHIP, ROLE_CODE
from translators.internal.schema.page import PageQuery
from translators.internal.schema.relationship import (
    CreateRelationshipIn,
    RelationshipListOut,
    RelationshipOut,
    UpdateRelationshipIn,
)

LINKS: Mapping[str, tuple[str, str]] = {MERGE: ("replaced-by", "replaces"), CLONE: ("seealso", "seealso")}
"""Patient.link.type from the first patient to the second, and back."""
PART = 200
TO = Relation("to_patient", "Patient", "Target patient")
BETWEEN_PATIENTS = ("related-patient:missing", "false")
IS_GUARDIAN: tuple[Params, ...] = (
    (("legal-guardian", "true"),),
    (("legal-guardian:missing", "true"), ("relationship", f"{ROLE_CODE}|GUARD")),
)
"""As the table reads it."""


def _names(record: Record) -> Record:
    return {f"{side}_patient_name": (record.get(f"{side}_patient") or {}).get("name") for side in ("from", "to")}


ENTITY = Entity(
    "Relationship",
    RELATIONSHIP,
    RelationshipOut,
    (Relation("from_patient", "Patient", "Patient"), TO),
    {"relationship_type": "other_family"},
    (HIDDEN, ("active:not", "false")),
    subject="related-patient",
    computed=_names,
)


def page(asked: Asked, records: Records) -> Any:
    query: PageQuery = asked.query
    of = patient(records, asked.path["patient_uuid"])
    return listed(records, ENTITY, [of], query.page, query.page_size)


def dependents(asked: Asked, records: Records) -> Any:
    of = patient(records, asked.path["patient_uuid"])
    return _guarding(records, (("related-patient", literal(of.reference)),))


def guardians(asked: Asked, records: Records) -> Any:
    of = patient(records, asked.path["patient_uuid"])
    return _guarding(records, (("patient", literal(of.reference)), BETWEEN_PATIENTS))


def _guarding(records: Records, whose: Params) -> list[Record]:
    return outs(records, ENTITY, _all(records, (*ENTITY.only, *whose)))


def _all(records: Records, params: Params) -> Iterator[Kept]:
    skip = 0
    while True:
        search = Search("RelatedPerson", params, (IS_GUARDIAN,), ("_created",), count=PART, skip=skip)
        found = records.search(search).kept
        yield from found
        if len(found) < PART:
            return
        skip += PART


def create(asked: Asked, records: Records) -> Any:
    body: CreateRelationshipIn = asked.body
    of = living(records, asked.path["patient_uuid"])
    if body.to_patient_uuid == of.id:
        raise Invalid("A patient has no relationship with himself or herself", "body.to_patient_uuid")
    entity(records, TO, body.to_patient_uuid)
    name = name_of(of.resource)
    kept = recorded(
        records,
        ENTITY,
        of,
        body,
        from_patient={"id": of.id, "name": name},
        **({"from_patient_name": name} if name else {}),
    )
    _link(records, (of.id, body.to_patient_uuid), None, body.relationship_type)
    return _out(records, kept)


def update(asked: Asked, records: Records) -> Any:
    body: UpdateRelationshipIn = asked.body
    kept = _owned(asked, records)
    before = record_of(ENTITY, kept)
    new = changed(records, ENTITY, kept, body)
    after = record_of(ENTITY, new)
    _link(records, _ends(after), before["relationship_type"], after["relationship_type"])
    return _out(records, new)


def archive(asked: Asked, records: Records) -> Any:
    kept = _owned(asked, records)
    record = record_of(ENTITY, kept)
    gone = put_away(records, kept, active=False)
    _link(records, _ends(record), record["relationship_type"], None)
    return _out(records, gone)


def _ends(record: Record) -> tuple[str, str]:
    return record["from_patient"]["id"], record["to_patient"]["id"]


def _owned(asked: Asked, records: Records) -> Kept:
    """A relationship from the path's patient."""
    of = living(records, asked.path["patient_uuid"])
    found = records.read("RelatedPerson", asked.path["relationship_uuid"])
    if found is not None and archived_at(found.resource) is None and found.resource.get("active") is not False:
        record = record_of(ENTITY, found)
        if record.get("from_patient", {}).get("id") == of.id and record.get("to_patient", {}).get("id"):
            return found
    raise NotFound("Relationship not found.", "path.relationship_uuid")


def _out(records: Records, kept: Kept) -> Record:
    return outs(records, ENTITY, [kept])[0]


# --- Patient.link ----------------------------------------------------------------------------


def _link(records: Records, ends: tuple[str, str], before: str | None, after: str | None) -> None:
    """Both charts tell of each other what the relationship tells of them."""
    if before == after or not {before, after} & LINKS.keys():
        return
    for side, (here, there) in enumerate((ends, ends[::-1])):
        found = records.read("Patient", here)
        if found is None:
            continue
        links = _without(found.resource.get("link", ()), there, _type(before, side))
        if type := _type(after, side):
            links.append({"other": {"reference": f"Patient/{there}"}, "type": type})
        rest = {name: value for name, value in found.resource.items() if name != "link"}
        records.update({**rest, "link": links} if links else rest)


def _type(relationship: str | None, side: int) -> str | None:
    types = LINKS.get(relationship or "")
    return types[side] if types else None


def _without(links: Iterable[Resource], other: str, type: str | None) -> list[Resource]:
    told = {"reference": f"Patient/{other}"}
    return [each for each in links if each.get("type") != type or not told.items() <= each.get("other", {}).items()]


PLACE = "/patients/{patient_uuid}/relationships"
ONE = f"{PLACE}/{{relationship_uuid}}"
NAME = "patients_patient_uuid_relationships"
GONE = {404: "There is no such patient, or no such relationship from it."}
NO_PATIENT = {404: "There is no such patient."}
OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET",
        PLACE,
        f"get_{NAME}",
        "List patient relationships",
        "patients",
        page,
        description="Those that lead from the patient to another one.",
        query=PageQuery,
        answer=RelationshipListOut,
        refusals=NO_PATIENT,
    ),
    Operation(
        "POST",
        PLACE,
        f"post_{NAME}",
        "Create patient relationship",
        "patients",
        create,
        description="`parent` says that the path's patient is a parent of the other. Nothing is said the other way "
        "round. `merge` and `clone` also link the two charts in FHIR. A `guardian` is the legal guardian unless "
        "`is_guardian` is false.",
        body=CreateRelationshipIn,
        answer=RelationshipOut,
        status=201,
        refusals={404: "One of the two patients is not there.", 409: "Another request had the Idempotency-Key."},
        repeatable=True,
    ),
    Operation(
        "PATCH",
        ONE,
        f"patch_{NAME}_relationship_uuid",
        "Update patient relationship",
        "patients",
        update,
        body=UpdateRelationshipIn,
        answer=RelationshipOut,
        refusals={**GONE, 409: "The relationship has changed since `base_version`."},
    ),
    Operation(
        "POST",
        f"{ONE}/archive",
        f"post_{NAME}_relationship_uuid_archive",
        "Archive patient relationship",
        "patients",
        archive,
        description="The charts are not linked any longer, where they were.",
        answer=RelationshipOut,
        refusals=GONE,
    ),
    Operation(
        "GET",
        "/patients/{patient_uuid}/dependents",
        "get_patients_patient_uuid_dependents",
        "List dependents",
        "patients",
        dependents,
        description="Relationships in which the patient is another one's legal guardian.",
        answer=list[RelationshipOut],
        refusals=NO_PATIENT,
    ),
    Operation(
        "GET",
        "/patients/{patient_uuid}/guardians",
        "get_patients_patient_uuid_guardians",
        "List guardians",
        "patients",
        guardians,
        description="Relationships in which another patient is this one's legal guardian.",
        answer=list[RelationshipOut],
        refusals=NO_PATIENT,
    ),
)
