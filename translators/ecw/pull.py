"""Pulling from eCW, which has no search by time of change and tells nobody of changes: stage after stage (run.py).

Known patients are read again, the oldest reading first, as many as the pull's share of the practice's calls allows; the
others come first in the next run. What changed is found by content.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.faults import EmrFault, EmrNonsense, EmrRefused
from gateway.translation.contract import Account, Acquainted, Flow, Linked, Moment, Pulled, PullPage, Whole, send
from gateway.translation.known import place_of
from translators.ecw import chart, export, newcomers
from translators.ecw.facade import MAPS
from translators.ecw.run import LISTS, OF_PATIENT, Cursor, Run, Stages, Step, metered, resumed, written
from translators.ecw.run import PULLED as PULLED

CLOSED: Mapping[str, Mapping[str, Any]] = {
    "Organization": {"active": False},
    "Location": {"status": "inactive"},
    "Practitioner": {"active": False},
}
"""What an entry says that its list no longer has."""
SPENT = (
    "this pull's share of the practice's calls was used up: the patients that it did not read again come first in the "
    "next one (settings pull_share and poll_minutes)"
)


def pull(
    account: Account, cursor: str | None, acquainted: Acquainted, moment: Moment, types: frozenset[str]
) -> Flow[PullPage]:
    run = Run.of(account, acquainted, moment, types)
    place = resumed(cursor, run)
    stage = place.stage or _following(run, None)
    if stage is None:
        return PullPage((), written(place.kept()), more=False, total=0)
    step, calls, sent = yield from metered(STAGES[stage](run, place.but(run=run.started, stage=stage)))
    onward = step.place.but(calls=place.calls + calls)
    following = _following(run, stage) if step.is_over else stage
    after = onward.kept() if following is None else onward.but(stage=following)
    total = len(run.known) if run.wants("Patient", *OF_PATIENT) else 0
    more = following is not None
    wait = max(step.wait, run.pause(onward.calls, sent)) if more else 0.0
    return PullPage(step.charts, written(after), more, total, notes=step.notes, wait=wait)


def _following(run: Run, stage: str | None) -> str | None:
    """The next stage that has something to do; None behind the last one."""
    names = list(STAGES)
    left = names[names.index(stage) + 1 :] if stage else names
    return next((name for name in left if WANTED[name](run)), None)


def lists(run: Run, place: Cursor) -> Flow[Step]:
    """One list, whole, on one page: what is not in it is gone."""
    wanted = [type for type in LISTS if type in run.types]
    type = place.list or wanted[0]
    reply = yield from send(run.search(type, ()))
    found, is_whole = yield from chart.everything(run, type, reply)
    parts = tuple(chart.part(run, type, record) for record in found)
    whole = Whole(MAPS[type].bound(run.account.bindings), CLOSED[type]) if is_whole and parts else None
    later = wanted[wanted.index(type) + 1 :]
    charts = (Pulled(None, parts, whole=whole),) if parts else ()
    return Step(charts, place.but(list=later[0] if later else ""), is_over=not later)


def known(run: Run, place: Cursor) -> Flow[Step]:
    """Some of the known patients again; one at least in each run, however small its share."""
    room = run.room(place)
    is_first = place.looked < 0
    waiting = run.known.stalest(run.started, place.place, max(room, 1) + 1)
    if not waiting or (room < 1 and not is_first):
        return Step((), place, is_over=True, notes=(SPENT,) if waiting else ())
    taken = waiting[: max(room, 1)]
    charts = yield from _read_again(run, taken, has_answered=place.calls > 0)
    looked, after = place_of(taken[-1])
    return Step(charts, place.but(looked=looked, after=after), is_over=len(waiting) == len(taken))


def _read_again(run: Run, known: Sequence[Linked], *, has_answered: bool) -> Flow[tuple[Pulled, ...]]:
    """One chart that eCW cannot tell stops no other; where it can tell none of several the fault is no chart's.

    `has_answered`: eCW has told something in this run, so that the one chart of a page may be at fault itself.
    """
    charts: list[Pulled] = []
    unreadable: list[EmrFault] = []
    for link in known:
        try:
            charts.append((yield from chart.chart(run, link)))
        except (EmrNonsense, EmrRefused) as fault:
            unreadable.append(fault)
            charts.append(Pulled(link.external_id, (), link.local_id, incomplete=(f"a readable chart ({fault})",)))
    if len(unreadable) == len(known) and (len(known) > 1 or not has_answered):
        raise unreadable[-1]
    return tuple(charts)


STAGES: Stages = {"lists": lists, "known": known, "new": newcomers.search, "export": export.export}
WANTED = {
    "lists": lambda run: run.wants(*LISTS),
    "known": lambda run: run.wants("Patient", *OF_PATIENT) and len(run.known) > 0,
    "new": newcomers.are_wanted,
    "export": export.is_wanted,
}
