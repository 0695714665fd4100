"""Creating a patient: once, whatever is lost on the way.

Before each attempt eCW is asked for our identifier, or for name and date of birth. That look is blind for some seconds,
until eCW shows a new patient; so a create that may have been carried out is not sent again before `SETTLES`. What eCW
then shows is updated, what it does not show was not made. Besides, eCW itself refuses a second patient of the same name
and date of birth with 202: that one is looked up and updated. Several that fit are a question for a person.
"""

from __future__ import annotations

from dataclasses import replace

from gateway.faults import EmrUnsettled
from gateway.translation.contract import Account, Call, Candidate, Chart, Flow, Linked, Pushed, Reply
from gateway.translation.rows import Record
from translators.ecw import codes, lookup, scopes
from translators.ecw.facility import default_facility, with_facility
from translators.ecw.pushed import UNTOLD, agreed, left_out, pushed
from translators.ecw.searchset import matches
from translators.ecw.transaction import is_transaction, outcome, transaction, was_refused, written
from translators.ecw.update import update
from translators.ecw.wire import Draft, draft

SEVERAL = (
    "eClinicalWorks has several patients that fit this one (201 INVALID_MULTIPLE_PATIENT_FOUND): have the practice "
    "merge them or tell them apart, or answer which of them it is"
)


def create(account: Account, chart: Chart, link: Linked) -> Flow[Pushed]:
    made, scope = draft(account, chart, link, {}), scopes.writing(account)
    if link.record is not None:
        return (yield from _awaited(account, chart, link, made, scope))
    return (yield from _made(account, chart, link, made, scope))


def _made(account: Account, chart: Chart, link: Linked, made: Draft, scope: str) -> Flow[Pushed]:
    try:
        reply = yield from written(_creation(account, made, scope))
    except EmrUnsettled:
        return (yield from _found_or_wait(account, chart, link, made, scope, lookup.WAITS))
    if not is_transaction(reply.json()):
        return (yield from _one_of(account, chart, link, made, lookup.meant(made, matches(reply.json(), "Patient"))))
    code, key = outcome(reply)
    if code == codes.ALREADY_EXISTS:
        return (yield from _found_or_wait(account, chart, link, made, scope, lookup.NOT_FOUND))
    if code == codes.SEVERAL:
        return _question(account, chart, made, (yield from lookup.find(account, made, scope)))
    if code in codes.OF_FACILITY and made.drop_facility():
        return (yield from _made(account, chart, link, made, scope))
    if code != codes.SUCCESS:
        raise codes.refusal(code, made.left_out)
    known = agreed({}, with_facility(made.document, made.facility), key)
    return pushed(account, chart, made, key, known, {})


def _creation(account: Account, made: Draft, scope: str) -> Call:
    document = with_facility(made.document, made.facility or default_facility(account))

    def guard() -> Flow[Reply | None]:
        return (yield from lookup.guard(account, made, scope))

    call = transaction(document, "POST", "Patient", scope)
    return replace(call, guard=guard, once=True, settles=lookup.SETTLES, undone=was_refused)


def _awaited(account: Account, chart: Chart, link: Linked, made: Draft, scope: str) -> Flow[Pushed]:
    """eCW has taken it before and did not tell the id: it is looked for, and nothing is sent until it shows."""
    found = yield from lookup.find(account, made, scope)
    if found:
        return (yield from _one_of(account, chart, link, made, found))
    return Pushed(None, link.record, left_out=left_out(account, chart, made), awaited=True, detail=UNTOLD)


def _found_or_wait(
    account: Account, chart: Chart, link: Linked, made: Draft, scope: str, otherwise: str
) -> Flow[Pushed]:
    found = yield from lookup.find(account, made, scope)
    if not found:
        raise lookup.not_shown(otherwise)
    return (yield from _one_of(account, chart, link, made, found))


def _one_of(account: Account, chart: Chart, link: Linked, made: Draft, found: list[Record]) -> Flow[Pushed]:
    if len(found) > 1:
        return _question(account, chart, made, found)
    return (yield from update(account, chart, link, found[0]["id"]))


def _question(account: Account, chart: Chart, made: Draft, found: list[Record]) -> Pushed:
    """A person says which it is. `is_new`: they are asked at once, since waiting makes none of them certain."""
    if len(found) < 2:  # eCW sees more than it shows
        raise codes.refusal(codes.SEVERAL)
    candidates = tuple(Candidate(patient["id"], is_new=True) for patient in found)
    return Pushed(None, left_out=left_out(account, chart, made), candidates=candidates, detail=SEVERAL)
