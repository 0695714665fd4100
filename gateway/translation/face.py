"""The contract of a face plugin: a REST API of another shape over the gateway's store.

A face declares operations; the gateway serves them (gateway/faces/). A handler knows neither HTTP nor the database: it
is given what was asked, checked against the operation's models, and the organisation's resources as the caller sees
them. It runs as a whole in one snapshot, or, where it writes, in one transaction, which may be repeated: it must have
no other effects. What it raises is a Fault, told in the API's own shape.

FHIR stays the truth: resources are found by FHIR search parameters, and a write goes through the rules of the FHIR
interactions, so that scopes, labels, versions, Provenance, AuditEvents, pushes and Subscriptions hold alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from pydantic import BaseModel

from gateway.faults import Fault
from gateway.translation.row import Resource

Params = tuple[tuple[str, str], ...]
"""FHIR search parameters with their values, as in a query string; literal() escapes what comes from outside."""
BY_CREATION = "_created"
"""A sort key besides FHIR's search parameters: when version 1 was written."""
_SEPARATORS = re.compile(r"([\\,|$])")


def literal(text: str) -> str:
    """A value of a search parameter that means itself (https://hl7.org/fhir/R4/search.html#escaping)."""
    return _SEPARATORS.sub(r"\\\1", text)


@dataclass(frozen=True, slots=True)
class Kept:
    """A resource as the store has it."""

    resource: Resource
    version: int
    created: datetime
    """When version 1 was written; UTC, as is `updated`."""
    updated: datetime

    @property
    def type(self) -> str:
        return str(self.resource["resourceType"])

    @property
    def id(self) -> str:
        return str(self.resource["id"])

    @property
    def reference(self) -> str:
        return f"{self.type}/{self.id}"


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for, in which order, and which part of it."""

    type: str
    params: Params = ()
    either: tuple[tuple[Params, ...], ...] = ()
    """Of each group at least one alternative holds; the parameters of an alternative hold together."""
    sort: tuple[str, ...] = ()
    """Search parameters, or BY_CREATION; `-` before one: descending. What is equal in all is in a fixed order."""
    created: tuple[datetime, datetime] | None = None
    """Version 1 was written in [from, to)."""
    count: int = 50
    skip: int = 0
    after: str | None = None
    """The end of a former page of the same search, instead of `skip`."""
    total: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """One page."""

    kept: tuple[Kept, ...]
    total: int | None = None
    end: str | None = None
    """Where the page ends, sealed for this caller and search; None where nothing follows."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many there are of each target of a reference."""

    numbers: Mapping[str, int]
    """By the target's id."""
    without: int
    """Those that refer to none."""


class Records(Protocol):
    """The organisation's resources as the caller sees them, at one moment; in a transaction, with what it has written.

    Raises Forbidden where the caller's scopes do not reach.
    """

    @property
    def now(self) -> datetime:
        """One instant for the whole operation; UTC."""

    @property
    def user(self) -> str | None:
        """The person who acts, as `Practitioner/ID` or the like; None where a program does."""

    def read(self, type: str, id: str) -> Kept | None:
        """None where there is none, where it was deleted, and where it is not for the caller."""

    def several(self, references: Iterable[str]) -> Mapping[str, Kept]:
        """Those of the references (`Type/ID`) that are there and may be read; others are left out."""

    def search(self, search: Search) -> Found: ...

    def tally(self, search: Search, by: str) -> Tally:
        """How many match, by the target of the reference parameter `by`."""

    def create(self, resource: Resource, id: str | None = None) -> Kept:
        """Raises Invalid with the places where it breaks FHIR's rules."""

    def update(self, resource: Resource, version: int | None = None) -> Kept:
        """With its id. Raises Conflict unless `version`, where given, is the current one."""

    def require(self, type: str, action: str) -> None:
        """Raises Forbidden where the caller's scopes allow it on nothing of the type; one of c r u d s."""

    def check(self, resource: Resource) -> None:
        """Raises what `create`, or for a resource with an id `update`, would raise; writes nothing."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    path: Mapping[str, str]
    query: Any = None
    """An instance of the operation's query model, as `body` is of its body model."""
    body: Any = None


Handler = Callable[[Asked, Records], Any]
"""Answers a pydantic model, or what JSON is made of; None where the answer has no body."""
Stage = Callable[[Records], Any]
"""One transaction of a long operation; answers what JSON is made of."""
Stages = Callable[[Asked], Generator[Stage, Any, Any]]
"""Yields stages, is sent what each has answered, and returns the answer.

Must yield the same stages for the same request: with an idempotency key, those that were carried out before an
interruption are not carried out again, only their answers are sent. What a stage refuses leaves those before it done:
what is to be refused as a whole is refused by the first.
"""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    """Below the organisation: `/patients/{patient_uuid}`."""
    name: str
    """The operationId."""
    summary: str
    tag: str
    handle: Handler | None = None
    stages: Stages | None = None
    """Instead of `handle`."""
    description: str = ""
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    answer: Any = None
    """The answer's type: a model, or a list of one; None where it has no body."""
    status: int = 200
    refusals: Mapping[int, str] = field(default_factory=dict)
    """Status → when, besides those that every operation has."""
    reads_only: bool | None = None
    """None: as the method says."""
    repeatable: bool = False
    """Takes an Idempotency-Key."""

    @property
    def writes(self) -> bool:
        return self.method != "GET" if self.reads_only is None else not self.reads_only


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a request, or went wrong with it. Holds no value of it."""

    place: tuple[str | int, ...]
    """`("body", "rows", 3, "last_name")`; empty where it has none."""
    text: str
    kind: str
    """A word for programs."""


@dataclass(frozen=True, slots=True)
class Face:
    """A whole API."""

    root: str
    """`/api/v1`."""
    org: str
    """The name of the path parameter for the organisation, which follows the root."""
    title: str
    version: str
    operations: tuple[Operation, ...]
    refusal: Callable[[int, tuple[Problem, ...]], Any]
    """Status and problems → the body of a refusal."""
    refused: Any
    """Its type, for the description of the API …"""
    invalid: Any
    """… and that of a refusal with status 422."""
    statuses: Mapping[type[Fault], int] = field(default_factory=dict)
    """Where the API tells a fault by another status than FHIR does."""
    description: str = ""
