"""Pulls, leg by leg and page by page, each page with the details of its charts.

The first load goes through the census, and then through the admissions of the time before (`history_days`), for who
was discharged is not in the census any more. Every later pull asks which charts and which policies KIPU updated since.
Before the charts come the lists, at most once in `LISTS_EVERY`: webhooks may start a pull every minute.

Nothing is missed although rows move between pages while we turn them: KIPU's window counts in days, so each pull sees
at least a day of the one before again, and of what it sees only charts whose `last_updated_at` is the known record's
are skipped. The census, which has no such overlap, is gone through twice; the second time only what moved is fetched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from gateway.faults import Misconfigured
from gateway.translation.contract import (
    Account,
    Acquainted,
    Call,
    Flow,
    Linked,
    Moment,
    Pulled,
    PullPage,
    Stay,
    send,
)
from gateway.translation.known import Known, known_of, person_of
from gateway.translation.rows import Record
from translators.kipu import casefile, listings
from translators.kipu.chart import CHART_TYPES
from translators.kipu.cursor import Cursor
from translators.kipu.fetch import charts
from translators.kipu.listings import OFF, Rows
from translators.kipu.lists import LIST_TYPES, LISTS
from translators.kipu.policies import is_told
from translators.kipu.referral import changed

LISTS_EVERY = timedelta(minutes=10)
WINDOW_DAYS = 30
HISTORY_DAYS = "365"
Test = Callable[[Record, Mapping[str, Linked]], bool]


@dataclass(frozen=True, slots=True)
class Leg:
    """A list of rows that name charts, which is turned page by page."""

    name: str
    rows: str
    call: Callable[[int], Call]
    is_known: Test
    path: str = ""
    """Told when it is switched off."""
    counted: bool = True
    """Its rows are part of what the pull is about."""


def pull(
    account: Account, cursor: str | None, acquainted: Acquainted, moment: Moment, types: frozenset[str]
) -> Flow[PullPage]:
    at, known = Cursor.read(cursor, moment.now), known_of(acquainted)
    lists = _lists(at, moment.now, types)
    legs = _legs(account, at) if not types or types & CHART_TYPES else ()
    names = (*lists, *(leg.name for leg in legs))
    name = at.leg if at.leg in names else next(iter(names), None)
    if name is None:
        asked, pulled = ", ".join(sorted(types)), ", ".join(sorted(CHART_TYPES | LIST_TYPES))
        return PullPage((), cursor, more=False, notes=(f"KIPU has no {asked} to pull; it has {pulled}",))
    following = next(iter(names[names.index(name) + 1 :]), None)
    done = at.between(moment.now.isoformat() if lists and not types else at.lists, at.upto if legs else at.since)
    if name in lists:
        turn = yield from LISTS[name].turn(account, types)
        after = at.next_leg(following, at.total).written() if following else done
        charts = (Pulled(None, turn.parts),) if turn.parts else ()
        return PullPage(charts, after, following is not None, at.total, 0, tuple(map(_off, turn.off)))
    leg = next(leg for leg in legs if leg.name == name)
    return (yield from _page(account, at, leg, following, done, known))


def _lists(at: Cursor, now: datetime, types: frozenset[str]) -> tuple[str, ...]:
    fresh = not types and at.lists is not None and now - datetime.fromisoformat(at.lists) < LISTS_EVERY
    return () if fresh else tuple(name for name, one in LISTS.items() if not types or types & one.types)


def _off(path: str) -> str:
    return f"{path} is switched off for this instance of KIPU; what it lists is not taken"


def _legs(account: Account, at: Cursor) -> tuple[Leg, ...]:
    if at.since is None:
        again = Leg("census-again", "patients", lambda page: listings.census(account, page), _is_known, counted=False)
        first = Leg("census", "patients", lambda page: listings.census(account, page), _is_known)
        return (first, again, *_admissions(account, at))
    since, upto = at.from_, at.to
    return (
        Leg("latest", "patients", lambda page: listings.latest(account, since, upto, page), _is_known),
        Leg(
            "policies",
            "insurances",
            lambda page: listings.policies(account, since, upto, page),
            lambda row, people: is_told(row, people.get(person_of(listings.chart_key(row))), since),
            listings.POLICIES,
        ),
    )


def _admissions(account: Account, at: Cursor) -> list[Leg]:
    """The latest first; one day of each is in the next one, too, since KIPU does not say whose midnight it means."""
    last = at.to.date() + timedelta(days=1)
    legs: list[Leg] = []
    oldest = at.to.date() - timedelta(days=_history(account))
    while last > oldest:
        first = max(oldest, last - timedelta(days=WINDOW_DAYS))
        legs.append(_admitted(account, f"admissions-{len(legs) + 1}", first, last))
        last = first
    return legs if _history(account) else []


def _admitted(account: Account, name: str, first: date, last: date) -> Leg:
    def call(page: int) -> Call:
        return listings.admissions(account, first, last, page)

    return Leg(name, "patients", call, _is_known, listings.ADMISSIONS)


def _history(account: Account) -> int:
    text = account.settings.get("history_days", HISTORY_DAYS)
    if not text.isdigit():
        raise Misconfigured("history_days is no number of days: give it with --set history_days=365")
    return int(text)


def _page(
    account: Account, at: Cursor, leg: Leg, following: str | None, done: str | None, known: Known[Linked]
) -> Flow[PullPage]:
    reply = yield from send(leg.call(at.page))
    if reply.status in OFF:
        after = at.next_leg(following, at.total).written() if following else done
        return PullPage((), after, following is not None, at.total, 0, (_off(leg.path),))
    page = Rows.of(reply, leg.rows)
    rows = [row for row in page.rows if casefile.parts(listings.chart_key(row))] if page.head != at.head else []
    total = _total(at, page) if leg.counted else at.total
    charts = yield from _charts(account, rows, leg.is_known, known)
    notes = _unnamed(leg, page)
    gone = len(rows) if leg.counted else 0
    if not page.is_last(at.page, at.head):
        return PullPage(charts, at.next_page(page.head or "", total).written(), True, total, gone, notes)
    after = at.next_leg(following, total).written() if following else done
    return PullPage(charts, after, following is not None, total, gone, notes)


def _total(at: Cursor, page: Rows) -> int | None:
    """Rows of the legs so far and of this one."""
    if at.page > 1 or page.total is None:
        return at.total
    return (at.total or 0) + page.total


def _unnamed(leg: Leg, page: Rows) -> tuple[str, ...]:
    nameless = sum(not casefile.parts(listings.chart_key(row)) for row in page.rows)
    return (f"rows of KIPU's list {leg.name} that name no chart: passed over",) if nameless else ()


def _charts(account: Account, rows: Sequence[Record], is_known: Test, known: Known[Linked]) -> Flow[tuple[Pulled, ...]]:
    """Each changed chart once, in full but for the locked ones; one that vanished in between is left out."""
    people = dict(known.persons({person_of(listings.chart_key(row)) for row in rows}))
    news = {listings.chart_key(row): row for row in rows if not is_known(row, people)}
    held = [_held(key, row, people) for key, row in news.items()]
    found = yield from charts(account, [key for key, one in zip(news, held, strict=True) if one is None], people)
    return (*found, *filter(None, held))


def _held(key: str, row: Record, people: Mapping[str, Linked]) -> Pulled | None:
    """A chart without details: its record is locked. A stay that was never taken is asked for all the same."""
    link = people.get(person_of(key))
    if link is None or not link.locked or key not in (link.external_id, casefile.newest(link)):
        return None
    return Pulled(link.external_id, (), stay=Stay(key, changed(row)))


def _is_known(row: Record, people: Mapping[str, Linked]) -> bool:
    updated, link = row.get("last_updated_at"), people.get(person_of(str(row["casefile_id"])))
    record = (link.record if link else None) or {}
    return (
        bool(updated) and record.get("casefile_id") == row["casefile_id"] and record.get("last_updated_at") == updated
    )
