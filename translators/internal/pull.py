"""Pull: newest first along the keyset cursor, down to what the last pull has already seen.

The API sorts by `updated_at` but cannot filter by it. Going from the newest down, a patient who is saved during the
pull jumps to where the pull has been: they are later than the watermark that this pull leaves, and the next pull meets
them. The watermark is the newest `updated_at` of the first page, so the EMR's own clock, and no later than ours; the
next pull goes a little below it, for writes that were under way.

Archived patients are not in the ordinary list; a second round asks for them by status.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from gateway.faults import EmrNonsense
from gateway.translation.contract import Account, Call, Flow, Moment, Part, Pulled, PullPage, Reply, send
from gateway.translation.rows import Record
from translators.internal.bodies import related
from translators.internal.documents import unaccounted
from translators.internal.entity import RELATED
from translators.internal.operations import get_patient, in_full, patient_of, patients, rows_of
from translators.internal.patient import PATIENT

PAGE = 50
BEFORE_ADMISSION = "prospective"
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


def pull(account: Account, cursor: str | None, moment: Moment, types: frozenset[str]) -> Flow[PullPage]:
    at = msgspec.json.decode(cursor, type=Cursor) if cursor else Cursor()
    reply = yield from send(_call(account, at))
    if reply.status == 422:
        again = msgspec.structs.replace(at, after="", restarts=at.restarts + 1)
        return PullPage((), _text(again), more=True)
    rows = rows_of(reply, "data")
    records = yield from in_full(account, rows)
    news = tuple(record for record in records if at.since is None or _saved(record) >= at.since - OVERLAP)
    following = _following(at, reply, rows, records, news, moment)
    return PullPage(_charts(account, news, types), _text(following), more=following.until is not None)


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


def _charts(account: Account, records: Sequence[Record], types: frozenset[str]) -> tuple[Pulled, ...]:
    """The entities that the patients refer to, each once, and then the patients."""
    entities = _related(account, records, types)
    lens = PATIENT.bound(account.bindings)
    lists = (Pulled(None, entities),) if entities else ()
    if types and "Patient" not in types:
        return lists
    return lists + tuple(
        Pulled(
            record["id"],
            (Part(lens, record["id"], record),),
            unaccounted=unaccounted(record),
            admitted=record.get("status") != BEFORE_ADMISSION,
        )
        for record in records
    )


def fetch(account: Account, keys: Sequence[str]) -> Flow[tuple[Pulled, ...]]:
    """Those charts as they are now."""
    found = []
    for key in keys:
        reply = yield from send(get_patient(account, key))
        if reply.status != 404:
            found.append(patient_of(reply))
    return _charts(account, found, frozenset())


def _related(account: Account, records: Sequence[Record], types: frozenset[str]) -> tuple[Part, ...]:
    parts: dict[tuple[str, str], Part] = {}
    for record in records:
        for name, map in RELATED.items():
            entity = related(record, name)
            if isinstance(entity.get("id"), str) and (not types or map.type in types):
                part = Part(map.bound(account.bindings), entity["id"], entity)
                parts.setdefault((map.type, entity["id"]), part)
    return tuple(parts.values())
