"""Pulls. The first walks the census, every later one asks for what KIPU updated since; both in pages, with details.

The cursor is JSON: between pulls `{"since": T}`; within one `since` (absent in the first), `upto`, which is the next
pull's `since`, `page`, and `head`, the first chart of the page before: some lists repeat their last page for ever.

Nothing is missed although rows move between pages while we turn them: KIPU's window counts in days, so each pull sees
at least a day of the one before again, and of what it sees only charts whose `last_updated_at` is the known record's
are skipped. The census, which has no such overlap, is walked twice; the second time only what moved is fetched.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.faults import Misconfigured
from gateway.translation.contract import Account, Acquainted, Flow, Linked, Moment, Part, Pulled, PullPage, gather, send
from gateway.translation.known import Known, known_of, person_of
from gateway.translation.rows import Record
from translators.kipu import calls, casefile
from translators.kipu.chart import pulled
from translators.kipu.location import SITE, places
from translators.kipu.system import get, listed, pages

OPTIONAL = frozenset({404, 410})
"""A list that is switched off for the instance does not stop the charts."""
WALKS = 2


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a pull stands. `since` None: the first load."""

    since: str | None
    upto: str
    page: int = 1
    walk: int = 1
    head: str | None = None

    @classmethod
    def read(cls, text: str | None, now: datetime) -> Cursor:
        try:
            kept = json.loads(text) if text else {}
            return cls(**{"since": None, "upto": now.isoformat(), **kept})
        except (ValueError, TypeError) as error:
            raise Misconfigured("the stored cursor of this connection cannot be read; reset it to load anew") from error

    def written(self) -> str:
        kept = {"since": self.since, "upto": self.upto, "page": self.page, "walk": self.walk, "head": self.head}
        return json.dumps(kept, separators=(",", ":"))

    @property
    def done(self) -> str:
        return json.dumps({"since": self.upto}, separators=(",", ":"))

    @property
    def is_first_page(self) -> bool:
        return self.page == 1 and self.walk == 1


def pull(
    account: Account, cursor: str | None, acquainted: Acquainted, moment: Moment, types: frozenset[str]
) -> Flow[PullPage]:
    at, known = Cursor.read(cursor, moment.now), known_of(acquainted)
    lists: tuple[Pulled, ...] = ()
    if at.is_first_page and (not types or "Location" in types):
        lists = yield from _lists(account)
    if types and types <= {"Location", "Organization"}:
        return PullPage(lists, cursor, more=False)
    return (yield from _page(account, at, known, lists))


def _page(account: Account, at: Cursor, known: Known[Linked], lists: tuple[Pulled, ...]) -> Flow[PullPage]:
    if at.since is None:
        call = calls.census(account, at.page)
    else:
        call = calls.latest(account, _time(at.since), _time(at.upto), at.page)
    reply = yield from send(call)
    rows = [row for row in listed(reply, "patients") if casefile.parts(str(row.get("casefile_id", "")))]
    head = str(rows[0]["casefile_id"]) if rows else None
    total, records = pages(reply)
    is_last = head is None or head == at.head or (total is not None and at.page >= total)
    charts = yield from _charts(account, rows, known)
    after = _after(at, head, is_last)
    return PullPage((*lists, *charts), after.written() if after else at.done, after is not None, records)


def _after(at: Cursor, head: str | None, is_last: bool) -> Cursor | None:
    if not is_last:
        return Cursor(at.since, at.upto, at.page + 1, at.walk, head)
    if at.since is None and at.walk < WALKS:
        return Cursor(None, at.upto, 1, at.walk + 1)
    return None


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise Misconfigured("the stored cursor of this connection cannot be read; reset it to load anew") from error


def _charts(account: Account, rows: Sequence[Record], known: Known[Linked]) -> Flow[list[Pulled]]:
    """Each changed chart once, in full, older stays first; one that vanished in between is left out."""
    people = _people(rows, known)
    keys = dict.fromkeys(str(row["casefile_id"]) for row in rows if not _is_known(row, people))
    replies = yield from gather([calls.detail(account, key, accepts=calls.MISSING) for key in keys])
    records = [calls.patient_of(reply) for reply in replies if reply.status != 404]
    charts = []
    for record in sorted(records, key=casefile.number):
        key = str(record["casefile_id"])
        link = people.get(person_of(key))
        charts.append(pulled(account, record, link))
        # A second stay of the same person within the page: it must not become a second patient.
        people.setdefault(person_of(key), Linked(casefile.our_id(record) or "", key))
    return charts


def _people(rows: Sequence[Record], known: Known[Linked]) -> dict[str, Linked]:
    """Who of the rows is known, from the same stay or another one."""
    return dict(known.persons({person_of(str(row["casefile_id"])) for row in rows}))


def _is_known(row: Record, people: Mapping[str, Linked]) -> bool:
    updated, link = row.get("last_updated_at"), people.get(person_of(str(row["casefile_id"])))
    record = (link.record if link else None) or {}
    return (
        bool(updated) and record.get("casefile_id") == row["casefile_id"] and record.get("last_updated_at") == updated
    )


def _lists(account: Account) -> Flow[tuple[Pulled, ...]]:
    sites, occupied = yield from gather(
        (
            get(account, "/api/locations", ("include_buildings", "true"), accepts=OPTIONAL),
            get(account, "/api/patients/occupancy", ("phi_level", "low"), accepts=OPTIONAL),
        )
    )
    rows: list[Record] = [] if sites.status in OPTIONAL else listed(sites, "locations")
    if occupied.status not in OPTIONAL:
        rows += [place for name in ("buildings", "beds") for place in _occupancy(occupied.json(), name)]
    parts: dict[str, Part] = {}
    for row in rows:
        for part in _places(account, row):
            parts.setdefault(part.key, part)
    return (Pulled(None, tuple(parts.values())),) if parts else ()


def _occupancy(body: Any, name: str) -> Iterator[Record]:
    """KIPU does not publish the items; those that name their places as a patient's document does are taken."""
    rows = body.get(name) if isinstance(body, dict) else None
    return (row for row in rows or () if isinstance(row, dict))


def _places(account: Account, row: Mapping[str, Any]) -> Iterator[Part]:
    for place in places(row):
        around = {"partOf": f"emr:Location/{place.within}"} if place.within else {}
        if place.map is not SITE or "location_name" in place.record:
            yield Part(place.map.bound(account.bindings), place.key, place.record, references=around)
