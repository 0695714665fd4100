"""The pull: lists first, then every page of every status, then some of the known patients in full.

A page of a list costs one call for twenty patients. Those whom it shows as they were are not read again; the others are
read in full. What lists do not tell is found by the sweep. An account of 5,000 patients in which nothing has changed
costs about 270 calls for the lists and 1,000 for the sweep, beside the persons that relationships name; reading
everybody would cost 10,000. A pull that names types reads everybody in full.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.translation.contract import Account, Acquainted, Call, Flow, Linked, Moment, Pulled, PullPage, send
from gateway.translation.known import known_of
from gateway.translation.pulled import Whole
from gateway.translation.rows import Record
from translators.ritten.chart import IN_CHART, Reader
from translators.ritten.documents import entries, listed
from translators.ritten.gone import GONE
from translators.ritten.reading import charts
from translators.ritten.sweep import begun, reaches_all, sweep
from translators.ritten.unchanged import is_known, settled
from translators.ritten.walk import LIMIT, START, SWEEP, Place, page

LISTS = ("Location", "HealthcareService", "Practitioner", "Organization")
PAGED = {"Location": ("/facilities", "facilities", LIMIT), "HealthcareService": ("/programs", "programs", 200)}
STAYING = frozenset({"Practitioner"})
"""Charts tell of clinicians who are on the staff's list no more."""
AT_ONCE = {"Practitioner": "/staff", "Organization": "/insurance/payers"}


def pull(
    account: Account, cursor: str | None, known: Acquainted, moment: Moment, types: frozenset[str]
) -> Flow[PullPage]:
    reader, people = Reader.of(account), known_of(known)
    place = Place.parse(cursor, chosen=bool(types))
    if place.leg == SWEEP:
        return (yield from sweep(account, reader, place, people, moment))
    lists: tuple[Pulled, ...] = ()
    if place.leg == START:
        lists = yield from _lists(reader, types)
        place = place.first
    if types and not types & IN_CHART:
        return PullPage(lists, None, more=False)
    found, after = yield from page(place)
    here = people.of([entry["id"] for entry in found])
    news = [entry["id"] for entry in found if types or not is_known(entry, here)]
    read = yield from charts(reader, news, here, types)
    if after is None and not types:
        after = begun(account, people)
    following = None if after is None else str(after)
    same = 0 if not types and reaches_all(account, people) else len(found) - len(news)
    return PullPage((*lists, *read), following, after is not None, gone=len(found), unchanged=same)


def fetch(account: Account, keys: Sequence[str], known: Acquainted) -> Flow[tuple[Pulled, ...]]:
    """Those charts as they are now."""
    people: Mapping[str, Linked] = known_of(known).of(keys)
    return (yield from charts(Reader.of(account), keys, people, frozenset()))


def _lists(reader: Reader, types: frozenset[str]) -> Flow[tuple[Pulled, ...]]:
    found = []
    for type in LISTS:
        if not types or type in types:
            parts = tuple(reader.part(type, entry) for entry in (yield from directory(type)))
            whole = None if type in STAYING else Whole(reader.lenses[type], GONE)
            found.append(Pulled(None, parts, whole=whole))
    return tuple(pulled for pulled in found if pulled.parts)


def directory(type: str, name: str | None = None) -> Flow[list[Record]]:
    """All of a list: facilities, programs, staff or payers."""
    if type in PAGED:
        return (yield from _paged(*PAGED[type], name))
    return [settled(entry) for entry in entries((yield from send(Call("GET", AT_ONCE[type]))).json(), type)]


def _paged(path: str, rows: str, limit: int, name: str | None) -> Flow[list[Record]]:
    found: list[Record] = []
    chosen = (("search", name),) if name else ()
    while True:
        query = (*chosen, ("limit", str(limit)), ("offset", str(len(found))))
        page, total = listed((yield from send(Call("GET", path, query=query))), rows)
        found += page
        if not page or (len(page) < limit if total is None else len(found) >= total):
            return found
