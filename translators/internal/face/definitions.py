"""The catalogues of the practice: definitions of alerts, custom fields and tags.

One that is archived can be looked at, as records made from it go on to name it, and is otherwise gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import BaseModel

from gateway.faults import Invalid, NotFound
from gateway.translation.face import Asked, Handler, Kept, Operation, Params, Records, Search, literal
from gateway.translation.lens import ResourceMap
from gateway.translation.rows import Record, Resource
from translators.internal.definition import ALERT_DEFINITION, FIELD_DEFINITION, TAG_DEFINITION, UNSAID
from translators.internal.entity import CATALOGUE
from translators.internal.face.archiving import HIDDEN, archived_at
from translators.internal.face.references import name_of
from translators.internal.face.subrecord import Entity, changed, outs, paged, put_away, record_of, refuse
from translators.internal.schema import definition as schema
from translators.internal.schema.shapes import VersionIn

ORDER = ("catalogue-order", "catalogue-name")
LONGEST_PAGE = 200


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One kind of definition: its address, its table and its models."""

    kind: str
    """`alert`: of `/patient-alert-definitions`."""
    entity: Entity
    listing: type[BaseModel]
    create: type[BaseModel]
    update: type[BaseModel]
    page: type[BaseModel]

    @property
    def place(self) -> str:
        return f"/patient-{self.kind}-definitions"

    @property
    def tag(self) -> str:
        return self.place.removeprefix("/")

    @property
    def name(self) -> str:
        """As in operationIds."""
        return self.tag.replace("-", "_")

    @property
    def title(self) -> str:
        return f"Patient {self.kind.title()} Definition"


def _entity(kind: str, map: ResourceMap, out: type[BaseModel]) -> Entity:
    code = f"{kind}-definition"
    coding = {"system": CATALOGUE, "code": code}

    def is_one(resource: Resource) -> bool:
        return any(coding.items() <= each.items() for each in resource.get("code", {}).get("coding", ()))

    only = (HIDDEN, ("code", f"{CATALOGUE}|{code}"))
    return Entity("Definition", map, out, defaults=UNSAID[code], only=only, is_one=is_one)


ALERTS = Catalogue(
    "alert",
    _entity("alert", ALERT_DEFINITION, schema.AlertDefinitionOut),
    schema.ListInCategoryQuery,
    schema.CreateAlertDefinitionIn,
    schema.UpdateAlertDefinitionIn,
    schema.AlertDefinitionListOut,
)
FIELDS = Catalogue(
    "field",
    _entity("field", FIELD_DEFINITION, schema.FieldDefinitionOut),
    schema.ListDefinitionsQuery,
    schema.CreateFieldDefinitionIn,
    schema.UpdateFieldDefinitionIn,
    schema.FieldDefinitionListOut,
)
TAGS = Catalogue(
    "tag",
    _entity("tag", TAG_DEFINITION, schema.TagDefinitionOut),
    schema.ListInCategoryQuery,
    schema.CreateTagDefinitionIn,
    schema.UpdateTagDefinitionIn,
    schema.TagDefinitionListOut,
)
CATALOGUES = (ALERTS, FIELDS, TAGS)


# --- what other operations need of them ----------------------------------------------------------------------------


def in_use(records: Records, catalogue: Catalogue) -> Iterator[Record]:
    """Every definition that is not archived, in the order of the catalogue."""
    skip = 0
    while True:
        search = Search("Basic", catalogue.entity.only, sort=ORDER, count=LONGEST_PAGE, skip=skip)
        found = records.search(search).kept
        yield from _shown(records, catalogue, *found)
        if len(found) < LONGEST_PAGE:
            return
        skip += LONGEST_PAGE


# --- the operations ----------------------------------------------------------------------------


def _listed(catalogue: Catalogue, asked: Asked, records: Records) -> Any:
    query = asked.query
    params = (*catalogue.entity.only, *_filters(query.search, getattr(query, "category", None)))
    skip = (query.page - 1) * query.page_size
    found = records.search(Search("Basic", params, (), ORDER, count=query.page_size, skip=skip, total=True))
    return paged(_shown(records, catalogue, *found.kept), query.page, query.page_size, found.total or 0)


