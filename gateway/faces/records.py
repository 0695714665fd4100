"""The organisation's resources as an operation of a face sees and writes them, with the caller's limits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from gateway.access.seen import SeenSnapshot
from gateway.faults import Conflict, Invalid, PreconditionFailed
from gateway.interactions.changes import ID, Changes
from gateway.interactions.exchange import Exchange
from gateway.interactions.search_authority import authority
from gateway.interactions.validation import check_valid
from gateway.search import paging
from gateway.search.parse import parse
from gateway.search.query import Both, Condition, Either, Query, SortKey
from gateway.store import document
from gateway.store.contract import Page, Stored
from gateway.store.given_out import told_all
from gateway.translation.face import BY_CREATION, Found, Kept, Params, Search, Tally
from gateway.translation.row import Resource

LONGEST_LIST = 500
"""References that are looked up by one statement."""


@dataclass(frozen=True, slots=True)
class SeenRecords:
    """Implements face.Records."""

    exchange: Exchange
    look: SeenSnapshot
    """What is there at this moment, with what the transaction has written."""
    instant: int
    changes: Changes | None = None
    """None: nothing is to be written."""
    needed: dict[tuple[str, str], None] = field(default_factory=dict)
    """What had to be allowed so far: types, and what of c r u d s."""

    @property
    def now(self) -> datetime:
        return moment(self.instant)

    @property
    def user(self) -> str | None:
        return self.exchange.caller.fhir_user

    def read(self, type: str, id: str) -> Kept | None:
        self.require(type, "r")
        found = self.look.read_and_tell(type, id) if ID.fullmatch(id) else None
        return None if found is None or found.deleted else kept(found)

    def several(self, references: Iterable[str]) -> Mapping[str, Kept]:
        wanted: dict[str, dict[str, None]] = {}
        for reference in references:
            type, _, id = reference.partition("/")
            if ID.fullmatch(id) and self.exchange.sight.allows(type, "r"):
                wanted.setdefault(type, {})[id] = None
        found = (each for type, ids in wanted.items() for each in self._of(type, list(ids)))
        return {each.reference: each for each in found}

    def _of(self, type: str, ids: list[str]) -> Iterator[Kept]:
        for part in parts(ids):
            for each in self.look.by_ids(type, part):
                self.needed[type, "s"] = None
                yield kept(each)

    def search(self, search: Search) -> Found:
        query = self._opened(self._query(search), search.after)
        page = self._page(query)
        return Found(tuple(map(kept, page.matches)), page.total, self._end(query, page))

    def tally(self, search: Search, by: str) -> Tally:
        numbers, without = self.look.tally(self._query(search), by)
        return Tally(numbers, without)

    def create(self, resource: Resource, id: str | None = None) -> Kept:
        self.require(resource["resourceType"], "c")
        check_valid(self.exchange.services.definitions, resource)
        return kept(self._writing.create(resource, id))

    def update(self, resource: Resource, version: int | None = None) -> Kept:
        self.require(resource["resourceType"], "u")
        check_valid(self.exchange.services.definitions, resource)
        try:
            stored, _ = self._writing.update(resource, version)
        except PreconditionFailed:
            text = "The record has changed since that version was read; read it and try again"
            raise Conflict(text, "body.base_version") from None
        return kept(stored)

    def check(self, resource: Resource) -> None:
        self.require(resource["resourceType"], "u" if "id" in resource else "c")
        check_valid(self.exchange.services.definitions, resource)
        self._writing.check(resource)

    def require(self, type: str, action: str) -> None:
        self.exchange.require(type, action)
        self.needed[type, action] = None

    @property
    def _writing(self) -> Changes:
        if self.changes is None:
            raise RuntimeError("an operation that says it only reads has tried to write")
        return self.changes

    # --- searching --------------------------------------------------------------------------------------------------

    def _query(self, search: Search) -> Query:
        self.require(search.type, "s")
        either = [self._either(search.type, group) for group in search.either]
        created = (micro(search.created[0]), micro(search.created[1])) if search.created else None
        return Query(
            search.type,
            (*self._criteria(search.type, search.params), *either),
            tuple(self._sort(search)),
            count=search.count,
            skip=search.skip,
            created=created,
            want_total=search.total,
        )

    def _criteria(self, type: str, params: Params) -> Sequence[Condition]:
        return self._parsed(type, params).criteria

    def _parsed(self, type: str, params: Params) -> Query:
        services, exchange = self.exchange.services, self.exchange
        query, unknown = parse(
            services.definitions, type, params, base=exchange.base, now=self.instant, authority=authority(exchange)
        )
        if unknown:
            raise RuntimeError(f"{type} has no search parameters {unknown}")
        return query

    def _either(self, type: str, group: Iterable[Params]) -> Condition:
        return Either(tuple(Both(tuple(self._criteria(type, params))) for params in group))

    def _sort(self, search: Search) -> Iterator[SortKey]:
        for key in search.sort:
            if key.removeprefix("-") == BY_CREATION:
                yield SortKey(BY_CREATION, "date", key.startswith("-"))
            else:
                yield from self._parsed(search.type, (("_sort", key),)).sort

    def _page(self, query: Query) -> Page:
        page = self.look.search(query)
        told_all(page.matches)
        return page

    def _opened(self, query: Query, cursor: str | None) -> Query:
        if cursor is None:
            return query
        try:
            after = paging.decode(*self._sealing, query, cursor, caller=self.exchange.sight.identity)
        except Invalid:
            text = "The cursor is not one of this list: begin again without it"
            raise Invalid(text, "query.after") from None
        return replace(query, after=after)

    def _end(self, query: Query, page: Page) -> str | None:
        if page.after is None:
            return None
        return paging.encode(*self._sealing, query, page.after, caller=self.exchange.sight.identity)

    @property
    def _sealing(self) -> tuple[bytes, int]:
        return self.exchange.services.paging_key, self.exchange.realm.org


def kept(stored: Stored) -> Kept:
    return Kept(document.decode(stored.body), stored.version, moment(stored.created), moment(stored.updated))


def moment(microseconds: int) -> datetime:
    return document.EPOCH + timedelta(microseconds=microseconds)


def micro(at: datetime) -> int:
    return (at - document.EPOCH) // timedelta(microseconds=1)


def parts(ids: list[str]) -> Iterator[list[str]]:
    return (ids[start : start + LONGEST_LIST] for start in range(0, len(ids), LONGEST_LIST))
