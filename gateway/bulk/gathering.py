"""Which resources an export holds, where that is not simply all of a type: found once, in one snapshot.

Around patients: what is in their compartments, by exactly the parameters that the CompartmentDefinition names, and
what this refers to. Filters are searches. Keys are collected type by type; the resources are read page by page later.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from gateway.bulk import key_sql
from gateway.bulk.levels import PATIENT, Level, associated
from gateway.bulk.request import ExportRequest
from gateway.definitions.contract import Definitions
from gateway.search.entries import ReferenceEntry
from gateway.search.query import Query
from gateway.store.compiled import Compile, Row
from gateway.store.database import Driver
from gateway.store.document import decode
from gateway.store.inclusion import filled, numbered
from gateway.store.param_ids import param_id
from gateway.store.rows import local
from gateway.store.searcher import searcher_of

AT_ONCE = 256
PAGE, FOUND_AT_ONCE = 10_000, 500
HOPS = 4
"""A role leads to its organisation, and that to the one that it is a part of."""
Keys = Sequence[int]


def is_whole(request: ExportRequest, type: str) -> bool:
    """Whether all of a type are exported, and nothing has to be gathered."""
    filtered = any(type == of for of, _ in request.filters)
    everyone = request.level == Level.PATIENT.value and type == PATIENT and request.patients is None
    return not filtered and (request.level == Level.SYSTEM.value or everyone)


class Gathering:
    """One export's, over one snapshot."""

    def __init__(
        self,
        driver: Driver,
        compile: Compile,
        definitions: Definitions,
        org: int,
        base: str,
        request: ExportRequest,
        filters: Mapping[str, Sequence[Query]],
    ) -> None:
        self.driver = driver
        self.compile = compile
        self.definitions = definitions
        self.org = org
        self.base = base
        self.request = request
        self.filters = filters
        self.searcher = searcher_of(compile)

    def keys(self) -> dict[int, Keys]:
        """By the place of the type in the request, in order of creation."""
        types, outside = self.request.types, associated(self.definitions)
        around_patients = self.request.level != Level.SYSTEM.value
        found: dict[str, Keys] = {}
        for type in types:
            if not is_whole(self.request, type) and not (around_patients and type in outside):
                found[type] = self.of_type(type)
        if around_patients:
            found |= self.referred(found, sorted(outside.intersection(types)))
        return {stage: found[type] for stage, type in enumerate(types) if type in found}

    def of_type(self, type: str) -> Keys:
        filtered = self.satisfying(type)
        if self.request.level == Level.SYSTEM.value:
            kept: Iterable[int] = filtered or ()
        else:
            about = self.about_patients(type)
            kept = about if filtered is None else {*about}.intersection(filtered)
        return array("q", sorted({*kept, *self.deleted(type)}))

    def satisfying(self, type: str) -> Keys | None:
        """Of several filters of one type each is enough; None where there is none."""
        if type not in self.filters:
            return None
        return array("q", sorted({key for query in self.filters[type] for key in self.matching(query)}))

    def matching(self, query: Query) -> Iterator[int]:
        query = replace(query, count=FOUND_AT_ONCE, want_total=False)
        while True:
            page = self.searcher.search(self.driver, self.org, query)
            yield from (match.key for match in page.matches)
            if page.after is None:
                return
            query = replace(query, after=page.after)

    # --- around patients ---------------------------------------------------------------------------------------------

    def about_patients(self, type: str) -> Keys:
        patients = self.request.patients
        if type == PATIENT:
            everyone = patients is None
            return array("q", self.paged(key_sql.all_of_type(), type, {}) if everyone else self.of_ids(type, patients))
        params = filled([param_id(type, code) for code in self.definitions.patient_compartment[type]])
        bound = numbered("param", params)
        if patients is None:
            return array("q", self.paged(key_sql.about_any_patient(len(params)), type, bound))
        rows = self.for_each(lambda size: key_sql.about_patients(len(params), size), "id", patients, bound)
        return array("q", sorted({int(key) for (key,) in rows}))

    def of_ids(self, type: str, ids: Iterable[str] | None) -> list[int]:
        return sorted(int(key) for (key,) in self.for_each(key_sql.with_ids, "id", ids or (), {"type": type}))

    def referred(self, found: Mapping[str, Keys], types: Sequence[str]) -> dict[str, Keys]:
        """What the resources found refer to, and what that refers to in turn."""
        ids: dict[str, set[str]] = {type: set() for type in types}
        frontier: list[int] = [key for keys in self.sources(found) for key in keys]
        for _ in range(HOPS if types else 0):
            new = self.leads_to(frontier, types, ids)
            frontier = [key for type, fresh in new.items() for key in self.of_ids(type, fresh)]
            if not frontier:
                break
        return {type: self.kept(type, self.of_ids(type, ids[type])) for type in types}

    def sources(self, found: Mapping[str, Keys]) -> Iterator[Keys]:
        yield from found.values()
        if PATIENT in self.request.types and PATIENT not in found:
            yield self.about_patients(PATIENT)

    def leads_to(self, keys: Sequence[int], types: Sequence[str], ids: dict[str, set[str]]) -> dict[str, set[str]]:
        """The ids not known before, which are known from now on."""
        listed = filled(types)
        rows = self.for_each(lambda size: key_sql.referred_to(size, len(listed)), "key", keys, numbered("type", listed))
        new: dict[str, set[str]] = {}
        for type, id in rows:
            if id not in ids[type]:
                ids[type].add(id)
                new.setdefault(type, set()).add(id)
        return new

    def kept(self, type: str, keys: Sequence[int]) -> Keys:
        filtered = self.satisfying(type)
        return array("q", keys if filtered is None else sorted({*keys}.intersection(filtered)))

    def deleted(self, type: str) -> Iterator[int]:
        """What was of this export until it was deleted, by whatever filter: the export tells of it."""
        if self.request.since is None:
            return
        bound = {"type": type, "since": self.request.since}
        for key, id in self.rows(key_sql.deleted_since(), bound):
            if self.request.level == Level.SYSTEM.value or self.was_about_patients(type, id):
                yield int(key)

    def was_about_patients(self, type: str, id: str) -> bool:
        patients = self.request.patients
        if type == PATIENT:
            return patients is None or id in patients
        codes = self.definitions.patient_compartment[type]
        for (body,) in self.rows(key_sql.last_content(), {"type": type, "id": id}):
            entries = local(self.definitions.index(decode(bytes(body))), self.base)
            referred = [entry for entry in entries if isinstance(entry, ReferenceEntry) and entry.param in codes]
            return any(entry.type == PATIENT and (patients is None or entry.id in patients) for entry in referred)
        return False

    # --- statements --------------------------------------------------------------------------------------------------

    def rows(self, statement: Any, values: Mapping[str, Any]) -> list[Row]:
        return self.driver.rows(self.compile(statement), {"org": self.org, **values})

    def paged(self, statement: Any, type: str, values: Mapping[str, Any]) -> Iterator[int]:
        after = 0
        while True:
            rows = self.rows(statement, {**values, "type": type, "after": after, "limit": PAGE})
            yield from (int(key) for (key,) in rows)
            if len(rows) < PAGE:
                return
            after = rows[-1][0]

    def for_each(
        self, statement: Callable[[int], Any], name: str, items: Iterable[Any], values: Mapping[str, Any]
    ) -> Iterator[Row]:
        """A statement over a list of any length; lists are filled up, so that statements stay few."""
        waiting = iter(items)
        while some := list(islice(waiting, AT_ONCE)):
            listed = filled(some)
            yield from self.rows(statement(len(listed)), {**values, **numbered(name, listed)})
