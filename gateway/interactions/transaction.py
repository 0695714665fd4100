"""A transaction Bundle: all of its entries or none (http.html#trules).

Entries take effect in the order that the specification lays down: deletions, creates, updates, then reads; conditional
references are resolved after all writes that have none, so that they find what the same Bundle creates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from uuid import uuid4

from gateway.definitions.contract import Resource
from gateway.faults import ClientFault, Invalid, Issue
from gateway.interactions.bundle_entries import Entry, check_identities
from gateway.interactions.changes import Changes, present
from gateway.interactions.references import rewritten, root_of
from gateway.store.contract import Stored, Transaction


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an entry: the answer's status, and the version or the body that it is about."""

    status: str
    stored: Stored | None = None
    body: bytes | None = None
    """A resource to give back: of a GET entry."""


Search = Callable[[Entry, Transaction], bytes]
"""Answers a GET entry without id with a searchset."""


@dataclass(slots=True)
class TransactionRun:
    """One run of a transaction's entries inside one database transaction."""

    changes: Changes
    entries: list[Entry]
    search: Search
    literal: dict[str, str] = field(default_factory=dict)
    """fullUrl → `Type/id`"""
    ids: dict[int, str] = field(default_factory=dict)
    conditions: dict[tuple[str, str], Entry] = field(default_factory=dict)
    """Of conditional creates: (type, criteria) → the first entry that has them."""
    repeats: dict[int, int] = field(default_factory=dict)
    """Conditional creates whose condition an earlier entry has: they mean the same resource. Index → its index."""
    done: dict[int, Outcome] = field(default_factory=dict)

    def outcomes(self) -> list[Outcome]:
        """In the order of the entries."""
        check_identities(self.entries)
        self._each("DELETE", self._delete)
        self._each("POST", self._identify_create)
        self._each("PUT", self._identify_update)
        for entry in self.entries:
            with naming(entry):
                self._check_placeholders(entry)
        settled = self.done.keys() | self.repeats.keys()
        self._write([e for e in self.entries if e.method in ("POST", "PUT") and e.index not in settled])
        for index, first in self.repeats.items():
            self.done[index] = Outcome("200 OK", self.done[first].stored)
        self._each("GET", self._read)
        return [self.done[entry.index] for entry in self.entries]

    def _each(self, method: str, perform: Callable[[Entry], None]) -> None:
        for entry in self.entries:
            if entry.method == method:
                with naming(entry):
                    perform(entry)

    # --- which resource is each entry about? --------------------------------------------------------------------

    def _identify_update(self, entry: Entry) -> None:
        self._identify(entry, entry.id or "")

    def _identify_create(self, entry: Entry) -> None:
        if entry.if_none_exist is None:
            self._identify(entry, str(uuid4()))
            return
        first = self.conditions.setdefault((entry.type, entry.if_none_exist), entry)
        if first is not entry:
            self.repeats[entry.index] = first.index
            self._identify(entry, self.ids[first.index])
        elif match := self._match(entry):
            self._identify(entry, match.id)
            self.done[entry.index] = Outcome("200 OK", match)
        else:
            self._identify(entry, str(uuid4()))

    def _match(self, entry: Entry) -> Stored | None:
        return self.changes.match(entry.type, entry.if_none_exist or "", f"{entry.place}.request.ifNoneExist")

    def _identify(self, entry: Entry, id: str) -> None:
        self.ids[entry.index] = id
        if entry.full_url:
            self.literal[entry.full_url] = f"{entry.type}/{id}"

    def _check_placeholders(self, entry: Entry) -> None:
        for link in entry.links:
            if link.is_placeholder and link.text.partition("#")[0] not in self.literal:
                raise Invalid("No entry of the Bundle has this fullUrl", link.place)

    # --- writing --------------------------------------------------------------------------------------------------

    def _write(self, entries: list[Entry]) -> None:
        waiting = sorted(entries, key=lambda entry: (bool(entry.conditions), entry.method == "PUT"))
        while waiting:
            left = [entry for entry in waiting if not self._written(entry, strict=False)]
            if len(left) == len(waiting):
                self._written(left[0], strict=True)
            waiting = left

    def _written(self, entry: Entry, *, strict: bool) -> bool:
        """False when a conditional reference finds nothing yet; with `strict`, that is a refusal."""
        with naming(entry):
            literal = self._literal(entry, strict=strict)
            if literal is None:
                return False
            resource = rewritten(entry.resource, literal, root_of(entry.full_url))
            self.done[entry.index] = self._put(entry, {**resource, "id": self.ids[entry.index]})
            return True

    def _literal(self, entry: Entry, *, strict: bool) -> Mapping[str, str] | None:
        found: dict[str, str] = {}
        for link, type, criteria in entry.conditions:
            match = self.changes.match(type, criteria, link.place)
            if match is None and strict:
                raise Invalid("The conditional reference matches no resource", link.place)
            if match is None:
                return None
            found[link.text] = f"{match.type}/{match.id}"
        return {**self.literal, **found}

    def _put(self, entry: Entry, resource: Resource) -> Outcome:
        if entry.method == "PUT":
            stored, created = self.changes.update(resource, entry.if_match)
            return Outcome("201 Created" if created else "200 OK", stored)
        if entry.if_none_exist is not None and self._match(entry):
            # Found now but not before: this Bundle has just written it.
            raise Invalid("Another entry writes what this condition finds", f"{entry.place}.request.ifNoneExist")
        return Outcome("201 Created", self.changes.create(resource, resource["id"]))

    # --- the rest -------------------------------------------------------------------------------------------------

    def _delete(self, entry: Entry) -> None:
        deleted = self.changes.delete(entry.type, entry.id or "", entry.if_match)
        self.done[entry.index] = Outcome("204 No Content", deleted)

    def _read(self, entry: Entry) -> None:
        if entry.id is None:
            self.done[entry.index] = Outcome("200 OK", None, self.search(entry, self.changes.transaction))
            return
        stored = present(self.changes.transaction.read(entry.type, entry.id))
        self.done[entry.index] = Outcome("200 OK", stored, stored.body)


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
    return replace(issue, expression=(entry.place,))
