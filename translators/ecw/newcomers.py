"""Patients of the practice whom nobody here knows, found by their encounters.

eCW lists no patients without criteria. What its CapabilityStatement does declare is the search of encounters by date,
without a patient: whoever has had an encounter since the last look is found so. Who has none is found by a Group export
(export.py), or when the CRM sends the patient.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from gateway.translation.contract import Flow, send
from gateway.translation.rows import Record
from translators.ecw import chart
from translators.ecw.relative import below
from translators.ecw.run import NEW_DAYS, Cursor, Run, Step
from translators.ecw.searchset import PAGES, matches, next_query

REFUSALS = frozenset({400, 403, 422})
REFUSED = (
    "eClinicalWorks does not search encounters by date here: patients whom nobody here knows come by a Group export "
    "(setting group), or when the CRM sends them"
)
MISSED = "eClinicalWorks could not tell the chart of a patient whom nobody here knows yet: the next pull asks again"
OVERLAP = timedelta(days=1)
"""Encounters of the last day are asked for once more: eCW's day and ours begin at different times."""


def are_wanted(run: Run) -> bool:
    days = float(run.account.settings.get("new_days", NEW_DAYS))
    return run.is_full and run.wants("Patient") and run.wants("Encounter") and days > 0


def search(run: Run, place: Cursor) -> Flow[Step]:
    """A page of encounters, and the charts of the patients in it who are new."""
    if run.room(place) < 1:
        return Step((), place.but(query=(), page=0), is_over=True)
    query = place.query or (("date", f"ge{place.searched or _first_day(run)}"),)
    reply = yield from send(run.search("Encounter", query, accepts=REFUSALS))
    if reply.status in REFUSALS:
        return Step((), place.but(query=(), page=0), is_over=True, notes=(REFUSED,))
    bundle = reply.json()
    keys = list(dict.fromkeys(patients(run, matches(bundle, "Encounter"))))
    known = run.known.of(keys)
    charts, missed = yield from chart.new_charts(run, [key for key in keys if key not in known])
    missed = missed or place.missed
    following = next_query(bundle)
    if following and following != place.query and place.page < PAGES:
        return Step(charts, place.but(query=following, page=place.page + 1, missed=missed), is_over=False)
    searched = place.searched if missed else f"{(run.now - OVERLAP).date()}"
    notes = (MISSED,) if missed else ()
    return Step(charts, place.but(query=(), page=0, missed=False, searched=searched), is_over=True, notes=notes)


def patients(run: Run, records: Iterable[Record], place: str = "subject") -> Iterable[str]:
    """The keys of the patients that the records are about."""
    for record in records:
        reference = below(record, run.account.base_url).get(place)
        type, _, key = str((reference or {}).get("reference", "")).partition("/")
        if type == "Patient" and key:
            yield key


def _first_day(run: Run) -> str:
    days = float(run.account.settings.get("new_days", NEW_DAYS))
    return f"{(run.now - timedelta(days=days)).date()}"
