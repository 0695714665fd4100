"""Push: make the EMR's patient agree with the chart, whatever a former push has or has not done.

Create. The only thing of ours that the API can hold is the `Idempotency-Key`; it is made of our own id alone, so the
EMR makes no second patient for it. A key is refused with a changed body, therefore the body of a create holds no more
than who the patient is: an edited telephone number between two attempts does not stand in the way. The rest follows by
update. Before every attempt the patient is looked for by who they are (matching.py).

Update. `changed` is what the chart has changed since the record as last synced; what the EMR's staff have changed since
is left for the pull. The version that was read goes along as `base_version`; on 409 the record is read again and the
same changes are laid over it, a bounded number of times.

Status. Update does not take it: it moves along the API's transitions (status.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from gateway.faults import EmrBusy, EmrRefused, Unprocessable
from gateway.translation import path
from gateway.translation.contract import Account, Call, Chart, Flow, Linked, Pushed, send
from gateway.translation.field import BoundField
from gateway.translation.lens import LeftOut, Lens
from gateway.translation.path import Json
from gateway.translation.rows import Record, Resource, Row, Way
from translators.internal.agreement import agreed
from translators.internal.bodies import NEVER_CLEARED, body, changes, identity
from translators.internal.custom_fields import (
    FIELDS,
    PATIENT_WITH_FIELDS,
    Valued,
    defined,
    value_fields,
    with_definitions,
)
from translators.internal.idempotency import idempotency_key
from translators.internal.matching import known_patient
from translators.internal.naming import named
from translators.internal.operations import patient_of, patients, read_patient
from translators.internal.recording import Recorded, recorded
from translators.internal.related import Outgoing, outgoing
from translators.internal.status import Moved, move

ATTEMPTS = 4
"""How often an update is tried when somebody else keeps saving the same record."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the EMR is to become: the fields that the chart has changed, and what they were when last synced."""

    fields: Mapping[str, Any]
    before: Mapping[str, Any]
    status: str | None
    """None where the chart has not changed it."""
    emr_first: bool
    """Whether a field that both sides have changed stays as the EMR has it."""

    def due(self, current: Record) -> dict[str, Any]:
        now = body(current)
        return {name: v for name, v in self.fields.items() if now.get(name) != v and not self._yields(name, current)}

    def yielded(self, current: Record) -> tuple[str, ...]:
        now = body(current)
        return tuple(name for name in self.fields if now.get(name) != self.fields[name] and self._yields(name, current))

    def _yields(self, name: str, current: Record) -> bool:
        if not self.emr_first or current.get("status") == "prospective":
            return False
        return bool(body(current).get(name) != self.before.get(name))


def push(account: Account, chart: Chart, link: Linked, refused: tuple[LeftOut, ...] = ()) -> Flow[Pushed]:
    lens = PATIENT_WITH_FIELDS.bound(account.bindings)
    out = yield from _outgoing(account, chart, link)
    if link.external_id is None:
        current, base, detail = (yield from _create(account, lens, out, link)), None, "201 Created"
    else:
        current, base, detail = (yield from read_patient(account, link.external_id)), link.record, "200 OK"
    wish = _wish(account, lens, out.patient, base, current)
    key = current["id"]
    if wish.status == "archived":  # nothing is written for one who is in the archive
        valued, lists = yield from _charted(account, chart, link, out, base, key)
        moved = yield from _settle(account, current, wish)
    else:
        moved = yield from _settle(account, current, wish)
        valued, lists = yield from _charted(account, chart, link, out, base, key)
    left_out = (*_left_out(lens, out, wish, moved), *valued.left_out, *lists.left_out, *refused)
    return Pushed(
        external_id=key,
        record=agreed(lens, out.patient, {**moved.record, FIELDS: valued.fields}),
        identifiers={"id": key},
        links=lists.links,
        left_out=left_out,
        detail=detail,
        records=lists.records,
    )


def _outgoing(account: Account, chart: Chart, link: Linked) -> Flow[Outgoing]:
    known = yield from defined(account, chart.patient)
    patient = with_definitions(
        chart.patient, known, lambda extension: named(account, chart, link, link.external_id or "", extension)
    )
    return outgoing(account, replace(chart, patient=patient), link)


def _charted(
    account: Account, chart: Chart, link: Linked, out: Outgoing, base: Record | None, key: str
) -> Flow[tuple[Valued, Recorded]]:
    """What of the chart lies in lists of its own."""
    before = (base or {}).get(FIELDS) or []
    lens = PATIENT_WITH_FIELDS.bound(account.bindings)
    after = lens.to_vendor(out.patient, onto={FIELDS: before}).value.get(FIELDS) or []
    valued = yield from value_fields(account, key, before, after)
    return valued, (yield from recorded(account, chart, link, key))


