"""FHIR operation $everything on a Patient (https://hl7.org/fhir/R4/patient-operation-everything.html).

Matches are the patient and the members of its compartment, as the CompartmentDefinition has it; includes are the
resources that support them, practitioners, organizations, locations, binaries, as far as these are about no other
patient. `start` and `end` are dates of care (care_dates.py) and `_since` is about each resource's own last change.

R4 declares the operation on the type too, for all patients of the caller; here that is what $export is for.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

import msgspec
from cryptography.exceptions import InvalidTag
from starlette.responses import Response

from gateway.access.seen import SeenConnection
from gateway.faults import Invalid, Issue
from gateway.formats import CONTENT_TYPE
from gateway.interactions.changes import present
from gateway.interactions.exchange import Exchange
from gateway.interactions.searchset import searchset
from gateway.operations.care_dates import CARE_DATES
from gateway.operations.parameters import Arguments, Given, Takes, moment, received, whole_number
from gateway.search import paging
from gateway.store.given_out import told
from gateway.store.record_sql import MAX_LINKED, PATIENT, RecordPage, RecordQuery

TAKES = (
    Takes("start", ("valueDate",)),
    Takes("end", ("valueDate",)),
    Takes("_since", ("valueInstant",)),
    Takes("_type", ("valueCode",), many=True),
    Takes("_count", ("valueInteger",)),
    Takes(paging.PAGE, ()),
)
MOST = 1000
"""Resources of a page; a record of up to as many is answered whole, as the specification asks."""
NO_PART = frozenset({"Subscription"})
"""Belongs to a client, whatever refers to it."""
MORE = Issue(
    f"The record refers to more than {MAX_LINKED} other resources; those beyond are left out. Read them one by one",
    code="too-costly",
    severity="warning",
)


async def everything(exchange: Exchange) -> Response:
    """GET or POST [base]/Patient/[id]/$everything"""
    exchange.require(PATIENT, "r")
    planned = plan_everything(exchange, exchange.id, await received(exchange, TAKES))
    body = await exchange.store.within(lambda seen: everything_body(exchange, planned, seen))
    return Response(body, media_type=CONTENT_TYPE)


@dataclass(frozen=True, slots=True)
class PlannedEverything:
    """A record ready to be read, and what its links have to repeat."""

    query: RecordQuery
    known: Sequence[tuple[str, str]]


def plan_everything(exchange: Exchange, id: str, asked: Arguments) -> PlannedEverything:
    """Raises Forbidden where the token does not reach the patient or a type that is named."""
    exchange.require(PATIENT, "r")
    start, end, since = (moment(asked.one(name)) for name in ("start", "end", "_since"))
    if start and end and start[0] >= end[1]:
        raise Invalid("`start` is after `end`", "start", "end")
    members = readable_members(exchange)
    dates = {type: CARE_DATES[type] for type in sorted({type for type, _ in members}) if type in CARE_DATES}
    query = RecordQuery(
        patient=id,
        base=exchange.base,
        members=members,
        linked=linked_types(exchange),
        types=asked_types(exchange, asked.all("_type")),
        since=since[0] if since else None,
        starts=start[0] if start else None,
        ends=end[1] if end else None,
        begin_dates=tuple((type, param) for type, each in dates.items() for param in each.begins),
        end_dates=tuple((type, param) for type, each in dates.items() for param in each.ends),
        count=whole_number(asked.one("_count"), 0, MOST, MOST),
    )
    if token := asked.one(paging.PAGE):
        query = replace(query, after=opened(exchange, query, token.text))
    return PlannedEverything(query, [(each.name, each.text) for each in asked.given if each.name != paging.PAGE])


def everything_body(exchange: Exchange, planned: PlannedEverything, seen: SeenConnection) -> bytes:
    """A searchset; NotFound or Gone where there is no such patient."""
    told(present(seen.read(PATIENT, planned.query.patient)))
    page = seen.record(planned.query)
    links = links_of(exchange, planned, page)
    issues = (MORE,) if page.cut else ()
    return searchset(exchange.base, page.matches, page.linked, page.total, links, issues)


def links_of(exchange: Exchange, planned: PlannedEverything, page: RecordPage) -> dict[str, str]:
    place = f"{exchange.base}/{PATIENT}/{planned.query.patient}/$everything"
    links = {"self": f"{place}?{urlencode(planned.known)}".rstrip("?")}
    if page.after is not None:
        token = sealed(exchange, planned.query, page.after)
        links["next"] = f"{place}?{urlencode([*planned.known, (paging.PAGE, token)])}"
    return links


# --- which types ----------------------------------------------------------------------------------------------------


def readable_members(exchange: Exchange) -> tuple[tuple[str, str], ...]:
    """The parameters of the compartment, of types that the caller may search and read."""
    definitions = exchange.services.definitions
    return tuple(
        (type, param)
        for type, params in sorted(definitions.patient_compartment.items())
        if type in definitions.served and all(exchange.sight.allows(type, action) for action in "rs")
        for param in params
    )


def linked_types(exchange: Exchange) -> frozenset[str]:
    """Types outside the compartment that the caller may read."""
    definitions = exchange.services.definitions
    outside = definitions.served - definitions.patient_compartment.keys() - {PATIENT, *NO_PART}
    return frozenset(type for type in outside if exchange.sight.allows(type, "r"))


def asked_types(exchange: Exchange, given: Iterable[Given]) -> frozenset[str] | None:
    named = [(type, each.place) for each in given for type in each.text.split(",")]
    definitions = exchange.services.definitions
    for type, place in named:
        if type not in definitions.served:
            raise Invalid("`_type` names a type that this server does not have", place)
        exchange.require(type, "r", place)
        if type in definitions.patient_compartment and type != PATIENT:
            exchange.require(type, "s", place)
    return frozenset(type for type, _ in named) or None


# --- page links -----------------------------------------------------------------------------------------------------


def sealed(exchange: Exchange, query: RecordQuery, after: tuple[int, int]) -> str:
    cipher = paging.cipher(exchange.services.paging_key)
    return urlsafe_b64encode(cipher.encrypt(msgspec.json.encode(after), binding(exchange, query))).decode().rstrip("=")


def opened(exchange: Exchange, query: RecordQuery, token: str) -> tuple[int, int]:
    cipher = paging.cipher(exchange.services.paging_key)
    try:
        if len(token) > paging.LONGEST or not token.isascii():
            raise ValueError(token)
        after = cipher.decrypt(urlsafe_b64decode(token + "=" * (-len(token) % 4)), binding(exchange, query))
    except (InvalidTag, ValueError):
        raise Invalid("This page link is not valid here; start from the first page", paging.PAGE) from None
    return msgspec.json.decode(after, type=tuple[int, int])


def binding(exchange: Exchange, query: RecordQuery) -> list[bytes]:
    """A link continues this record, for this client, with what was asked for; it grants nothing."""
    asked = (query.patient, sorted(query.types or ()), query.since, query.starts, query.ends)
    bound = repr((exchange.realm.org, exchange.sight.identity, asked))
    return [b"everything", hashlib.sha256(bound.encode()).digest()]
