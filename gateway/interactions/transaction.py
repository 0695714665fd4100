"""A transaction Bundle: all of its entries or none (http.html#trules).

Entries take effect in the order that the specification lays down: deletions, creates, updates, then reads; conditional
references are resolved after all writes that have none, so that they find what the same Bundle creates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from uuid import uuid4

from gateway.faults import ClientFault, Invalid, Issue
from gateway.interactions.bundle_entries import BY_CRITERIA, READING, Entry, check_identities, same_identity
from gateway.interactions.changes import Changes
from gateway.interactions.conditions import target_of_patch, target_of_update
from gateway.interactions.patch import Patch
from gateway.interactions.references import rewritten, root_of
from gateway.store.contract import Stored, Transaction


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an entry: the answer's status, and the version or the body that it is about."""

    status: str
    stored: Stored | None = None
    body: bytes | None = None
    """A resource to give back: of a GET entry."""
    was_read: bool = False
    """It is about a GET or HEAD entry: preferences for writes say nothing of it."""
    given: tuple[Stored, ...] = ()
    """The resources in its body."""


Read = Callable[[Entry, Transaction], Outcome]
"""Answers a GET entry."""


@dataclass(slots=True)
class TransactionRun:
    """One run of a transaction's entries inside one database transaction."""

    changes: Changes
    entries: list[Entry]
    read: Read
    literal: dict[str, str] = field(default_factory=dict)
    """fullUrl → `Type/id`"""
    ids: dict[int, str] = field(default_factory=dict)
    conditions: dict[tuple[str, str], Entry] = field(default_factory=dict)
    """Of conditional creates: (type, criteria) → the first entry that has them."""
    repeats: dict[int, int] = field(default_factory=dict)
    """Conditional creates whose condition an earlier entry has: they mean the same resource. Index → its index."""
    unmatched: set[int] = field(default_factory=set)
    """Conditional updates whose criteria found nothing."""
    done: dict[int, Outcome] = field(default_factory=dict)

    def outcomes(self) -> list[Outcome]:
        """In the order of the entries."""
        check_identities(self.entries)
        self._each(BY_CRITERIA, self._identify_by_url)
        self._check_resolved()
        self._each({"DELETE"}, self._delete)
        self._each({"POST"}, self._identify_create)
        for entry in self.entries:
            with naming(entry):
                self._check_placeholders(entry)
        settled = self.done.keys() | self.repeats.keys()
        self._write([e for e in self.entries if e.method in ("POST", "PUT", "PATCH") and e.index not in settled])
        for index, first in self.repeats.items():
            self.done[index] = Outcome("200 OK", self.done[first].stored)
        self._each(READING, self._read)
        return [self.done[entry.index] for entry in self.entries]

    def _each(self, methods: Set[str], perform: Callable[[Entry], None]) -> None:
        for entry in self.entries:
            if entry.method in methods:
                with naming(entry):
                    perform(entry)

    # --- which resource is each entry about? --------------------------------------------------------------------

    def _identify_by_url(self, entry: Entry) -> None:
        """Of a PUT, PATCH or DELETE; criteria are looked for before anything is done."""
        if entry.criteria is None:
            self._identify(entry, entry.id or "")
            return
        place = f"{entry.place}.request.url"
        if entry.method == "PUT" and entry.resource is not None:
            found = self.changes.match(entry.type, entry.criteria, place)
            given = entry.resource.get("id")
            self._identify(entry, target_of_update(self.changes, entry.type, entry.criteria, given, place))
            self.unmatched |= set() if found else {entry.index}
        elif entry.method == "PATCH":
            self._identify(entry, target_of_patch(self.changes, entry.type, entry.criteria, place).id)
        elif match := self.changes.match(entry.type, entry.criteria, place):
            self._identify(entry, match.id)
        else:
            self.done[entry.index] = Outcome("204 No Content")

    def _check_resolved(self) -> None:
        """What criteria find counts as an identity too (http.html#trules)."""
        seen: dict[str, Entry] = {}
        for entry in self.entries:
            if entry.method in BY_CRITERIA and entry.index in self.ids:
                other = seen.setdefault(f"{entry.type}/{self.ids[entry.index]}", entry)
                if other is not entry:
                    raise same_identity(other, entry)

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
        if entry.full_url and entry.method != "DELETE":
            self.literal[entry.full_url] = f"{entry.type}/{id}"

    def _check_placeholders(self, entry: Entry) -> None:
        for link in entry.links:
            if link.is_placeholder and link.text.partition("#")[0] not in self.literal:
                raise Invalid("No entry of the Bundle has this fullUrl", link.place)

    # --- writing --------------------------------------------------------------------------------------------------

    def _write(self, entries: list[Entry]) -> None:
        waiting = sorted(entries, key=lambda entry: (bool(entry.conditions), entry.method != "POST"))
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
            self.done[entry.index] = self._patch(entry, literal) if entry.patch else self._put(entry, literal)
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

    def _put(self, entry: Entry, literal: Mapping[str, str]) -> Outcome:
        id = self.ids[entry.index]
        resource = {**rewritten(entry.resource, literal, root_of(entry.full_url)), "id": id}
        self._check_still_unmatched(entry)
        if entry.method == "PUT":
            absent = entry.if_none_match is not None
            stored, created = self.changes.update(resource, entry.if_match, absent=absent)
            return Outcome("201 Created" if created else "200 OK", stored)
        return Outcome("201 Created", self.changes.create(resource, id))

    def _check_still_unmatched(self, entry: Entry) -> None:
        """What is found now and was not before, this Bundle has just written."""
        if entry.if_none_exist is not None and self._match(entry):
            raise Invalid("Another entry writes what this condition finds", f"{entry.place}.request.ifNoneExist")
        if entry.index in self.unmatched:
            place = f"{entry.place}.request.url"
            if self.changes.match(entry.type, entry.criteria or "", place):
                raise Invalid("Another entry writes what these criteria find", place)

    def _patch(self, entry: Entry, literal: Mapping[str, str]) -> Outcome:
        assert entry.patch is not None  # noqa: S101
        apply = Patch(rewritten(entry.patch.document, literal)).ready(self.changes.definitions, entry.type)
        stored = self.changes.patch(entry.type, self.ids[entry.index], apply, entry.if_match)
        return Outcome("200 OK", stored)

    # --- the rest -------------------------------------------------------------------------------------------------

    def _delete(self, entry: Entry) -> None:
        if entry.index not in self.done:
            deleted = self.changes.delete(entry.type, self.ids[entry.index], entry.if_match)
            self.done[entry.index] = Outcome("204 No Content", deleted)

    def _read(self, entry: Entry) -> None:
        self.done[entry.index] = self.read(entry, self.changes.transaction)


@contextmanager
def naming(entry: Entry) -> Iterator[None]:
    """A fault inside names the entry that it is about."""
    try:
        yield
    except ClientFault as fault:
        fault.issues = tuple(_at(issue, entry) for issue in fault.issues)
        raise


def _at(issue: Issue, entry: Entry) -> Issue:
    """A place within the resource that the entry carries is one within the Bundle."""
    if any(expression.startswith("Bundle.entry") for expression in issue.expression):
        return issue
    start = f"{entry.type}."
    within = entry.resource is not None and issue.expression and all(e.startswith(start) for e in issue.expression)
    places = [f"{entry.place}.resource.{e.removeprefix(start)}" for e in issue.expression] if within else [entry.place]
    return replace(issue, expression=tuple(places))
