"""The pull: lists first, then every patient with all details, twenty at a time."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from gateway.translation.contract import Account, Acquainted, Call, Flow, Pulled, PullPage, gather, send
from gateway.translation.known import known_of
from gateway.translation.rows import Record
from translators.ritten.chart import IN_CHART, Reader
from translators.ritten.documents import entries, listed, patient
from translators.ritten.walk import LIMIT, Place, page

LISTS = ("Location", "Practitioner", "Organization")


def pull(account: Account, cursor: str | None, known: Acquainted, types: frozenset[str]) -> Flow[PullPage]:
    reader = Reader.of(account)
    place = Place.parse(cursor)
    lists = (yield from _lists(reader, types)) if place is None else ()
    if types and not types & IN_CHART:
        return PullPage(lists, None, more=False)
    found, after = yield from page(place or Place())
    charts = yield from _charts(reader, [item["id"] for item in found], known, types)
    return PullPage((*lists, *charts), str(after) if after else None, more=after is not None)


def fetch(account: Account, keys: Sequence[str], known: Acquainted) -> Flow[tuple[Pulled, ...]]:
    """Those charts as they are now."""
    return (yield from _charts(Reader.of(account), keys, known, frozenset()))


def _charts(reader: Reader, keys: Sequence[str], known: Acquainted, types: frozenset[str]) -> Flow[tuple[Pulled, ...]]:
    documents = yield from details(keys)
    links = known_of(known).of([document["id"] for document in documents])
    records = {key: link.record or {} for key, link in links.items()}
    sent = {key: record["ssn"] for key, record in records.items() if "ssn" in record}
    return tuple(reader.chart(_with_sent(document, sent), types) for document in documents)


def _with_sent(document: Record, sent: dict[str, str]) -> Record:
    """Ritten takes a social security number and never tells it: what we sent is remembered in the record."""
    return document | {"ssn": sent[document["id"]]} if document["id"] in sent else document


def details(ids: Sequence[str]) -> Flow[list[Record]]:
    """The documents of those that still exist."""
    paths = (f"/patients/{quote(id, safe='')}" for id in ids)
    replies = yield from gather([Call("GET", path, accepts=frozenset({404})) for path in paths])
    return [patient(reply) for reply in replies if reply.status != 404]


def _lists(reader: Reader, types: frozenset[str]) -> Flow[tuple[Pulled, ...]]:
    found = []
    for type in LISTS:
        if not types or type in types:
            parts = tuple(reader.part(type, entry) for entry in (yield from directory(type)))
            found.append(Pulled(None, parts))
    return tuple(pulled for pulled in found if pulled.parts)


def directory(type: str, name: str | None = None) -> Flow[list[Record]]:
    """All of a list: facilities, staff or payers."""
    if type == "Location":
        return (yield from _facilities(name))
    path = {"Practitioner": "/staff", "Organization": "/insurance/payers"}[type]
    return entries((yield from send(Call("GET", path))).json(), type)


def _facilities(name: str | None) -> Flow[list[Record]]:
    found: list[Record] = []
    chosen = (("search", name),) if name else ()
    while True:
        query = (*chosen, ("limit", str(LIMIT)), ("offset", str(len(found))))
        page, total = listed((yield from send(Call("GET", "/facilities", query=query))), "facilities")
        found += page
        if not page or (len(page) < LIMIT if total is None else len(found) >= total):
            return found
