"""What all records of a patient have in common: how they are listed, read, recorded, changed and archived.

A record of another patient, and one that is archived, is not found. A change is laid over the stored resource as news
of the record (Lens.absorb), so that what the API has no field for stays as other systems wrote it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from gateway.faults import Invalid, Issue, NotFound
from gateway.translation.face import Kept, Params, Records, Search, literal
from gateway.translation.lens import LeftOut, Lens, ResourceMap
from gateway.translation.rows import Record, Resource
from translators.internal.face.archiving import HIDDEN, archived, archived_at, deleted_at, instant
from translators.internal.face.bindings import FACE
from translators.internal.face.lifecycle import is_archived
from translators.internal.face.references import Relation, entered, named

PATIENT = Relation("patient", "Patient", "Patient")


@dataclass(frozen=True, slots=True)
class Entity:
    """One kind of record: its table and what is the same for all of the kind."""

    title: str
    """`Allergy`: what it is called when it is not found."""
    map: ResourceMap
    out: type[BaseModel]
    """Its fields are what an answer has."""
    relations: tuple[Relation, ...] = ()
    """Besides the patient."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """What required fields of an answer say where the resource says nothing."""
    only: Params = (HIDDEN,)
    """What a resource of the type has to be to be one of these records."""
    is_one: Callable[[Resource], bool] = lambda resource: True
    """The same of a resource that was read by its id; that it is archived is looked at besides."""
    subject: str = "patient"
    """The search parameter for the patient."""
    computed: Callable[[Record], Mapping[str, Any]] = lambda record: {}
    """Fields that follow from others."""
    finished: Callable[[Records, Resource], Resource] = lambda records, resource: resource
    """A resource as it is written: what the table makes of a record, and what only the store can tell."""
    lens: Lens = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lens", self.map.bound(FACE))

    @property
    def type(self) -> str:
        return self.map.type


# --- the patient ---------------------------------------------------------------------------------------------------


def patient(records: Records, id: str) -> Kept:
    """The patient of a request that reads; archived ones can be looked at."""
    found = records.read("Patient", id)
    if found is None:
        raise NotFound("Patient not found.", "path.patient_uuid")
    return found


def living(records: Records, id: str) -> Kept:
    """The patient of a request that writes: nothing is written for one who is archived."""
    found = patient(records, id)
    if is_archived(found.resource):
        raise NotFound("Patient not found. The record is archived: restore it first.", "path.patient_uuid")
    return found


# --- reading ---------------------------------------------------------------------------------------------------


def owned(records: Records, entity: Entity, of: Kept, id: str) -> Kept:
    """The patient's record with this id."""
    found = records.read(entity.type, id)
    if found is None or not entity.is_one(found.resource) or archived_at(found.resource) is not None:
        raise NotFound(f"{entity.title} not found.")
    if record_of(entity, found).get("patient", {}).get("id") != of.id:
        raise NotFound(f"{entity.title} not found.")
    return found


def listed(
    records: Records,
    entity: Entity,
    of: Sequence[Kept],
    page: int,
    page_size: int,
    *,
    params: Params = (),
    either: tuple[tuple[Params, ...], ...] = (),
    sort: tuple[str, ...] = ("_created",),
) -> dict[str, Any]:
    """A page of the records of these patients, as the API's lists are."""
    subjects = ",".join(literal(each.reference) for each in of)
    search = Search(
        entity.type,
        (*entity.only, (entity.subject, subjects), *params),
        either,
        sort,
        count=page_size,
        skip=(page - 1) * page_size,
        total=True,
    )
    found = records.search(search)
    return paged(outs(records, entity, found.kept), page, page_size, found.total or 0)


def paged(items: Sequence[Any], page: int, page_size: int, total: int) -> dict[str, Any]:
    return {"items": items, "page": page, "page_size": page_size, "total": total}


def record_of(entity: Entity, kept: Kept) -> Record:
    """The resource in the API's terms, without what the store knows."""
    record = entity.lens.told(kept.resource)
    return {**entity.defaults, **record}


def outs(records: Records, entity: Entity, kept: Iterable[Kept]) -> list[Record]:
    """The records as the API answers them."""
    kept = tuple(kept)
    told = [record_of(entity, each) for each in kept]
    named(records, told, (PATIENT, *entity.relations))
    return [out(entity, each, record) for each, record in zip(kept, told, strict=True)]


def out(entity: Entity, kept: Kept, record: Record) -> Record:
    whole = record | dict(entity.computed(record)) | known_by_the_store(kept)
    return {name: whole.get(name) for name in entity.out.model_fields}


def known_by_the_store(kept: Kept) -> Record:
    return {
        "id": kept.id,
        "version": kept.version,
        "created_at": instant(kept.created),
        "updated_at": instant(kept.updated),
        "deleted_at": deleted_at(kept.resource),
    }


# --- writing ---------------------------------------------------------------------------------------------------


def recorded(records: Records, entity: Entity, of: Kept, body: BaseModel, **more: Any) -> Kept:
    """A new record of the patient; `more` are fields that the body does not have."""
    given = {name: value for name, value in body.model_dump(mode="json").items() if value is not None}
    record = entered(records, given, entity.relations) | {"patient": {"id": of.id}} | more
    carried = entity.lens.to_fhir(record)
    refuse(carried.left_out)
    return records.create(entity.finished(records, carried.value))


def changed(records: Records, entity: Entity, kept: Kept, body: BaseModel, **more: Any) -> Kept:
    """The record with what the body gives; null clears. `more` are changes that the body does not have."""
    given = body.model_dump(mode="json", exclude_unset=True, exclude={"base_version"})
    news = entered(records, given, entity.relations) | more
    return laid_over(records, entity, kept, news, getattr(body, "base_version", None))


def laid_over(records: Records, entity: Entity, kept: Kept, news: Mapping[str, Any], version: int | None) -> Kept:
    before = entity.lens.to_vendor(kept.resource).value
    after = {name: value for name, value in {**before, **news}.items() if value is not None}
    carried = entity.lens.absorb(after, onto=kept.resource, base=before)
    refuse(carried.left_out)
    return records.update(entity.finished(records, _without_empty_notes(carried.value)), version)


def _without_empty_notes(resource: Resource) -> Resource:
    """An Annotation whose text was cleared goes as a whole, whoever has signed it (Annotation.text, 1..1)."""
    if all("text" in note for note in resource.get("note", ())):
        return resource
    notes = [note for note in resource["note"] if "text" in note]
    rest = {name: value for name, value in resource.items() if name != "note"}
    return {**rest, "note": notes} if notes else rest


def put_away(records: Records, kept: Kept, version: int | None = None, **more: Any) -> Kept:
    """Soft deletion; `more` are elements that the type has for being out of use."""
    return records.update({**archived(kept.resource, records.now), **more}, version)


def refuse(left_out: Iterable[LeftOut]) -> None:
    """A fact of the request that the table could not read is not dropped in silence."""
    issues = tuple(
        Issue(each.reason.removeprefix("not taken from the EMR: "), (f"body.{place}",))
        for each in left_out
        for place in each.expression.split(", ")
    )
    if issues:
        raise Invalid(issues)
