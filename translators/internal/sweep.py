"""The sweep behind each pull: known patients are read in full, in turn, the oldest reading first.

An allergy that staff enter moves no patient's `updated_at`, and no list of the API shows the allergies of all. Each
pull therefore reads everybody of a small practice, and of a larger one those who were not read for the longest time;
nobody is left out however often a pull fails. Ten calls are made for each of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec

from gateway.faults import Misconfigured
from gateway.translation.contract import Account, Flow, Linked, Moment, Pulled, gather
from gateway.translation.known import Known, place_of
from translators.internal.operations import get_patient, patient_of
from translators.internal.reading import Wanted, charts

WALKS = "24"
"""Pulls until everybody was read: six hours of those every quarter."""
SMALL = 100
"""As many are read by every pull, however many there are."""
PAGE = 20
GONE = "a patient whom the EMR had is there no more (404); the record here stays"


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """How many are still to be read, and where the last one stood."""

    left: int = 0
    seen: int = -1
    last: str = ""
    began: int = 0
    """The pull, UTC microseconds: whoever was read since is not read again."""


@dataclass(frozen=True, slots=True)
class Swept:
    """One page of it."""

    charts: tuple[Pulled, ...]
    following: Place | None
    count: int
    notes: tuple[str, ...] = ()


def microseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)


def begun(account: Account, known: Known[Linked], began: int) -> Place | None:
    """None where nobody is known."""
    count = len(known)
    quota = min(count, max(SMALL, -(-count // _walks(account))))
    return Place(quota, began=began) if quota else None


def sweep(account: Account, place: Place, known: Known[Linked], moment: Moment) -> Flow[Swept]:
    batch = known.stalest(place.began, (place.seen, place.last), min(PAGE, place.left))
    keys = [link.external_id or "" for link in batch]
    replies = yield from gather([get_patient(account, key) for key in keys])
    there = [patient_of(reply) for reply in replies if reply.status != 404]
    gone = tuple(Pulled(key, ()) for key, reply in zip(keys, replies, strict=True) if reply.status == 404)
    asked = min((reply.sent for reply in replies if reply.sent is not None), default=None)
    found = yield from charts(account, there, Wanted(), asked, moment.now)
    following = _following(place, batch[-1], len(batch)) if batch else None
    return Swept((*found, *gone), following, len(batch), (GONE,) if gone else ())


def _following(place: Place, last: Linked, count: int) -> Place | None:
    seen, key = place_of(last)
    return Place(place.left - count, seen, key, place.began) if place.left > count else None


def _walks(account: Account) -> int:
    text = account.settings.get("full_walks", WALKS)
    if not text.isdigit() or int(text) < 1:
        raise Misconfigured("full_walks is no number from 1: give it with --set full_walks=24")
    return int(text)
