"""The store as one caller sees it: what the caller may not see is not there.

Interactions and operations reach resources through here alone (tests/gateway/access/test_roads.py). A version is seen
where it is inside the limit and the current one is as well; of what is deleted, the last one before is judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from sqlalchemy import Connection
from sqlmodel import Session

from gateway.access.conditions import PATIENT
from gateway.access.past import seen_history
from gateway.access.restriction import limits_of, restrict
from gateway.access.sight import Sight
from gateway.search.query import Query
from gateway.store.candidates_sql import Block, Candidates, by_ids, candidates
from gateway.store.contract import Page, Stored, Tally, Transaction
from gateway.store.given_out import told, told_all, unaccounted, withhold
from gateway.store.history_sql import HistoryPage, HistoryQuery, one_version
from gateway.store.labels_sql import Labels, labels_in_use
from gateway.store.look import Look
from gateway.store.record_sql import RecordPage, RecordQuery, current, record_page
from gateway.store.store import LAST_VERSION, SqlStore

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SeenStore:
    """One organisation's, for one caller."""

    store: SqlStore
    org: int
    sight: Sight

    async def read(self, type: str, id: str, action: str = "r") -> Stored | None:
        """The current version, a deletion included."""
        found = await self.store.read(self.org, type, id)
        if found is None or self.sight.unlimited:
            return found
        if is_seen(self.sight, found, await self._content(found), action):
            return found
        withhold(found)
        return None

    async def vread(self, type: str, id: str, version: int) -> Stored | None:
        if self.sight.unlimited:
            return await self.store.vread(self.org, type, id, version)
        found = await self.within(lambda seen: seen.vread(type, id, version))
        if found is not None:
            told(found)
        return found

    async def search(self, query: Query) -> Page:
        return await self.store.search(self.org, restrict(query, self.sight))

    async def history(self, query: HistoryQuery) -> HistoryPage:
        return await self.within(lambda seen: seen.history(query))

    async def within(self, work: Callable[[SeenConnection], T]) -> T:
        """Several looks at one moment."""

        def inside(session: Session) -> T:
            return work(SeenConnection(session.connection(), self.org, self.sight))

        return await self.store.session_read(inside)

    async def look(self, work: Callable[[SeenSnapshot], T]) -> T:
        """The same, with searches, over what is there at that moment."""
        return await self.store.look(
            self.org, lambda look: work(SeenSnapshot(look.connection, self.org, self.sight, look))
        )

    async def _content(self, version: Stored) -> Stored | None:
        """What a deletion has taken away."""
        if not version.deleted:
            return version
        with unaccounted():
            return await self.store.vread(self.org, version.type, version.id, version.version - 1)


@dataclass(frozen=True, slots=True)
class SeenConnection:
    """The same over one connection, and so over what its transaction has written."""

    connection: Connection
    org: int
    sight: Sight

    def read(self, type: str, id: str, action: str = "r") -> Stored | None:
        found = current(self.connection, self.org, type, id)
        return found if found is not None and self.shows(found, action) else None

    def read_and_tell(self, type: str, id: str) -> Stored | None:
        """What somebody asked for by its name: given out, or withheld (gateway/store/given_out.py)."""
        found = current(self.connection, self.org, type, id)
        if found is None:
            return None
        if self.shows(found):
            told(found)
            return found
        withhold(found)
        return None

    def vread(self, type: str, id: str, version: int) -> Stored | None:
        found = one_version(self.connection, self.org, type, id, version) if version <= LAST_VERSION else None
        return found if found is not None and self.shows(found) and self.read(type, id) is not None else None

    def shows(self, version: Stored, action: str = "r") -> bool:
        """Whether this very version is inside the limit."""
        return is_seen(self.sight, version, self._content(version), action)

    def history(self, query: HistoryQuery) -> HistoryPage:
        page = seen_history(self.connection, self.org, query, self.sight)
        told_all(page.versions)
        return page

    def labels(self, types: Sequence[str], limit: int) -> Labels:
        """The labels that what is seen of the types bears now."""
        return labels_in_use(self.connection, self.org, types, limit, limits_of(self.sight, types, "s"))

    def record(self, query: RecordQuery) -> RecordPage:
        """The patient may be there and not be seen: then the record is as if there were none."""
        if self.read(PATIENT, query.patient) is None:
            return RecordPage(None)
        members = [type for type, _ in query.members]
        limits = limits_of(self.sight, (*members, *query.linked), "r")
        return record_page(self.connection, self.org, replace(query, limits=limits))

    def candidates(self, type: str, blocks: Iterable[Block]) -> Candidates:
        return candidates(self.connection, self.org, type, blocks, limits_of(self.sight, (type,), "s"))

    def by_ids(self, type: str, ids: Iterable[str]) -> list[Stored]:
        found = by_ids(self.connection, self.org, type, ids)
        seen = [each for each in found if self.sight.sees(each, "s")]
        told_all(seen)
        return seen

    def still(self, type: str, ids: Sequence[str], actions: Sequence[str]) -> list[Stored] | None:
        """The resources, if each is seen for one of the actions; None if not. Deletions are judged as elsewhere."""
        there = by_ids(self.connection, self.org, type, ids)
        gone = set(ids) - {each.id for each in there}
        found = [*there, *filter(None, (current(self.connection, self.org, type, id) for id in gone))]
        seen = all(any(self.shows(each, action) for action in actions) for each in found)
        return found if seen and len(found) == len(set(ids)) else None

    def _content(self, version: Stored) -> Stored | None:
        """What a deletion has taken away."""
        if not version.deleted or self.sight.unlimited:
            return version
        return one_version(self.connection, self.org, version.type, version.id, version.version - 1)


@dataclass(frozen=True, slots=True)
class SeenSnapshot(SeenConnection):
    """One that searches as well. Who gives out what it finds has to tell it (gateway/store/given_out.py)."""

    searched: Look | Transaction

    def search(self, query: Query) -> Page:
        return self.searched.search(restrict(query, self.sight))

    def tally(self, query: Query, param: str) -> Tally:
        """How many of those that match are seen, by what a reference parameter of theirs leads to."""
        return self.searched.tally(restrict(query, self.sight), param)


@dataclass(frozen=True, slots=True)
class SeenTransaction:
    """The inside of a write, for one caller; what it writes is checked by interactions.changes."""

    transaction: Transaction
    sight: Sight

    def read(self, type: str, id: str, action: str = "r") -> Stored | None:
        return self.connected.read(type, id, action)

    def vread(self, type: str, id: str, version: int) -> Stored | None:
        return self.connected.vread(type, id, version)

    def history(self, query: HistoryQuery) -> HistoryPage:
        return self.connected.history(query)

    def search(self, query: Query) -> Page:
        return self.connected.search(query)

    @property
    def connected(self) -> SeenSnapshot:
        return SeenSnapshot(self.transaction.connection, self.transaction.org, self.sight, self.transaction)


def is_seen(sight: Sight, version: Stored, content: Stored | None, action: str = "r") -> bool:
    if sight.unlimited:
        return True
    judged = content if version.deleted else version
    return judged is not None and sight.sees(judged, action)
