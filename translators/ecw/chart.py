"""One patient's chart as eCW has it now: the Patient, with insurance and encounters by search."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from gateway.faults import EmrNonsense, EmrRefused
from gateway.translation.contract import Call, Flow, Linked, Part, Pulled, Reply, Whole, gather, send
from gateway.translation.rows import Record
from translators.ecw import program, scopes
from translators.ecw.facade import MAPS
from translators.ecw.relative import below
from translators.ecw.run import GONE, HEADERS, Query, Run
from translators.ecw.searchset import PAGES, check, matches, next_query
from translators.ecw.spelling import languages_read
from translators.ecw.wire import assigner

GONE_STATUS = {"Coverage": {"status": "cancelled"}, "Encounter": {"status": "entered-in-error"}}
"""What a record says that eCW no longer has in the patient's chart."""
MATCH = {"Coverage": ("subscriberId",)}
LOST = "the patient: eClinicalWorks shows none under this id"


def chart(run: Run, link: Linked) -> Flow[Pulled]:
    """Of a patient that is known here."""
    key = link.external_id or ""
    parts, asked, wholes = yield from _read(run, key)
    lost = () if parts else (LOST,)
    return Pulled(key, parts, link.local_id, incomplete=lost, asked=asked.sent, wholes=wholes)


def new_charts(run: Run, keys: Iterable[str]) -> Flow[tuple[tuple[Pulled, ...], bool]]:
    """Of patients that nobody here knows, and whether one could not be told. Who is not shown is no loss."""
    charts, missed = [], False
    for key in keys:
        try:
            parts, _, _ = yield from _read(run, key)
        except (EmrNonsense, EmrRefused):
            missed = True
            continue
        if parts:
            charts.append(Pulled(key, parts, ours(run, parts[0].record)))
    return tuple(charts), missed


def ours(run: Run, record: Record) -> str | None:
    """The id that we gave eCW with a create, where its answer got lost."""
    system = assigner(run.account)
    told = (item.get("value") for item in record.get("identifier", ()) if item.get("system") == system)
    return next((value for value in told if value), None) if system else None


def part(run: Run, type: str, record: Record) -> Part:
    read = below(record, run.account.base_url)
    if type == "Patient":
        read = languages_read(read)
    elif type == "Encounter":
        read = program.read(read, run.account)
    return Part(MAPS[type].bound(run.account.bindings), record["id"], read, match=MATCH.get(type, ()))


def _read(run: Run, key: str) -> Flow[tuple[tuple[Part, ...], Reply, tuple[Whole, ...]]]:
    """The parts, none where eCW has no such patient; the answer that told the Patient; and of what these are all."""
    scope = scopes.reading(run.account)
    patient = Call("GET", f"/Patient/{key}", headers=HEADERS, token=scope, accepts=GONE)
    searches = [run.search(type, (("patient", key),)) for type in run.of_patient]
    first, *others = yield from gather([patient, *searches])
    if first.status in GONE:
        return (), first, ()
    record = first.json()
    check(record, "Patient", key)
    parts, wholes = [part(run, "Patient", record)], []
    for type, reply in zip(run.of_patient, others, strict=True):
        found, are_all = yield from everything(run, type, reply)
        parts += [part(run, type, each) for each in found]
        wholes += [Whole(MAPS[type].bound(run.account.bindings), GONE_STATUS[type])] * are_all
    return tuple(parts), replace(first, body=b""), tuple(wholes)


def everything(run: Run, type: str, reply: Reply) -> Flow[tuple[list[Record], bool]]:
    """The matches of a search, its further pages included, each once; and whether these are all.

    A next link that leads in a circle ends the search: what it holds back cannot be known.
    """
    found: dict[str, Record] = {}
    seen: set[Query] = set()
    while True:
        found |= {record["id"]: record for record in matches(reply.json(), type)}
        following = next_query(reply.json())
        if not following or following in seen or len(seen) >= PAGES:
            return list(found.values()), not following
        seen.add(following)
        reply = yield from send(run.search(type, following))