def _filters(words: str | None, category: str | None) -> Params:
    named = tuple(("catalogue-name:contains", literal(word)) for word in (words or "").split())
    return (*named, *((("catalogue-category:exact", literal(category)),) if category else ()))


def _created(catalogue: Catalogue, asked: Asked, records: Records) -> Any:
    given = asked.body.model_dump(mode="json", exclude_none=True)
    _check_options(given)
    carried = catalogue.entity.lens.to_fhir({**catalogue.entity.defaults, **given})
    refuse(carried.left_out)
    return _one(records, catalogue, records.create(carried.value))


def _got(catalogue: Catalogue, asked: Asked, records: Records) -> Any:
    return _one(records, catalogue, _found(catalogue, asked, records))


def _updated(catalogue: Catalogue, asked: Asked, records: Records) -> Any:
    kept = _kept_in_use(catalogue, asked, records)
    if asked.body.model_fields_set & {"field_type", "dropdown_options"}:
        _check_options({**record_of(catalogue.entity, kept), **asked.body.model_dump(exclude_unset=True)})
    return _one(records, catalogue, changed(records, catalogue.entity, kept, asked.body))


def _check_options(record: Record) -> None:
    if record.get("field_type") == "dropdown" and not record.get("dropdown_options"):
        raise Invalid("A dropdown needs options to choose from", "body.dropdown_options")


def _archived(catalogue: Catalogue, asked: Asked, records: Records) -> Any:
    kept = _kept_in_use(catalogue, asked, records)
    return _one(records, catalogue, put_away(records, kept, asked.body.base_version))


def _found(catalogue: Catalogue, asked: Asked, records: Records) -> Kept:
    found = records.read("Basic", asked.path["definition_uuid"])
    if found is None or not catalogue.entity.is_one(found.resource):
        raise NotFound(f"{catalogue.title} not found.", "path.definition_uuid")
    return found


def _kept_in_use(catalogue: Catalogue, asked: Asked, records: Records) -> Kept:
    found = _found(catalogue, asked, records)
    if archived_at(found.resource) is not None:
        raise NotFound(f"{catalogue.title} not found. It is archived.", "path.definition_uuid")
    return found


def _one(records: Records, catalogue: Catalogue, kept: Kept) -> Record:
    return _shown(records, catalogue, kept)[0]


def _shown(records: Records, catalogue: Catalogue, *kept: Kept) -> list[Record]:
    """An entry of another system's may be named by its code only, or not at all."""
    told = outs(records, catalogue.entity, kept)
    for each, record in zip(kept, told, strict=True):
        record["name"] = record["name"] or name_of({"code": {"text": each.resource["code"].get("text")}}) or each.id
    return told


def _operations(catalogue: Catalogue) -> Iterator[Operation]:
    def operation(method: str, more: str, verb: str, handle: Handler, **given: Any) -> Operation:
        path, name = f"{catalogue.place}{more}", f"{method.lower()}_{catalogue.name}"
        suffix = more.replace("/", "_").replace("{", "").replace("}", "")
        summary = f"{verb} {catalogue.title}" + ("s" if verb == "List" else "")
        return Operation(method, path, f"{name}{suffix}", summary, catalogue.tag, handle, **given)

    one, out = "/{definition_uuid}", catalogue.entity.out
    gone, stale = {404: "There is no such definition."}, {409: "It has changed since `base_version`."}
    yield operation("GET", "", "List", partial(_listed, catalogue), query=catalogue.listing, answer=catalogue.page)
    yield operation("POST", "", "Create", partial(_created, catalogue), body=catalogue.create, answer=out, status=201)
    yield operation(
        "GET",
        one,
        "Get",
        partial(_got, catalogue),
        answer=out,
        refusals=gone,
        description="One that is archived can be looked at.",
    )
    yield operation(
        "PATCH",
        one,
        "Update",
        partial(_updated, catalogue),
        body=catalogue.update,
        answer=out,
        refusals={**gone, **stale},
    )
    yield operation(
        "POST",
        f"{one}/archive",
        "Archive",
        partial(_archived, catalogue),
        body=VersionIn,
        answer=out,
        refusals={**gone, **stale},
        description="It is not listed any more and nothing new is made from it; what was made from it stays.",
    )


OPERATIONS: tuple[Operation, ...] = tuple(each for catalogue in CATALOGUES for each in _operations(catalogue))
