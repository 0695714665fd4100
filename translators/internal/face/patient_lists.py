"""Lists of patients: which are asked for, in which order, by page, by cursor, or by what somebody has typed so far."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.translation.face import BY_CREATION, Asked, Params, Records, Search
from translators.internal.definition import PATIENT_TAGS
from translators.internal.face.archiving import HIDDEN
from translators.internal.face.patient_facts import briefs, outs
from translators.internal.face.patient_words import Group, by_name_or_number, everywhere
from translators.internal.face.references import Relation, entity
from translators.internal.face.subrecord import paged
from translators.internal.schema.patient_query import (
    CursorPatientsQuery,
    ListPatientsQuery,
    PatientFilter,
    SearchPatientsQuery,
)

ORDERS = {
    "last_name": ("family", "given"),
    "first_name": ("given", "family"),
    "date_of_birth": ("birthdate",),
    "chart_number": ("chart-number",),
    "created_at": (BY_CREATION,),
    "updated_at": ("_lastUpdated",),
    "status": ("lifecycle", "family"),
}
"""Field → FHIR search parameters."""
IN_USE: Params = (("lifecycle:not", "archived"), HIDDEN)
"""Not archived; nothing is said of whether a status is stated at all, as FHIR clients may leave it out."""
ARCHIVED: Group = ((("lifecycle", "archived"),), (("archived-at:missing", "false"),))


_PROVIDER = Relation("primary_provider", "Practitioner", "Provider")
_LOCATION = Relation("location", "Location", "Location")
_TAG = Relation("tag_definition", "Basic", "Tag definition", "tag-definition")


def page(asked: Asked, records: Records) -> Any:
    query: ListPatientsQuery = asked.query
    skip = (query.page - 1) * query.page_size
    found = records.search(search(records, query, _sort(query), count=query.page_size, skip=skip, total=True))
    return paged(outs(records, found.kept), query.page, query.page_size, found.total or 0)


def stretch(asked: Asked, records: Records) -> Any:
    query: CursorPatientsQuery = asked.query
    found = records.search(search(records, query, _sort(query), count=query.first, after=query.after))
    return {"data": outs(records, found.kept), "page_info": {"end_cursor": found.end}}


def typeahead(asked: Asked, records: Records) -> Any:
    query: SearchPatientsQuery = asked.query
    groups = by_name_or_number(query.q)
    if not groups:
        return {"items": [], "total": 0}
    sort = ORDERS["last_name"]
    found = records.search(Search("Patient", IN_USE, groups, sort, count=query.limit, total=True))
    return {"items": briefs(found.kept), "total": found.total or 0}


def search(records: Records, query: PatientFilter, sort: tuple[str, ...], **more: Any) -> Search:
    params = (*_standing(query.status), *_related(records, query), *_born(query))
    groups = (ARCHIVED,) if query.status == "archived" else ()
    return Search("Patient", params, (*groups, *everywhere(query.search or "")), sort, **more)


def _standing(status: str | None) -> Params:
    if status is None:
        return IN_USE
    return () if status == "archived" else (("lifecycle", status), HIDDEN)


def _related(records: Records, query: PatientFilter) -> Iterator[tuple[str, str]]:
    """What is filtered by has to be there: to a list that is empty for a slip of the pen nobody would object."""
    if (provider := query.primary_provider_uuid) is not None:
        yield "general-practitioner", _reference(records, _PROVIDER, provider)
    if (location := query.location_uuid) is not None:
        yield "facility", _reference(records, _LOCATION, location)
    if (tag := query.tag_definition_uuid) is not None:
        yield "_tag", f"{PATIENT_TAGS}|{entity(records, _TAG, tag)['id']}"


def _reference(records: Records, relation: Relation, key: str) -> str:
    return f"{relation.type}/{entity(records, relation, key)['id']}"


def _born(query: PatientFilter) -> Iterator[tuple[str, str]]:
    if query.dob_from is not None:
        yield "birthdate", f"ge{query.dob_from.isoformat()}"
    if query.dob_to is not None:
        yield "birthdate", f"le{query.dob_to.isoformat()}"


def _sort(query: ListPatientsQuery | CursorPatientsQuery) -> tuple[str, ...]:
    sign = "-" if query.sort_dir == "desc" else ""
    return tuple(f"{sign}{key}" for key in ORDERS[query.sort_by])
