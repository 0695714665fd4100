"""Pushes: make KIPU agree with the chart.

KIPU's create is a delivery: its answer need not say which chart was made. We send our own id with it and look for the
chart that shows it; the same look-up guards the create, so a lost answer makes no second patient. What has been
delivered and is not shown yet is remembered as a record without a key, and is waited for, not sent again. A create
carries everything, an update only what changed since the record was last synced.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.faults import EmrNonsense, EmrRefused
from gateway.translation.contract import Account, Call, Chart, Flow, Linked, Moment, Pushed, Reply, send
from gateway.translation.lens import LeftOut
from gateway.translation.rows import Record
from translators.kipu import calls, casefile
from translators.kipu.compose import Draft, compose, links
from translators.kipu.document import change, changes, creation

NOT_SHOWN = "delivered; KIPU has not shown the chart yet"
WHO = ("first_name", "last_name", "dob")


def push(account: Account, chart: Chart, link: Linked, moment: Moment) -> Flow[Pushed]:
    key = casefile.newest(link)
    if link.external_id is None or key is None:
        step = _create if link.record is None else _await
        return (yield from step(account, chart, link, moment))
    if link.record is None:
        return (yield from _catch_up(account, chart, link, key))
    draft = compose(account, chart, link.record, key)
    draft.left_out += _kept(link.record, draft.record)
    return (yield from _update(account, link, key, draft, link.record, link.record))


def _create(account: Account, chart: Chart, link: Linked, moment: Moment) -> Flow[Pushed]:
    draft = compose(account, chart, {}, None)
    _demand(draft.record)
    body = creation(account, draft.record, link.local_id)
    guard = _guard(account, link.local_id, moment)
    reply = yield from send(Call("POST", "/api/patients", json=body, guard=guard))
    told = _told(reply)
    found = told or (yield from calls.ours(account, link.local_id, moment.now))
    if found is None:
        return Pushed(None, draft.record, left_out=tuple(draft.left_out), detail=f"{reply.status} {NOT_SHOWN}")
    key = str(found["casefile_id"])
    if told and told.get("first_name"):
        return (yield from _catch_up(account, chart, link, key))
    record = calls.patient_of((yield from send(calls.detail(account, key))))
    return _pushed(link, key, draft, {}, record, draft.record, f"{reply.status} created")


def _await(account: Account, chart: Chart, link: Linked, moment: Moment) -> Flow[Pushed]:
    """A record without a key: delivered before, and not shown. Another create would be another patient."""
    found = yield from calls.ours(account, link.local_id, moment.now)
    if found is None:
        return Pushed(None, link.record, detail=NOT_SHOWN)
    return (yield from _catch_up(account, chart, link, str(found["casefile_id"])))


def _catch_up(account: Account, chart: Chart, link: Linked, key: str) -> Flow[Pushed]:
    """KIPU has the chart, but we do not know what of it this patient has seen: bring over, clear nothing."""
    current = calls.patient_of((yield from send(calls.detail(account, key))))
    draft = compose(account, chart, current, key, clear=False)
    said = compose(account, chart, {}, key).record
    return (yield from _update(account, link, key, draft, current, {name: current.get(name) for name in said}))


def _update(account: Account, link: Linked, key: str, draft: Draft, before: Record, known: Record) -> Flow[Pushed]:
    """Send what differs from `before`; `known` is what of KIPU's record the patient has seen."""
    new = changes(before, draft.record)
    if not new:
        return _pushed(link, key, draft, known, before, {}, "200 OK, nothing to change")
    number, _ = calls.address(key)
    body = change(account, new, {name: draft.record.get(name) for name in WHO}, number, link.local_id)
    reply = yield from send(Call("PATCH", f"/api/patients/{number}", json=body))
    record = calls.patient_of((yield from send(calls.detail(account, key))))
    return _pushed(link, key, draft, known, record, new, f"{reply.status} updated")


def _demand(record: Record) -> None:
    """Every chart of KIPU needs these; without them the create would be refused with less to go by."""
    places = {"first_name": "Patient.name.given", "last_name": "Patient.name.family", "dob": "Patient.birthDate"}
    if missing := [place for name, place in places.items() if not record.get(name)]:
        raise EmrRefused("KIPU makes no chart without first name, last name and date of birth", *missing)


def _guard(account: Account, ours: str, moment: Moment) -> Any:
    def look() -> Flow[Reply | None]:
        found = yield from calls.ours(account, ours, moment.now)
        return None if found is None else Reply(200, {}, msgspec.json.encode({"patient": found}))

    return look


def _told(reply: Reply) -> Record | None:
    """The chart, when the create's answer tells it: some instances do, and the guard's finding has this shape too."""
    try:
        body = reply.json()
    except EmrNonsense:
        return None
    found = body.get("patient", body) if isinstance(body, dict) else None
    return found if isinstance(found, dict) and casefile.parts(str(found.get("casefile_id", ""))) else None


def _kept(base: Record, record: Record) -> list[LeftOut]:
    """A contact that went: nested lists of KIPU's API only add and change."""
    names = [{i.get("full_name") for i in r.get("patient_contacts") or ()} for r in (base, record)]
    reason = "KIPU has a contact that is not here, and its API removes none"
    return [LeftOut("Patient.contact", reason)] if names[0] - names[1] else []


def _pushed(
    link: Linked, key: str, draft: Draft, base: Record, read: Record, sent: Mapping[str, Any], detail: str
) -> Pushed:
    """The record to remember is the old one with what we sent, as KIPU reads it back.

    What else KIPU has changed meanwhile is left out of it, and so still is news to the next pull.
    """
    told = {name: read.get(name, draft.record.get(name)) for name in sent}
    record = {name: value for name, value in {**base, **told, "casefile_id": key}.items() if value is not None}
    kinds = {"id": key, **({"mr": str(read["mr_number"])} if read.get("mr_number") else {})}
    keys = links(key, draft, read)
    return Pushed(link.external_id or key, record, kinds, keys, tuple(draft.left_out), detail)
