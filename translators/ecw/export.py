"""The Group export: everything that changed for the patients of a group that the practice has made, in files.

eCW is asked for it (`$export`, answered 202 with an address), asked how far it is, as often as it wants to be asked,
and then for its files, which are read in pieces. Where a run ends before the export is ready, the next one goes on.
What the files tell of patients whom nobody here knows yet makes their charts be read; lists are not asked for, since an
export would bring those of the whole EMR.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from gateway.faults import EmrDenied, EmrNonsense
from gateway.translation.contract import DECODER, Call, Flow, Part, Pulled, Reply, send
from gateway.translation.rows import Record
from translators.ecw import chart, newcomers, scopes
from translators.ecw.relative import below
from translators.ecw.run import HEADERS, Cursor, Job, Run, Step
from translators.ecw.searchset import check

EXPORTED = {"Patient": "", "Coverage": "beneficiary", "Encounter": "subject"}
"""In this order; and where a record names its patient."""
PIECE = 256 * 1024
LONGEST_LINE = 4 * 1024 * 1024
ASK_AGAIN_S, MOST_WAIT_S = 60.0, 1800.0
"""Where eCW does not say when to ask again; and for how long one run waits for an export."""
UNKNOWN = frozenset({401, 404, 410})
NOT_NOW = frozenset({400, 409, 422})
PARTIAL, PAST_THE_END, ACCEPTED = 206, 416, 202
PROGRESS = re.compile(r"(\d{1,3})\s*%")
NO_GROUP = (
    "eClinicalWorks did not export the group of the setting group: its id stands on the developer portal, the practice "
    "has to have it authorised for this application, and system/Group.read has to be registered"
)
RUNNING = "eClinicalWorks did not start a Group export: another one may be running. The next pull asks again"
LOST = "eClinicalWorks no longer has the Group export that was asked for. The next pull asks for it anew"
FLAWED = "eClinicalWorks could not export everything: the next pull asks for the same time again"


def is_wanted(run: Run) -> bool:
    return run.is_full and bool(_group(run)) and run.wants(*EXPORTED)


def export(run: Run, place: Cursor) -> Flow[Step]:
    job = place.job
    if job is None:
        return (yield from _ask(run, place))
    if not job.files:
        return (yield from _look(run, place, job))
    return (yield from _take(run, place, job))


def _ask(run: Run, place: Cursor) -> Flow[Step]:
    query = [("_type", ",".join(type for type in EXPORTED if run.wants(type)))]
    query += [("_since", place.exported)] if place.exported else []
    path, headers = f"/Group/{quote(_group(run), safe='')}/$export", {**HEADERS, "Prefer": "respond-async"}
    reply = yield from send(_call(run, "GET", path, UNKNOWN | NOT_NOW, headers, tuple(query)))
    if reply.status in UNKNOWN:
        raise EmrDenied(NO_GROUP)
    if reply.status in NOT_NOW:
        return Step((), place, is_over=True, notes=(RUNNING,))
    url = reply.headers.get("content-location", "")
    if reply.status != ACCEPTED or not url:
        raise EmrNonsense("eClinicalWorks took a Group export without telling where it will be")
    return _wait(place, Job(url=url), reply)


def _look(run: Run, place: Cursor, job: Job) -> Flow[Step]:
    """How far it is."""
    reply = yield from send(_call(run, "GET", job.url, UNKNOWN))
    if reply.status in UNKNOWN:
        return _lost(place)
    if reply.status == ACCEPTED:
        return _wait(place, job, reply)
    manifest = reply.json()
    outputs = manifest.get("output") if isinstance(manifest, dict) else None
    if not isinstance(outputs, list) or not isinstance(manifest.get("transactionTime"), str):
        raise EmrNonsense("eClinicalWorks ended a Group export with something that is no manifest")
    files = tuple(_files(run, outputs))
    flawed = bool(manifest.get("error"))
    ready = job.but(files=files, time=manifest["transactionTime"], flawed=flawed)
    notes = (FLAWED,) if flawed else ()
    if not files:
        return (yield from _end(run, place, ready, (), notes))
    return Step((), place.but(job=ready), is_over=False, notes=notes)


def _files(run: Run, outputs: Iterable[Any]) -> Iterable[tuple[str, str]]:
    """In the order in which they can be taken: patients first."""
    told = [(each.get("type"), each.get("url")) for each in outputs if isinstance(each, dict)]
    for type in EXPORTED:
        yield from ((type, url) for kind, url in told if kind == type and isinstance(url, str) and run.wants(type))


def _wait(place: Cursor, job: Job, reply: Reply) -> Step:
    """Ask again later in this run, or in the next one when this one has waited long enough."""
    told = reply.headers.get("retry-after", "")
    wait = max(1.0, float(told)) if re.fullmatch(r"\d{1,6}", told) else ASK_AGAIN_S
    if job.waited + wait > MOST_WAIT_S:
        done = PROGRESS.search(reply.headers.get("x-progress", ""))
        said = f", {done[1]}% done" if done else ""
        note = f"eClinicalWorks still prepares the Group export{said}: the next pull takes it"
        return Step((), place.but(job=job), is_over=True, notes=(note,))
    return Step((), place.but(job=job.but(waited=job.waited + wait)), is_over=False, wait=wait)


def _lost(place: Cursor) -> Step:
    return Step((), place.but(job=None), is_over=True, notes=(LOST,))


def _take(run: Run, place: Cursor, job: Job) -> Flow[Step]:
    """The next piece of the file that is being read."""
    type, url = job.files[job.file]
    size = PIECE
    while True:
        until = job.offset + size
        headers = {"Accept": "application/fhir+ndjson", "Range": f"bytes={job.offset}-{until - 1}"}
        reply = yield from send(_call(run, "GET", url, UNKNOWN | {PAST_THE_END}, headers))
        if reply.status in UNKNOWN:
            return _lost(place)
        piece, is_last = _piece(reply, job.offset, size)
        if is_last or b"\n" in piece:
            break
        size *= 4
        if size > LONGEST_LINE:
            raise EmrNonsense("eClinicalWorks exported a line that is longer than any record")
    lines = piece if is_last else piece[: piece.rfind(b"\n") + 1]
    records, is_bad = _records(lines, type)
    charts, missed = yield from _charts(run, type, records)
    is_bad = is_bad or missed
    onward = job.but(offset=job.offset + len(lines), flawed=job.flawed or is_bad)
    if not is_last:
        return Step(charts, place.but(job=onward), is_over=False)
    if job.file + 1 < len(job.files):
        return Step(charts, place.but(job=onward.but(file=job.file + 1, offset=0)), is_over=False)
    return (yield from _end(run, place, onward, charts, (FLAWED,) if is_bad else ()))


def _piece(reply: Reply, offset: int, size: int) -> tuple[bytes, bool]:
    """What was asked for, and whether nothing follows. A server that knows no ranges sends all of it each time."""
    if reply.status == PAST_THE_END:
        return b"", True
    if reply.status == PARTIAL:
        total = reply.headers.get("content-range", "").rpartition("/")[2]
        ends = offset + len(reply.body) >= int(total) if total.isdigit() else len(reply.body) < size
        return reply.body, ends
    return reply.body[offset : offset + size], offset + size >= len(reply.body)


def _records(lines: bytes, type: str) -> tuple[list[Record], bool]:
    """The records, and whether a line was none."""
    found, is_bad = [], False
    for line in filter(None, map(bytes.strip, lines.split(b"\n"))):
        try:
            record = DECODER.decode(line)
            check(record, type)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, EmrNonsense):
            is_bad = True
        else:
            found.append(record)
    return found, is_bad


def _charts(run: Run, type: str, records: list[Record]) -> Flow[tuple[tuple[Pulled, ...], bool]]:
    """What is news of each patient; the whole chart of one whom an encounter or policy is the first to tell of.

    And whether such a chart could not be told.
    """
    grouped = _by_patient(run, type, records)
    known = run.known.of(list(grouped))
    charts = [
        Pulled(key, parts, known[key].local_id if key in known else chart.ours(run, parts[0].record))
        for key, parts in grouped.items()
        if key in known or type == "Patient"
    ]
    unknown = [] if type == "Patient" else [key for key in grouped if key not in known]
    found, missed = yield from chart.new_charts(run, unknown)
    return (*charts, *found), missed


def _by_patient(run: Run, type: str, records: Iterable[Record]) -> Mapping[str, tuple[Part, ...]]:
    grouped: dict[str, tuple[Part, ...]] = {}
    for record in records:
        keys = (record["id"],) if type == "Patient" else newcomers.patients(run, (record,), EXPORTED[type])
        for key in keys:
            grouped[key] = (*grouped.get(key, ()), chart.part(run, type, record))
    return grouped


def _end(run: Run, place: Cursor, job: Job, charts: tuple[Pulled, ...], notes: tuple[str, ...]) -> Flow[Step]:
    """eCW may throw the files away. What was missing is asked for again."""
    yield from send(_call(run, "DELETE", job.url, UNKNOWN | NOT_NOW))
    exported = place.exported if job.flawed else job.time
    return Step(charts, place.but(job=None, exported=exported), is_over=True, notes=notes)


def _call(
    run: Run,
    method: str,
    address: str,
    accepts: frozenset[int],
    headers: Mapping[str, str] = HEADERS,
    query: tuple[tuple[str, str], ...] = (),
) -> Call:
    """Of an address below the base, which eCW tells whole."""
    path = below({"url": address}, run.account.base_url)["url"]
    path = path if path.startswith(("/", "http")) else f"/{path}"
    return Call(method, path, query, headers=headers, token=scopes.bulk(run.account, EXPORTED), accepts=accepts)


def _group(run: Run) -> str:
    return run.account.settings.get("group", "").removeprefix("Group/")
