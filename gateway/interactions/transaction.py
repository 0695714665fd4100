"""A transaction Bundle: all of its entries or none (http.html#trules)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import uuid4

from gateway.faults import ClientFault, Issue, PreconditionFailed
from gateway.interactions.bundle_entries import ORDER, Entry, check_identities
from gateway.interactions.changes import Changes, present
from gateway.interactions.references import rewritten
from gateway.store.contract import Stored, Transaction


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an entry: the answer's status, and the version or the body that it is about."""

    status: str
    stored: Stored | None = None
    body: bytes | None = None
    """A resource to give back: of a GET entry."""


@dataclass(slots=True)
class TransactionRun:
    """One run of a transaction's entries inside one database transaction."""

    changes: Changes
    entries: list[Entry]
    search: Callable[[Entry, Transaction], bytes]
    """Answers a GET entry without id with a searchset."""
    identities: dict[str, str] = field(default_factory=dict)
    """fullUrl → `Type/id`"""
    found: dict[int, Stored] = field(default_factory=dict)
    """Conditional creates that matched: index → the match."""
    repeats: dict[int, int] = field(default_factory=dict)
    """Conditional creates that repeat an earlier entry's criteria: index → the index that creates."""
    ids: dict[int, str] = field(default_factory=dict)

    def outcomes(self) -> list[Outcome]:
        """In the order of the entries."""
        check_identities(self.entries)
        for entry in self.entries:
            with naming(entry):
                self._identify(entry)
        done: dict[int, Outcome] = {}
        for entry in sorted(self.entries, key=lambda entry: ORDER[entry.method]):
            with naming(entry):
                done[entry.index] = self._perform(entry, done)
        return [done[entry.index] for entry in self.entries]

    def _identify(self, entry: Entry) -> None:
        """Settle which resource an entry is about before any is written."""
        if entry.method == "POST":
            self._identify_create(entry)
        elif entry.method == "PUT" and entry.id is not None:
            self.ids[entry.index] = entry.id
        if entry.full_url and entry.index in self.ids:
            self.identities[entry.full_url] = f"{entry.type}/{self.ids[entry.index]}"

    def _identify_create(self, entry: Entry) -> None:
        self.ids[entry.index] = str(uuid4())
        if entry.if_none_exist is None:
            return
        match = self.changes.match(entry.type, entry.if_none_exist, f"{entry.place}.request.ifNoneExist")
        earlier = next((e for e in self.entries[: self.entries.index(entry)] if _same_condition(e, entry)), None)
        if match is not None:
            self.found[entry.index] = match
            self.ids[entry.index] = match.id
        elif earlier is not None:
            self.repeats[entry.index] = earlier.index
            self.ids[entry.index] = self.ids[earlier.index]

    def _perform(self, entry: Entry, done: dict[int, Outcome]) -> Outcome:
        if entry.method == "DELETE":
            assert entry.id is not None  # noqa: S101 — bundle_entries refuses others
            return Outcome("204 No Content", self.changes.delete(entry.type, entry.id, entry.if_match))
        if entry.method == "GET":
            return Outcome("200 OK", *self._read(entry))
        if entry.index in self.found:
            return Outcome("200 OK", self.found[entry.index])
        if entry.index in self.repeats:
            return Outcome("200 OK", done[self.repeats[entry.index]].stored)
        resource = {**rewritten(entry.resource, self.identities, self._resolve), "id": self.ids[entry.index]}
        if entry.method == "POST":
            return Outcome("201 Created", self.changes.create(resource, resource["id"]))
        stored, created = self.changes.update(resource, entry.if_match)
        return Outcome("201 Created" if created else "200 OK", stored)

    def _resolve(self, type: str, criteria: str) -> str:
        match = self.changes.match(type, criteria)
        if match is None:
            raise PreconditionFailed("A conditional reference matches no resource")
        return f"{match.type}/{match.id}"

    def _read(self, entry: Entry) -> tuple[Stored | None, bytes]:
        if entry.id is not None:
            stored = present(self.changes.transaction.read(entry.type, entry.id))
            return stored, stored.body
        return None, self.search(entry, self.changes.transaction)


def _same_condition(entry: Entry, other: Entry) -> bool:
    return (entry.method, entry.type, entry.if_none_exist) == (other.method, other.type, other.if_none_exist)


@contextmanager
def naming(entry: Entry) -> Iterator[None]:
    """A fault inside names the entry that it is about."""
    try:
        yield
    except ClientFault as fault:
        fault.issues = tuple(_at(issue, entry) for issue in fault.issues)
        raise


def _at(issue: Issue, entry: Entry) -> Issue:
    if any(expression.startswith("Bundle.entry") for expression in issue.expression):
        return issue
    return Issue(issue.diagnostics, (entry.place,), issue.code, issue.severity)
