"""Counts of patients by location, which show nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.translation.face import Asked, Params, Records, Search
from gateway.translation.rows import Record, Resource
from translators.internal.face.archiving import HIDDEN, archived_at
from translators.internal.face.patient_lists import ARCHIVED
from translators.internal.face.references import name_of
from translators.internal.schema.patient_query import CountPatientsQuery

AT_ONCE = 100


def by_location(asked: Asked, records: Records) -> Any:
    query: CountPatientsQuery = asked.query
    tally = records.tally(_search(query), by="facility")
    items = sorted(_items(records, tally.numbers), key=lambda item: (item["location"]["name"] or "").casefold())
    grouped = sum(item["count"] for item in items)
    return {
        "items": items,
        "total": grouped,
        "excluded_count": sum(tally.numbers.values()) + tally.without - grouped,
        "status_set": list(dict.fromkeys(query.status_set)),
        "group_by": "location",
        "date_from": query.date_from,
        "date_to": query.date_to,
    }


def _search(query: CountPatientsQuery) -> Search:
    living = tuple(status for status in dict.fromkeys(query.status_set) if status != "archived")
    alternatives: list[Params] = [(("lifecycle", ",".join(living)), HIDDEN)] if living else []
    archived = ARCHIVED if "archived" in query.status_set else ()
    return Search("Patient", tuple(_visited(query)), ((*alternatives, *archived),))


def _visited(query: CountPatientsQuery) -> Iterator[tuple[str, str]]:
    if query.date_from is not None:
        yield "first-visit", f"ge{query.date_from.isoformat()}"
    if query.date_to is not None:
        yield "first-visit", f"lt{query.date_to.isoformat()}"


def _items(records: Records, numbers: Mapping[str, int]) -> Iterator[Record]:
    """One for each location that is in use."""
    ids = sorted(numbers)
    for start in range(0, len(ids), AT_ONCE):
        wanted = (("_id", ",".join(ids[start : start + AT_ONCE])),)
        for found in records.search(Search("Location", wanted, count=AT_ONCE)).kept:
            if _in_use(found.resource):
                yield {"location": {"id": found.id, "name": name_of(found.resource)}, "count": numbers[found.id]}


def _in_use(location: Resource) -> bool:
    return location.get("status", "active") == "active" and archived_at(location) is None
