"""The sweep behind each walk: known patients whom the lists show unchanged are read in full, in turn.

What a list does not tell (an address, a policy, a guardian) changes unseen. So does a patient who is in no list any
more. Each walk therefore reads every patient of a small clinic, and of a larger one those who were not read for the
longest time; nobody is left out however long a walk takes or fails.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gateway.faults import Misconfigured
from gateway.translation.contract import Account, Flow, Linked, Moment, Pulled, PullPage
from gateway.translation.known import Known, place_of
from translators.ritten.chart import Reader
from translators.ritten.reading import charts
from translators.ritten.walk import LIMIT, SWEEP, Place

WALKS = "24"
"""Walks until everybody was read: a day of hourly ones."""
SMALL = 500
"""As many are read by every walk, however many there are."""
GONE = "a patient whom Ritten had is there no more (404): merged or removed; the record here stays"
ALL: frozenset[str] = frozenset()


def begun(account: Account, known: Known[Linked]) -> Place | None:
    """The place behind the last status; None where nobody is known."""
    quota = _quota(account, len(known))
    return Place(SWEEP, quota) if quota else None


def reaches_all(account: Account, known: Known[Linked]) -> bool:
    """Whether everybody will be read before the walk ends."""
    return _quota(account, len(known)) == len(known)


def _quota(account: Account, count: int) -> int:
    return min(count, max(SMALL, -(-count // _walks(account))))


def sweep(account: Account, reader: Reader, place: Place, known: Known[Linked], moment: Moment) -> Flow[PullPage]:
    """Whoever was read since this pull began is not read again."""
    began = int(moment.now.timestamp() * 1_000_000)
    batch = known.stalest(began, (place.seen, place.last), min(LIMIT, place.offset))
    people: Mapping[str, Linked] = {link.external_id or "": link for link in batch}
    found = yield from charts(reader, list(people), people, ALL)
    there = {pulled.patient_key for pulled in found}
    gone = tuple(Pulled(key, ()) for key in people if key not in there)
    after = _after(place, batch[-1], len(batch)) if batch else None
    following = None if after is None else str(after)
    notes = (GONE,) if gone else ()
    counted = not reaches_all(account, known)
    return PullPage((*found, *gone), following, after is not None, notes=notes, counted=counted)


def _after(place: Place, last: Linked, count: int) -> Place | None:
    seen, key = place_of(last)
    return replace(place, offset=place.offset - count, seen=seen, last=key) if place.offset > count else None


def _walks(account: Account) -> int:
    text = account.settings.get("full_walks", WALKS)
    if not text.isdigit() or int(text) < 1:
        raise Misconfigured("full_walks is no number from 1: give it with --set full_walks=24")
    return int(text)
