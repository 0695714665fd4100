"""The pull: lists first, then every patient with all details, twenty at a time."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from gateway.faults import EmrNonsense
from gateway.translation.contract import Account, Call, Flow, Linked, Pulled, PullPage, gather, send
from gateway.translation.rows import Record
from translators.ritten.chart import IN_CHART, Reader
from translators.ritten.system import listed
from translators.ritten.walk import LIMIT, Place, page

LISTS = ("Location", "Practitioner", "Organization")


def pull(account: Account, cursor: str | None, known: Sequence[Linked], types: frozenset[str]) -> Flow[PullPage]:
    reader = Reader.of(account)
    place = Place.parse(cursor)
    lists = (yield from _lists(reader, types)) if place is None else ()
    if types and not types & IN_CHART:
        return PullPage(lists, None, more=False)
    found, after = yield from page(place or Place())
    documents = yield from details([item["id"] for item in found])
    sent = {link.external_id: link.record["ssn"] for link in known if link.record and "ssn" in link.record}
    charts = tuple(reader.chart(_with_sent(document, sent), types) for document in documents)
    return PullPage((*lists, *charts), str(after) if after else None, more=after is not None)


def _with_sent(document: Record, sent: dict[str | None, str]) -> Record:
    """Ritten takes a social security number and never tells it: what we sent is remembered in the record."""
    return document | {"ssn": sent[document["id"]]} if document["id"] in sent else document


def details(ids: Sequence[str]) -> Flow[list[Record]]:
    """The documents of those that still exist."""
    paths = (f"/patients/{quote(id, safe='')}" for id in ids)
    replies = yield from gather([Call("GET", path, accepts=frozenset({404})) for path in paths])
    documents = [reply.json() for reply in replies if reply.status == 200]
    if not all(isinstance(document, dict) and isinstance(document.get("id"), str) for document in documents):
        raise EmrNonsense("Ritten answered a patient without an id")
    return documents


def _lists(reader: Reader, types: frozenset[str]) -> Flow[tuple[Pulled, ...]]:
    found = []
    for type in LISTS:
        if not types or type in types:
            entries = yield from directory(type)
            parts = tuple(reader.part(type, entry) for entry in entries if entry.get("id"))
            found.append(Pulled(None, parts))
    return tuple(pulled for pulled in found if pulled.parts)


def directory(type: str, name: str | None = None) -> Flow[list[Record]]:
    """All of a list: facilities, staff or payers."""
    if type == "Location":
        return (yield from _facilities(name))
    path = {"Practitioner": "/staff", "Organization": "/insurance/payers"}[type]
    entries = (yield from send(Call("GET", path))).json()
    if not isinstance(entries, list):
        raise EmrNonsense("Ritten answered a list in another form")
    return entries


def _facilities(name: str | None) -> Flow[list[Record]]:
    found: list[Record] = []
    chosen = (("search", name),) if name else ()
    while True:
        query = (*chosen, ("limit", str(LIMIT)), ("offset", str(len(found))))
        entries, total = listed((yield from send(Call("GET", "/facilities", query=query))), "facilities")
        found += entries
        if not entries or (len(entries) < LIMIT if total is None else len(found) >= total):
            return found
