"""The operations that every section of a patient's chart has: list, record, change and archive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from gateway.translation.face import Asked, Kept, Operation, Params, Records
from translators.internal.face.subrecord import (
    Entity,
    changed,
    listed,
    living,
    outs,
    owned,
    patient,
    put_away,
    recorded,
)

TAG = "patients"
Alternatives = tuple[tuple[Params, ...], ...]
Told = dict[str, Any]


def _no_filter(query: Any) -> Alternatives:
    return ()


def _no_more(records: Records, of: Kept, made: Kept, told: Told) -> Told:
    return told


@dataclass(frozen=True, slots=True)
class Section:
    """One section: its records, its words, and what is special about it."""

    entity: Entity
    path: str
    """`allergies`."""
    key: str
    """`allergy_uuid`."""
    titles: tuple[str, str, str, str]
    """Summaries of list, record, update and archive."""
    related: str
    """What else may not be found when a record is made: `allergy definition`."""
    query: type[BaseModel]
    page: type[BaseModel]
    create: type[BaseModel]
    update: type[BaseModel]
    order: str
    """In words, for the description of the list."""
    sort: tuple[str, ...] = ("_created",)
    filters: Callable[[Any], Alternatives] = _no_filter
    """Query → groups of alternatives of search parameters."""
    begun: tuple[tuple[str, Any], ...] = ()
    """Fields of a new record that the body does not have."""
    fresh: Callable[[Records, Kept, Kept, Told], Told] = _no_more
    """What the answer to a create says besides."""

    @property
    def one(self) -> str:
        return f"/patients/{{patient_uuid}}/{self.path}/{{{self.key}}}"

    @property
    def all(self) -> str:
        return f"/patients/{{patient_uuid}}/{self.path}"

    def list(self, asked: Asked, records: Records) -> Any:
        of, query = patient(records, asked.path["patient_uuid"]), asked.query
        either = self.filters(query)
        return listed(records, self.entity, [of], query.page, query.page_size, either=either, sort=self.sort)

    def record(self, asked: Asked, records: Records) -> Any:
        of = living(records, asked.path["patient_uuid"])
        made = recorded(records, self.entity, of, asked.body, **dict(self.begun))
        return self.fresh(records, of, made, self._told(records, made))

    def get(self, asked: Asked, records: Records) -> Any:
        of = patient(records, asked.path["patient_uuid"])
        return self._told(records, owned(records, self.entity, of, asked.path[self.key]))

    def change(self, asked: Asked, records: Records) -> Any:
        kept = self._mine(asked, records)
        body = without_the_same(asked.body, self.entity, kept)
        return self._told(records, changed(records, self.entity, kept, body))

    def archive(self, asked: Asked, records: Records) -> Any:
        return self._told(records, put_away(records, self._mine(asked, records)))

    def _mine(self, asked: Asked, records: Records) -> Kept:
        of = living(records, asked.path["patient_uuid"])
        return owned(records, self.entity, of, asked.path[self.key])

    def _told(self, records: Records, kept: Kept) -> Told:
        return outs(records, self.entity, (kept,))[0]


def without_the_same(body: BaseModel, entity: Entity, kept: Kept) -> BaseModel:
    """A body without the entities that the record names already: one that no catalogue has can be sent back as well."""
    record = entity.lens.told(kept.resource)
    given = {relation.key: getattr(body, relation.key, None) for relation in entity.relations}
    same = {r.key for r in entity.relations if given[r.key] and given[r.key] == record.get(r.field, {}).get("id")}
    if not same & body.model_fields_set:
        return body
    members = {name: getattr(body, name) for name in body.model_fields_set - same}
    return type(body).model_construct(_fields_set=set(members), **members)


def operations(section: Section) -> Iterator[Operation]:
    base = f"patients_patient_uuid_{section.path.replace('-', '_')}"
    title, described = section.entity.title, section.titles
    gone = {404: f"There is no such patient, {title.lower()} or {section.related}."}
    yield Operation(
        "GET", section.all, f"get_{base}", described[0], TAG, section.list,
        description=f"{section.order} Archived records are left out.",
        query=section.query, answer=section.page, refusals={404: "There is no such patient."},
    )  # fmt: skip
    yield Operation(
        "POST", section.all, f"post_{base}", described[1], TAG, section.record,
        description="Nothing is recorded for an archived patient.",
        body=section.create, answer=section.entity.out, status=201, repeatable=True,
        refusals={
            404: f"There is no such patient or {section.related}.",
            409: "Another request had the Idempotency-Key.",
        },
    )  # fmt: skip
    yield Operation(
        "PATCH", section.one, f"patch_{base}_{section.key}", described[2], TAG, section.change,
        description="Changes the members that are given; null clears.",
        body=section.update, answer=section.entity.out,
        refusals={**gone, 409: "The record has changed since `base_version`."},
    )  # fmt: skip
    yield Operation(
        "POST", f"{section.one}/archive", f"post_{base}_{section.key}_archive", described[3], TAG, section.archive,
        description="Takes the record out of use; it is not shown any more.",
        answer=section.entity.out, refusals={404: f"There is no such patient or {title.lower()}."},
    )  # fmt: skip
