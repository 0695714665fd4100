"""Pulling from eCW, which has no search by time of change: the lists of the practice, then every known patient again.

The cursor is a place in this round: a list and the query of its next page, or the last patient read. A round reads
everything in a fixed order, so whatever changes while it runs is read by it or by the next one; a finished round starts
anew.
"""

from __future__ import annotations

import msgspec

from gateway.translation.contract import (
    Account,
    Acquainted,
    Call,
    Flow,
    Linked,
    Part,
    Pulled,
    PullPage,
    Reply,
    gather,
    send,
)
from gateway.translation.known import Known, known_of
from gateway.translation.rows import Record
from translators.ecw import scopes
from translators.ecw.facade import MAPS
from translators.ecw.relative import below
from translators.ecw.searchset import PAGES, check, matches, next_query
from translators.ecw.spelling import languages_read

LISTS = ("Organization", "Location", "Practitioner")
"""In this order: a Location refers to its Organization."""
OF_PATIENT = ("Coverage", "Encounter")
PULLED = frozenset({"Patient", *OF_PATIENT, *LISTS})
CHARTS = 25
HEADERS = {"Accept": "application/fhir+json"}
GONE = frozenset({404, 410})
MATCH = {"Coverage": ("subscriberId",)}
Query = tuple[tuple[str, str], ...]


class Cursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a round stands. Empty: at its beginning."""

    list: str | None = None
    query: Query = ()
    page: int = 0
    after: str | None = None
    """The key of the last patient that was read; "" before the first."""


def pull(account: Account, cursor: str | None, acquainted: Acquainted, types: frozenset[str]) -> Flow[PullPage]:
    place, known = _place(cursor, types), known_of(acquainted)
    if place.list is not None:
        return (yield from _list_page(account, place, known, types))
    return (yield from _patients_page(account, place.after or "", known, types))


def _place(cursor: str | None, types: frozenset[str]) -> Cursor:
    try:
        place = msgspec.json.decode(cursor, type=Cursor) if cursor else Cursor()
    except msgspec.DecodeError:
        place = Cursor()
    wanted = _lists(types)
    if place.after is not None or place.list in wanted:
        return place
    return Cursor(list=wanted[0]) if wanted else Cursor(after="")


def _lists(types: frozenset[str]) -> tuple[str, ...]:
    return tuple(type for type in LISTS if not types or type in types)


def _wants_patients(types: frozenset[str]) -> bool:
    return not types or bool(types & {"Patient", *OF_PATIENT})


def _list_page(account: Account, place: Cursor, known: Known[Linked], types: frozenset[str]) -> Flow[PullPage]:
    type = place.list or ""
    reply = yield from send(_search(account, type, place.query))
    parts = tuple(_part(account, type, record) for record in matches(reply.json(), type))
    following = next_query(reply.json())
    if following and following != place.query and place.page < PAGES:
        onward = Cursor(list=type, query=following, page=place.page + 1)
    else:
        later = _lists(types)[_lists(types).index(type) + 1 :]
        onward = Cursor(list=later[0]) if later else Cursor(after="")
    more = onward.list is not None or (_wants_patients(types) and len(known) > 0)
    return _page((Pulled(None, parts),) if parts else (), onward if more else None, known)


def _patients_page(account: Account, after: str, known: Known[Linked], types: frozenset[str]) -> Flow[PullPage]:
    waiting = known.after(after, CHARTS + 1) if _wants_patients(types) else ()
    charts = []
    for link in waiting[:CHARTS]:
        charts.append((yield from _chart(account, link, types)))
    onward = Cursor(after=waiting[CHARTS - 1].external_id) if len(waiting) > CHARTS else None
    return _page(tuple(charts), onward, known)


def _page(charts: tuple[Pulled, ...], onward: Cursor | None, known: Known[Linked]) -> PullPage:
    """A finished round leaves an empty cursor, from which the next one begins."""
    written = msgspec.json.encode(onward or Cursor()).decode()
    return PullPage(charts, written, more=onward is not None, total=len(known))


def _chart(account: Account, link: Linked, types: frozenset[str]) -> Flow[Pulled]:
    key = link.external_id or ""
    wanted = [type for type in OF_PATIENT if not types or type in types]
    scope = scopes.reading(account)
    patient = Call("GET", f"/Patient/{key}", headers=HEADERS, token=scope, accepts=GONE)
    searches = [_search(account, type, (("patient", key),)) for type in wanted]
    first, *others = yield from gather([patient, *searches])
    if first.status in GONE:
        return Pulled(key, (), link.local_id, incomplete=("the patient: eClinicalWorks shows none under this id",))
    record = first.json()
    check(record, "Patient", key)
    parts = [_part(account, "Patient", record)]
    for type, reply in zip(wanted, others, strict=True):
        records = yield from _all(account, type, reply)
        parts += [_part(account, type, found) for found in records]
    return Pulled(key, tuple(parts), link.local_id)


def _all(account: Account, type: str, reply: Reply) -> Flow[list[Record]]:
    """The matches of a search, its further pages included; each resource once."""
    found: dict[str, Record] = {}
    seen: set[Query] = set()
    while True:
        found |= {record["id"]: record for record in matches(reply.json(), type)}
        following = next_query(reply.json())
        if not following or following in seen or len(seen) >= PAGES:
            return list(found.values())
        seen.add(following)
        reply = yield from send(_search(account, type, following))


def _search(account: Account, type: str, query: Query) -> Call:
    return Call("GET", f"/{type}", query, headers=HEADERS, token=scopes.reading(account, type))


def _part(account: Account, type: str, record: Record) -> Part:
    read = below(record, account.base_url)
    shown = languages_read(read) if type == "Patient" else read
    return Part(MAPS[type].bound(account.bindings), record["id"], shown, match=MATCH.get(type, ()))
