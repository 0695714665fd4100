"""Pull: newest first along the keyset cursor, down to what the last pull has already seen.

The API sorts by `updated_at` but cannot filter by it. Going from the newest down, a patient who is saved during the
pull jumps to where the pull has been: they are later than the watermark that this pull leaves, and the next pull meets
them. The watermark is the newest `updated_at` of the first page, so the EMR's own clock, and no later than ours; the
next pull goes a little below it, for writes that were under way.

Archived patients are not in the ordinary list; a second round asks for them by status.

The API has no list of allergies, medications and so on over all patients, and a patient's `updated_at` need not move
with them. Behind the rounds a sweep reads known patients, the oldest reading first (sweep.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from gateway.faults import EmrNonsense
from gateway.translation.contract import (
    Account,
    Acquainted,
    Call,
    Flow,
    Linked,
    Moment,
    Pulled,
    PullPage,
    Reply,
    gather,
    send,
)
from gateway.translation.known import Known, known_of
from gateway.translation.rows import Record
from translators.internal.directory import definitions
from translators.internal.operations import get_patient, in_full, patient_of, patients, rows_of
from translators.internal.reading import Wanted, charts
from translators.internal.sweep import Place, begun, microseconds, sweep

PAGE = 50
OVERLAP = timedelta(minutes=5)
RESTARTS = 3
ROUNDS = ("", "archived")
"""The statuses to ask for, one after the other; "" is the ordinary list."""


class Cursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a pull stands. Between two pulls only `since` is set."""

    since: datetime | None = None
    """What was saved before this is known already."""
    until: datetime | None = None
    """The watermark that this pull will leave."""
    after: str = ""
    """The API's own cursor within a round."""
    round: int = 0
    restarts: int = 0
    """How often the API has thrown its own cursor away in this pull."""
    began: int = 0
    """When this pull began, UTC microseconds."""
    sweep: Place | None = None
    """Behind the rounds: where the reading of known patients stands."""

    @property
    def is_begin(self) -> bool:
        return self.until is None and not self.after and not self.round and not self.restarts


def pull(
    account: Account, cursor: str | None, known: Acquainted, moment: Moment, types: frozenset[str]
) -> Flow[PullPage]:
    at, people = msgspec.json.decode(cursor, type=Cursor) if cursor else Cursor(), known_of(known)
    if at.sweep is not None:
        return (yield from _swept(account, at, people, moment))
    reply = yield from send(_call(account, at))
    if reply.status == 422:
        again = msgspec.structs.replace(at, after="", restarts=at.restarts + 1)
        return PullPage((), _text(again), more=True)
    lists = (yield from definitions(account, types)) if at.is_begin else ()
    rows = rows_of(reply, "data")
    records = yield from in_full(account, rows)
    news = tuple(record for record in records if at.since is None or _saved(record) >= at.since - OVERLAP)
    following = _following(at, reply, rows, records, news, moment)
    began = at.began or microseconds(moment.now)
    if following.until is not None:
        following = msgspec.structs.replace(following, began=began)
    elif not types:
        following = msgspec.structs.replace(following, sweep=begun(account, people, began))
    found = yield from charts(account, news, Wanted(types), reply.sent, moment.now)
    more = following.until is not None or following.sweep is not None
    return PullPage((*lists, *found), _text(following), more=more, gone=len(news))


def _swept(account: Account, at: Cursor, people: Known[Linked], moment: Moment) -> Flow[PullPage]:
    page = yield from sweep(account, at.sweep or Place(), people, moment)
    following = Cursor(at.since, sweep=page.following)
    return PullPage(
        page.charts, _text(following), more=page.following is not None, gone=page.count, notes=page.notes, counted=False
    )


def _call(account: Account, at: Cursor) -> Call:
    query = [("first", str(PAGE)), ("sort_by", "updated_at"), ("sort_dir", "desc")]
    query += [("status", ROUNDS[at.round])] if ROUNDS[at.round] else []
    query += [("after", at.after)] if at.after else []
    # A cursor that the EMR no longer takes is dropped, and the round begins again; not without end.
    restartable = at.after and at.restarts < RESTARTS
    return Call("GET", patients(account, "cursor"), tuple(query), accepts=frozenset({422} if restartable else ()))


def _following(
    at: Cursor,
    reply: Reply,
    rows: Sequence[Record],
    records: Sequence[Record],
    news: Sequence[Record],
    moment: Moment,
) -> Cursor:
    until = at.until or _watermark(at, records, moment)
    end = _end_cursor(reply)
    if len(rows) == PAGE and end and len(news) == len(records):
        return Cursor(at.since, until, end, at.round, at.restarts)
    if at.round + 1 < len(ROUNDS):
        return Cursor(at.since, until, "", at.round + 1, at.restarts)
    return Cursor(until)


def _watermark(at: Cursor, records: Sequence[Record], moment: Moment) -> datetime:
    if not records:
        return at.since or moment.now - OVERLAP
    return min(moment.now, max(map(_saved, records)))


def _end_cursor(reply: Reply) -> str | None:
    info = reply.json().get("page_info")
    end = info.get("end_cursor") if isinstance(info, dict) else None
    return end if isinstance(end, str) else None


def _saved(record: Record) -> datetime:
    try:
        moment = datetime.fromisoformat(record["updated_at"])
    except (TypeError, ValueError) as error:
        raise EmrNonsense("the EMR answered with an `updated_at` that is not a time") from error
    if moment.tzinfo is None:
        raise EmrNonsense("the EMR answered with an `updated_at` without a zone")
    return moment


def _text(cursor: Cursor) -> str:
    return msgspec.json.encode(cursor).decode()


def fetch(account: Account, keys: Sequence[str], moment: Moment) -> Flow[tuple[Pulled, ...]]:
    """Those charts as they are now."""
    replies = yield from gather([get_patient(account, key) for key in keys])
    found = [patient_of(reply) for reply in replies if reply.status != 404]
    asked = min((reply.sent for reply in replies if reply.sent is not None), default=None)
    return (yield from charts(account, found, Wanted(), asked, moment.now))
