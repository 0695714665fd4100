"""The Store protocol: what interactions and sync ask of a database, whatever its dialect.

Every call names the organisation first; there is no query without one. Reads are async; a write runs as one
synchronous function inside one database transaction, off the event loop, and is retried as a whole when the database
says it lost a race: it must have no other effects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeVar

from sqlalchemy import Connection

from gateway.definitions.contract import Resource
from gateway.search.query import Query
from gateway.store.compiled import Compiled

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stored:
    """One version of one resource. `body` is what clients get, `meta` and `id` included; empty when deleted."""

    key: int
    """The store's own number of the resource, growing with creation; a resource keeps it through all versions."""
    type: str
    id: str
    version: int
    updated: int
    """UTC microseconds since 1970; what `meta.lastUpdated` says."""
    deleted: bool
    body: bytes
    method: str = "PUT"
    """Of the request that made the version: POST, PUT, PATCH or DELETE."""
    created: int = 0
    """When version 1 was written, in UTC microseconds; the same for all versions. 0: of no resource of the store."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a search: matches in order, then what _include added."""

    matches: Sequence[Stored]
    included: Sequence[Stored]
    total: int | None
    after: tuple[Any, ...] | None
    """The sort key of the last match when more follow; opaque to all but the store."""
    places: Sequence[tuple[Any, ...]] = ()
    """The sort key of each match, the last part being its `key`."""
    cut: bool = False
    """Whether there was more to include than a page holds."""


class Tally(NamedTuple):
    """How many resources there are of each target of a reference."""

    numbers: Mapping[str, int]
    """By the target's id; who refers to several counts for each."""
    without: int
    """Those that refer to nothing of this store."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who stands behind a transaction, as the agents of a Provenance, and where its content came from."""

    agents: tuple[Mapping[str, Any], ...]
    source: Mapping[str, Any] | None = None


class Transaction(Protocol):
    """The inside of a write. Synchronous; sees its own changes."""

    org: int
    now: int
    """UTC microseconds; one instant for the whole transaction."""
    base: str
    """The organisation's FHIR base, where it is known: absolute references to it are indexed as references here."""
    author: Author | None
    """None: the gateway itself."""
    written: list[Stored]
    """Every version written so far, in order; whoever rolls back to a savepoint takes out those after it."""

    @property
    def connection(self) -> Connection:
        """The SQLAlchemy connection of this transaction, for SQLModel sessions and for enqueuing workflows."""

    def rows(self, statement: Compiled, values: Mapping[str, Any]) -> Sequence[tuple[Any, ...]]:
        """What a statement of the store's compiler finds: the quick road for what is asked at every write."""

    def read(self, type: str, id: str) -> Stored | None:
        """The current version, a deleted one included."""

    def search(self, query: Query) -> Page: ...

    def tally(self, query: Query, param: str) -> Tally:
        """How many match, by what a reference parameter of theirs leads to."""

    def put(self, resource: Resource, method: str = "PUT") -> Stored:
        """Write `resource` (with its id) as a new version; sets meta.versionId and meta.lastUpdated.

        A version equal to the current one but for meta.versionId and meta.lastUpdated is not written again.
        """

    def delete(self, type: str, id: str) -> Stored | None:
        """Write a deletion; None when there is nothing to delete."""


Witness = Callable[[Transaction, Sequence[Stored]], None]
"""Sees the versions that a transaction has written, deletions included, before it commits and as a part of it.

It is called for every write, whoever makes it. What it writes is shown to all witnesses in turn; what it raises rolls
everything back.
"""


class Store(Protocol):
    """The FHIR resources of all organisations."""

    async def read(self, org: int, type: str, id: str) -> Stored | None:
        """The current version, a deleted one included."""

    async def vread(self, org: int, type: str, id: str, version: int) -> Stored | None: ...

    async def history(self, org: int, type: str, id: str) -> Sequence[Stored]:
        """All versions, newest first."""

    async def search(self, org: int, query: Query) -> Page: ...

    async def write(self, org: int, work: Callable[[Transaction], T]) -> T:
        """Run `work` in one transaction; any exception it raises rolls everything back and comes through."""
