"""Pushes: make KIPU agree with the chart.

KIPU's create is a delivery: its answer need not say which chart was made. We send our own id with it and look for the
chart that shows it; the same look-up guards the create, so a lost answer makes no second patient. A create goes out
once: what was delivered, or may have been, and is not shown yet is waited for, not sent again. Charts of the same name
and birth date that name nobody's id are candidates; whether one of them is the patient's, sync decides or a person. A
create carries everything, an update only what changed since the record was last synced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import msgspec

from gateway.faults import EmrNonsense, EmrRefused, EmrUnsettled
from gateway.translation import path
from gateway.translation.contract import Account, Candidate, Chart, Flow, Linked, Moment, Pushed, Reply, send
from gateway.translation.lens import LeftOut
from gateway.translation.rows import Record
from translators.kipu import calls, casefile
from translators.kipu.attachments import Picture
from translators.kipu.calls import WHO
from translators.kipu.compose import Draft, compose, links, records
from translators.kipu.diagnosis import written
from translators.kipu.document import call, change, changes, creation

NOT_SHOWN = "delivered; KIPU has not shown the chart yet"
LOST = "delivered, and the answer was lost; KIPU has not shown the chart yet"
CLOCKS = timedelta(minutes=15)
"""How far KIPU's clock may be from ours."""
DAY = timedelta(days=1)


def push(account: Account, chart: Chart, link: Linked, moment: Moment) -> Flow[Pushed]:
    key = casefile.newest(link)
    if link.external_id is None or key is None:
        step = _create if link.record is None and link.sent is None else _await
        return (yield from step(account, chart, link, moment))
    if link.record is None:
        return (yield from _catch_up(account, chart, link, moment, key))
    draft = compose(account, chart, link.record, key)
    draft.left_out += _kept(link.record, draft.record)
    return (yield from _update(account, link, moment, key, draft, link.record, link.record))


def _create(account: Account, chart: Chart, link: Linked, moment: Moment) -> Flow[Pushed]:
    draft = compose(account, chart, {}, None)
    _demand(draft.record)
    chosen = draft.pictures.pending({})
    draft.tie(chosen)
    delivery = call("POST", "/api/patients", creation(account, draft.record, link.local_id), chosen, moment.nonce)
    guarded = replace(delivery, guard=_guard(account, link.local_id, moment), once=True)
    sent = replace(link, files=_files(chosen, {}))
    try:
        reply = yield from written(account, guarded, draft.record)
    except EmrUnsettled:
        return _waiting(sent, draft, draft.record, LOST)
    told = _told(reply)
    found = told or (yield from calls.shown(account, link.local_id, {}, moment.now - DAY, moment.now)).ours
    if found is None:
        return _waiting(sent, draft, draft.record, f"{reply.status} {NOT_SHOWN}")
    key = str(found["casefile_id"])
    if (told and told.get("first_name")) or len(chosen) < len(draft.pictures.taken):
        return (yield from _catch_up(account, chart, sent, moment, key))
    record = calls.patient_of((yield from send(calls.detail(account, key))))
    return _pushed(sent, key, draft, {}, record, draft.record, f"{reply.status} created")


def _await(account: Account, chart: Chart, link: Linked, moment: Moment) -> Flow[Pushed]:
    """Sent before, and not shown then. Another create might be another patient."""
    draft = compose(account, chart, link.record or {}, None)
    since = (link.sent or moment.now - calls.WINDOW) - DAY
    shown = yield from calls.shown(account, link.local_id, link.record or draft.record, since, moment.now)
    if shown.ours is None:
        waiting = _waiting(link, draft, link.record, NOT_SHOWN)
        return replace(waiting, candidates=tuple(_candidate(row, link.sent) for row in shown.alike))
    return (yield from _catch_up(account, chart, link, moment, str(shown.ours["casefile_id"])))


def _candidate(row: Record, sent: datetime | None) -> Candidate:
    try:
        made = datetime.fromisoformat(str(row.get("created_at")))
        return Candidate(str(row["casefile_id"]), sent is not None and made >= sent - CLOCKS)
    except (ValueError, TypeError):  # no time, or one without a zone: then nothing says that it is new
        return Candidate(str(row["casefile_id"]), False)


def _waiting(link: Linked, draft: Draft, record: Record | None, detail: str) -> Pushed:
    left_out, carried = tuple(draft.left_out), draft.pictures.carried
    return Pushed(None, record, left_out=left_out, carried=carried, files=link.files, awaited=True, detail=detail)


def _files(chosen: Sequence[Picture], before: Mapping[str, str]) -> dict[str, str]:
    return {**before, **{picture.slot: picture.file.digest for picture in chosen}}


def _catch_up(account: Account, chart: Chart, link: Linked, moment: Moment, key: str) -> Flow[Pushed]:
    """KIPU has the chart, but we do not know what of it this patient has seen: bring over, clear nothing."""
    current = calls.patient_of((yield from send(calls.detail(account, key))))
    draft = compose(account, chart, current, key, clear=False)
    said = compose(account, chart, {}, key).record
    known = {name: current.get(name) for name in said}
    return (yield from _update(account, link, moment, key, draft, current, known))


def _update(
    account: Account, link: Linked, moment: Moment, key: str, draft: Draft, before: Record, known: Record
) -> Flow[Pushed]:
    """Send what differs from `before`; `known` is what of KIPU's record the patient has seen."""
    chosen = draft.pictures.pending(link.files)
    draft.tie(chosen)
    new = changes(before, draft.record)
    if not new and not chosen:
        return _pushed(link, key, draft, known, before, {}, "200 OK, nothing to change")
    number, _ = calls.address(key)
    body = change(account, new, {name: draft.record.get(name) for name in WHO}, number, link.local_id)
    patch = call("PATCH", f"/api/patients/{number}", body, chosen, moment.nonce)
    reply = yield from written(account, patch, new)
    sent = replace(link, files=_files(chosen, link.files))
    record = calls.patient_of((yield from send(calls.detail(account, key))))
    done = _pushed(sent, key, draft, known, record, new, f"{reply.status} updated")
    if not draft.pictures.pending(sent.files):
        return done
    # More pictures than one document holds.
    return (yield from _update(account, sent, moment, key, draft, path.copied(draft.record), done.record or {}))


def _demand(record: Record) -> None:
    """Every chart of KIPU needs these; without them the create would be refused with less to go by."""
    places = {"first_name": "Patient.name.given", "last_name": "Patient.name.family", "dob": "Patient.birthDate"}
    if missing := [place for name, place in places.items() if not record.get(name)]:
        raise EmrRefused("KIPU makes no chart without first name, last name and date of birth", *missing)


def _guard(account: Account, ours: str, moment: Moment) -> Any:
    def look() -> Flow[Reply | None]:
        found = (yield from calls.shown(account, ours, {}, moment.now - calls.WINDOW, moment.now)).ours
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
    return Pushed(
        link.external_id or key,
        record,
        kinds,
        keys,
        records=records(draft, record),
        left_out=tuple(draft.left_out),
        carried=draft.pictures.carried,
        files=link.files,
        detail=detail,
    )
