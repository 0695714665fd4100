"""Updating a patient: the whole resource, as eCW has it now, with what the chart changed since both sides agreed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gateway.faults import EmrBusy, EmrRefused
from gateway.translation.contract import Account, Call, Chart, Flow, Linked, Pushed, Reply, send
from gateway.translation.news import with_news
from gateway.translation.rows import Record
from translators.ecw import codes, scopes
from translators.ecw.facility import default_facility, facility_in, with_facility
from translators.ecw.pushed import agreed, pushed
from translators.ecw.relative import below
from translators.ecw.searchset import check
from translators.ecw.spelling import spelling
from translators.ecw.transaction import HEADERS, outcome, transaction, written
from translators.ecw.wire import TAKEN, Draft, draft, without_texts

REPLICATION = 3.0
"""Seconds until eCW shows what was just created, as integrators see it: a chained write waits so long."""
ATTEMPTS, OK = 5, 200
MOVES = "eClinicalWorks' staff are changing this patient just now"
NOT_SHOWN = (
    "eClinicalWorks does not show the linked patient. It takes seconds to show a new one; if it stays so, check there "
    "whether the patient was merged or removed"
)


def update(account: Account, chart: Chart, link: Linked, key: str) -> Flow[Pushed]:
    scope, base, drops = scopes.writing(account), link.record or {}, False
    current = yield from _read(account.base_url, key, scope, adopts=link.external_id is None)
    for _ in range(ATTEMPTS):
        made = draft(account, chart, link, current)
        drops = drops and made.drop_facility()
        sent = _to_send(account, made, base, current)
        reply = (yield from _put(account, sent, key, scope, current)) if sent else None
        if reply is not None and (moved := _moved(account, key, reply)):
            current = moved
            continue
        code = codes.SUCCESS if reply is None else outcome(reply)[0]
        if code == codes.SUCCESS:
            known = agreed(base, with_facility(_merged(base, base, made), made.facility or facility_in(base)), key)
            return pushed(account, chart, made, key, known, current)
        if drops or code not in codes.OF_FACILITY or made.told is None:
            raise codes.refusal(code, made.left_out)
        drops = True
    raise EmrBusy(MOVES, after=REPLICATION)


def _to_send(account: Account, made: Draft, base: Record, current: Record) -> Record | None:
    """The whole resource as it has to be; None where eCW has it already."""
    wanted = with_facility(_merged(current, base, made), made.facility or facility_in(current))
    if wanted == current or _only_facility(wanted, current, base):
        return None
    return with_facility(wanted, facility_in(wanted) or default_facility(account))


def _only_facility(wanted: Record, current: Record, base: Record) -> bool:
    """Nothing differs but the facility that eCW was told before and does not show."""
    told = facility_in(wanted)
    return with_facility(wanted, None) == with_facility(current, None) and (
        told == facility_in(base) and facility_in(current) is None
    )


def _read(base_url: str, key: str, scope: str, *, adopts: bool) -> Flow[Record]:
    """`adopts`: it was found by a look-up, and must not be another patient's here."""
    reply = yield from send(replace(_reading(key, scope), adopts=key if adopts else None))
    if reply.status == 404:
        raise EmrBusy(NOT_SHOWN, after=REPLICATION)
    if reply.status == 410:
        raise EmrRefused("The linked patient was removed from eClinicalWorks: have the practice restore it")
    current: Record = below(reply.json(), base_url)
    check(current, "Patient", key)
    return current


def _put(account: Account, document: Record, key: str, scope: str, current: Record) -> Flow[Reply]:
    """The documented URL is `Patient`; some practices want the id in it and answer 100 otherwise.

    eCW knows no If-Match, and a workflow that was cut off may come here long after it has read the patient. So just
    before each attempt it is read once more: what its staff changed meanwhile comes back in place of the answer.
    """
    sent, base_url = {**without_texts(document), "id": key}, account.base_url

    def unchanged() -> Flow[Reply | None]:
        reply = yield from send(_reading(key, scope))
        return reply if reply.status == OK and below(reply.json(), base_url) != current else None

    for url in ("Patient", f"Patient/{key}"):
        call = replace(transaction(sent, "PUT", url, scope), guard=unchanged)
        reply = yield from written(call)
        if _moved(account, key, reply) or outcome(reply)[0] != codes.INVALID_PATIENT:
            break
    return reply


def _moved(account: Account, key: str, reply: Reply) -> Record | None:
    """The patient as its guard has found it, where that was what came back."""
    answer = reply.json()
    if not isinstance(answer, dict) or answer.get("resourceType") != "Patient":
        return None
    current: Record = below(answer, account.base_url)
    check(current, "Patient", key)
    return current


def _reading(key: str, scope: str) -> Call:
    return Call("GET", f"/Patient/{key}", headers=HEADERS, token=scope, accepts=frozenset({404, 410}))


def _merged(onto: Record, base: Record, made: Draft) -> Record:
    """`onto` with what the chart changed since `base`, in the elements that eCW takes."""
    new = {name: value for name, value in made.document.items() if name in TAKEN}
    old = {name: base[name] for name in TAKEN if name in base}
    for name in {"identifier", *made.held} & old.keys():
        new[name] = _with_kept(new.get(name), old[name])
    merged = with_news(with_facility(onto, None), with_facility(old, None), new, spelling)
    return with_facility({"resourceType": "Patient", **merged}, facility_in(onto))


def _with_kept(new: Any, old: Any) -> Any:
    """The new elements and those old ones that none of them replaces: what we did not send we do not take away."""
    if not isinstance(old, list):
        return old if new is None else new
    marks = [_mark(item) for item in new or ()]
    return [*(new or ()), *(item for item in old if _mark(item) not in marks)]


def _mark(item: Record) -> tuple[Any, ...]:
    return tuple(item.get(name) for name in ("url", "system", "use"))