def _settle(account: Account, current: Record, wish: Wish) -> Flow[Moved]:
    """Fields first, then the status; the other way round for a patient who has to come out of the archive first."""
    if current.get("status") != "archived":
        return (yield from move(account, (yield from _amend(account, current, wish)), wish.status))
    moved = yield from move(account, current, wish.status)
    return replace(moved, record=(yield from _amend(account, moved.record, wish)))


def _create(account: Account, lens: Lens, out: Outgoing, link: Linked) -> Flow[Record]:
    record = lens.merge(out.patient).value
    missing = [name for name in ("first_name", "last_name") if not record.get(name)]
    if missing:
        raise Unprocessable("the EMR takes no patient without a first and a last name", "Patient.name")
    call = Call(
        "POST",
        patients(account),
        json=identity(record),
        headers={"Idempotency-Key": idempotency_key(account, link.local_id)},
        accepts=frozenset({409}),
        guard=lambda: known_patient(account, record),
    )
    reply = yield from send(call)
    if reply.status == 409:
        raise EmrRefused(
            "the EMR has a patient from an earlier attempt under another name, date of birth or status: "
            "find them there and make these agree with the chart, then push again",
            "Patient",
        )
    return patient_of(reply)


def _wish(account: Account, lens: Lens, patient: Resource, base: Record | None, current: Record) -> Wish:
    """Without a base nothing is known to have been removed from the chart, so nothing is cleared."""
    if base is None:
        before, after = current, lens.merge(patient, onto=current).value
    else:
        before, after = base, lens.to_vendor(patient, onto=base).value
    fields = {name: v for name, v in changes(before, after).items() if v is not None or name not in NEVER_CLEARED}
    status = after.get("status") if after.get("status") != before.get("status") else None
    return Wish(fields, body(before), status, base is not None and account.settings.get("conflict") == "emr")


def _amend(account: Account, current: Record, wish: Wish) -> Flow[Record]:
    for _ in range(ATTEMPTS):
        due = wish.due(current)
        if not due:
            return current
        _refuse_archived(current)
        sent = current["version"]
        call = Call(
            "PATCH",
            patients(account, current["id"]),
            json={**due, "base_version": sent},
            accepts=frozenset({409}),
        )
        reply = yield from send(call)
        if reply.status != 409:
            return patient_of(reply)
        current = yield from read_patient(account, current["id"])
        if current["version"] == sent:
            raise EmrRefused("the EMR refuses the change as a conflict: another patient has this chart number")
    raise EmrBusy("others keep saving this patient in the EMR; the push is tried again later")


def _refuse_archived(current: Record) -> None:
    if current.get("deleted_at") is not None:
        raise EmrRefused("the patient is archived in the EMR: restore them there, then push again", "Patient.active")


def _left_out(lens: Lens, out: Outgoing, wish: Wish, moved: Moved) -> tuple[LeftOut, ...]:
    lost = _accountable(lens, out.patient, moved.record).unmapped(out.counted)
    yielded = (
        LeftOut(_expression(lens, out.patient, name), f"the EMR's staff have changed {name} as well, and the EMR wins")
        for name in wish.yielded(moved.record)
    )
    return (*lost, *out.left_behind(), *yielded, *(LeftOut("Patient.active", reason) for reason in moved.reasons))


def _expression(lens: Lens, patient: Resource, name: str) -> str:
    """Where the patient holds what goes into this field."""
    field = name.removesuffix("_uuid")
    for row in lens.rows:
        if isinstance(row, BoundField) and row.name.split(".")[0] == field:
            return path.expression(path.locate(patient, row.fhir) or (), "Patient")
    return "Patient"


def _accountable(lens: Lens, patient: Resource, record: Record) -> Lens:
    """The lens by which losses are counted: what the EMR itself derives is not lost where it says the same."""
    theirs = lens.to_fhir(record).value

    def row_of(row: Row) -> Row:
        if isinstance(row, BoundField) and row.way == Way.READ:
            return replace(row, owned=row.owned or _same(row, patient, theirs))
        return row

    return replace(lens, rows=tuple(row_of(row) for row in lens.rows))


def _same(row: BoundField, patient: Resource, theirs: Resource) -> bool:
    value: Json = path.get(patient, row.fhir)
    return bool(value == path.get(theirs, row.fhir))
