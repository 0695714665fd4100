"""The pull: lists first, then every page of every status, then some of the known patients in full.

A page of a list costs one call for twenty patients. Those whom it shows as they were are not read again; the others are
read in full. What lists do not tell is found by the sweep. An account of 5,000 patients in which nothing has changed
costs about 270 calls for the lists and 1,000 for the sweep, beside the persons that relationships name; reading
everybody would cost 10,000. A pull that names types reads everybody in full.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.translation.contract import Account, Acquainted, Flow, Linked, Moment, Pulled, PullPage
from gateway.translation.known import known_of
from gateway.translation.pulled import Whole
from translators.ritten.chart import IN_CHART, Reader
from translators.ritten.directory import granted
from translators.ritten.gone import GONE
from translators.ritten.reading import charts
from translators.ritten.sweep import begun, reaches_all, sweep
from translators.ritten.unchanged import is_known
from translators.ritten.walk import START, SWEEP, Place, page

NAMES = {"Location": "facilities", "HealthcareService": "programs", "Practitioner": "staff", "Organization": "payers"}
LISTS = tuple(NAMES)
STAYING = frozenset({"Practitioner"})
"""Charts tell of clinicians who are on the staff's list no more."""


def pull(
    account: Account, cursor: str | None, known: Acquainted, moment: Moment, types: frozenset[str]
) -> Flow[PullPage]:
    reader, people = Reader.of(account), known_of(known)
    place = Place.parse(cursor, chosen=bool(types))
    if place.leg == SWEEP:
        return (yield from sweep(account, reader, place, people, moment))
    lists: tuple[Pulled, ...] = ()
    notes: tuple[str, ...] = ()
    if place.leg == START:
        lists, notes = yield from _lists(reader, types)
        place = place.first
    if types and not types & IN_CHART:
        return PullPage(lists, None, more=False, notes=notes)
    found, after = yield from page(place)
    here = people.of([entry["id"] for entry in found])
    news = [entry["id"] for entry in found if types or not is_known(entry, here)]
    read = yield from charts(reader, news, here, types)
    if after is None and not types:
        after = begun(account, people)
    following = None if after is None else str(after)
    same = 0 if not types and reaches_all(account, people) else len(found) - len(news)
    return PullPage((*lists, *read), following, after is not None, gone=len(found), notes=notes, unchanged=same)


def fetch(account: Account, keys: Sequence[str], known: Acquainted) -> Flow[tuple[Pulled, ...]]:
    """Those charts as they are now."""
    people: Mapping[str, Linked] = known_of(known).of(keys)
    return (yield from charts(Reader.of(account), keys, people, frozenset()))


def _lists(reader: Reader, types: frozenset[str]) -> Flow[tuple[tuple[Pulled, ...], tuple[str, ...]]]:
    """Those that are wanted and not empty, and what to tell of those that were not granted."""
    found, notes = [], []
    for type in LISTS:
        if not types or type in types:
            entries = yield from granted(type)
            if entries:
                whole = None if type in STAYING else Whole(reader.lenses[type], GONE)
                found.append(Pulled(None, tuple(reader.part(type, entry) for entry in entries), whole=whole))
            elif entries is None:
                notes.append(f"Ritten has not granted the list of {NAMES[type]} (403), which is not taken: ask for it")
    return tuple(found), tuple(notes)
