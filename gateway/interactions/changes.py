"""The writes of one transaction, with FHIR's rules around them: identity, concurrency and conditional creates.

All write interactions, alone or as Bundle entries, go through here, so each rule stands once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

from gateway.access.seen import SeenTransaction
from gateway.access.sight import Sight
from gateway.definitions.contract import Definitions, Demanded, Resource
from gateway.faults import ClientFault, Conflict, Forbidden, Gone, Invalid, NotFound, PreconditionFailed
from gateway.interactions import own_definitions
from gateway.interactions.demands import demanded_by
from gateway.interactions.permanence import check_stays
from gateway.interactions.validation import check_valid
from gateway.search.parse import parse, printable
from gateway.search.query import Query
from gateway.store import document
from gateway.store.contract import Stored, Transaction
from gateway.subscriptions.admission import Guard
from gateway.sync.ownership import Ownership

ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)


@dataclass(slots=True)
class Changes:
    """What one transaction has written so far; `written` feeds the outbox."""

    transaction: Transaction
    definitions: Definitions
    base: str
    sight: Sight
    written: list[Stored] = field(default_factory=list)
    demanded: Demanded | None = None
    """What the organisation demands, read with the first write."""
    guard: Guard | None = None
    """Knows whose Subscriptions the caller may write, and what of them is kept out of the store."""
    ownership: Ownership | None = None
    """Knows which records only an EMR may change."""

    def create(self, resource: Resource, id: str | None = None) -> Stored:
        """FHIR create: the server chooses the id (http.html#create)."""
        return self._put({**resource, "id": id or str(uuid4())}, 0, "POST")

    def update(self, resource: Resource, if_match: int | None = None, *, absent: bool = False) -> tuple[Stored, bool]:
        """FHIR update; answers the version and whether it is the first (http.html#update, #upsert).

        `absent`: only where nothing is there.
        """
        stored = self._writable(resource["resourceType"], resource["id"])
        exists = stored is not None and not stored.deleted
        check_version(stored, if_match)
        if absent and exists:
            raise PreconditionFailed("If-None-Match: a resource with this id is there already")
        self._check_owner(stored, resource)
        new = self._put(resource, stored.version if stored else 0, action="u")
        return new, not exists

    def delete(self, type: str, id: str, if_match: int | None = None) -> Stored | None:
        """FHIR delete; None when there was nothing (http.html#delete)."""
        stored = self._changeable(type, id, "d")
        check_version(stored, if_match)
        if stored is None:
            return None
        self._check_owner(stored, None)
        if self.guard is not None:
            self.guard.check_delete(self.transaction, type, id)
        own_definitions.check_delete(type, id)
        deleted = self.transaction.delete(type, id)
        if deleted is not None:
            self.written.append(deleted)
        return deleted

    def patch(self, type: str, id: str, apply: Callable[[Resource], Any], if_match: int | None = None) -> Stored:
        """FHIR patch: `apply` makes the new content of the old (http.html#patch)."""
        stored = present(self._changeable(type, id, "u"))
        check_version(stored, if_match)
        resource = document.decode(stored.body)
        try:
            patched = apply(resource)
            check_patched(patched, stored)
            check_valid(self.definitions, patched)
        except RecursionError:
            raise Invalid("The patch nests the resource too deeply") from None
        self._check_owner(stored, patched)
        return self._put(patched, stored.version, "PATCH", action="u")

    def match(self, type: str, criteria: str, *expression: str) -> Stored | None:
        """The one resource that the criteria find; none: None; several: PreconditionFailed (http.html#ccreate)."""
        with at(*expression):
            query = self._conditional(type, criteria)
        matches = self.seen.search(query).matches
        if len(matches) > 1:
            raise PreconditionFailed("The criteria match several resources; add an identifier to them", *expression)
        return matches[0] if matches else None

    def _conditional(self, type: str, criteria: str) -> Query:
        # Some clients send the whole `Patient?identifier=…` where the part behind the question mark is meant.
        params = parse_qsl(criteria.strip().removeprefix(f"{type}?").removeprefix("?"), keep_blank_values=True)
        query, unknown = parse(self.definitions, type, params, base=self.base, now=self.transaction.now)
        if unknown:
            names = ", ".join(map(printable, unknown))
            raise Invalid(f"Unknown search parameters in the criteria: {names}")
        if not query.criteria:
            raise Invalid("The criteria are empty; they would match every resource")
        return Query(type, query.criteria, count=2, want_total=False)

    # --- what the caller may change ---------------------------------------------------------------------------------

    @property
    def seen(self) -> SeenTransaction:
        """What is there for the caller, with what this transaction has written."""
        return SeenTransaction(self.transaction, self.sight)

    def check_free(self, type: str, id: str, *expression: str) -> None:
        """Raises where a resource of a new identity cannot be written under an id that its sender chose."""
        if not self.sight.allows_all(type, "u"):
            raise unwritable(type, *expression)
        taken = self.transaction.read(type, id)
        if taken is not None and not taken.deleted:
            raise Conflict("The body's id belongs to a resource that the criteria do not find", *expression)

    def _writable(self, type: str, id: str) -> Stored | None:
        """What an update replaces. For a caller who reaches only some resources, an unused id is like any other that
        it does not reach: which of them are in use is nothing that it may learn."""
        stored = self.seen.read(type, id, "u")
        if stored is None and not (self.sight.allows_all(type, "u") and self.transaction.read(type, id) is None):
            raise unwritable(type)
        return stored

    def _changeable(self, type: str, id: str, action: str) -> Stored | None:
        """What the caller may change; None for what is not there for it."""
        stored = self.seen.read(type, id, action)
        if stored is None and self.sight.allows(type, "r") and self.seen.read(type, id) is not None:
            raise unwritable(type)
        return stored

    def _check_owner(self, stored: Stored | None, resource: Resource | None) -> None:
        """What is sent as it is, and what is said of our copy alone (labels), changes nothing of the EMR's."""
        if stored is None or stored.deleted:
            return
        check_stays(stored, resource)
        if self.ownership is None:
            return
        refusal = self.ownership.refusal(self.transaction, stored)
        if refusal and (resource is None or _content(resource) != _content(document.decode(stored.body))):
            raise refusal

    def check(self, resource: Resource) -> None:
        """Refuses what a create, or with an id an update, would refuse; writes nothing."""
        if "id" not in resource:
            self._check_content({**resource, "id": str(uuid4())}, "c")
            return
        self._check_owner(self._writable(resource["resourceType"], resource["id"]), resource)
        self._check_content(resource, "u")

    def _check_content(self, resource: Resource, action: str) -> None:
        own_definitions.check_write(resource)
        if not self.sight.admits(resource, action):
            raise outside(resource["resourceType"])
        self._check_demands(resource)

    def _put(self, resource: Resource, version_before: int, method: str = "PUT", *, action: str = "c") -> Stored:
        self._check_content(resource, action)
        admitted = self.guard.admitted(self.transaction, resource) if self.guard is not None else resource
        stored = self.transaction.put(admitted, method)
        if stored.version != version_before:
            self.written.append(stored)
        return self.guard.shown(stored) if self.guard is not None else stored

    def _check_demands(self, resource: Resource) -> None:
        """Every road of a client's write comes by here, so that none leads around what its organisation demands."""
        if self.demanded is None:
            self.demanded = demanded_by(self.transaction.connection, self.transaction.org)
        type = resource["resourceType"]
        if type in self.demanded:
            check_valid(self.definitions, resource, {type: self.demanded[type]})


@contextmanager
def at(*expression: str) -> Iterator[None]:
    """What is refused inside is told to be wrong at that place."""
    try:
        yield
    except ClientFault as fault:
        if expression:
            fault.issues = tuple(replace(issue, expression=expression) for issue in fault.issues)
        raise


def unwritable(type: str, *expression: str) -> Forbidden:
    """The same whether there is such a resource or not."""
    return Forbidden(f"The token does not allow to write this {type}", *expression)


def outside(type: str) -> Forbidden:
    return Forbidden(
        f"The token does not allow to write this {type}: it has to be of the patient and within the search parameters "
        "that its scopes name, refer to no other patient, and bear no label that the client has no purpose of use for",
        type,
    )


def check_version(stored: Stored | None, if_match: int | None) -> None:
    """A deletion is a version too: whoever saw it may write upon it."""
    if if_match is not None and (stored is None or stored.version != if_match):
        raise PreconditionFailed("If-Match: the resource is at another version; read it and try again")


def present(stored: Stored | None) -> Stored:
    if stored is None:
        raise NotFound("There is no resource with this type and id")
    if stored.deleted:
        raise Gone("The resource was deleted")
    return stored


def check_patched(resource: Any, before: Stored) -> None:
    """A patch leaves alone what makes the resource this one."""
    if not isinstance(resource, dict):
        raise Invalid("The patch leaves no resource")
    meta, version = resource.get("meta"), str(before.version)
    unchanged = {
        "resourceType": resource.get("resourceType") == before.type,
        "id": resource.get("id") == before.id,
        "meta.versionId": not isinstance(meta, dict) or meta.get("versionId", version) == version,
    }
    for name, holds in unchanged.items():
        if not holds:
            raise Invalid("A patch cannot change this element", f"{before.type}.{name}")


def _content(resource: Resource) -> Resource:
    return {name: value for name, value in resource.items() if name != "meta"}


def check_id(id: object, *expression: str) -> str:
    if not isinstance(id, str) or not ID.fullmatch(id):
        raise Invalid("An id is 1 to 64 letters, digits, hyphens and dots", *expression)
    return id


def check_type(resource: Resource, type: str) -> None:
    if resource.get("resourceType") != type:
        raise Invalid(f"The URL is of a {type}, the body is not", "resourceType")


def check_identity(resource: Resource, type: str, id: str) -> None:
    """An update's body has to say what its URL says (http.html#update)."""
    check_type(resource, type)
    if resource.get("id") != id:
        raise Invalid("The body's id is not the id in the URL", f"{type}.id")
