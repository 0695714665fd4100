"""The stages of a patient's record: archiving it, bringing it back, and moving it along its lifecycle."""

from __future__ import annotations

from typing import Any

from gateway.faults import Invalid
from gateway.translation.face import Asked, Kept, Records, Search, literal
from translators.internal.face.lifecycle import is_archived, put_away, status_of, taken_out, with_status
from translators.internal.face.patient_facts import facts, out
from translators.internal.face.patient_lists import IN_USE
from translators.internal.face.patient_writing import check_version
from translators.internal.face.subrecord import living, patient
from translators.internal.schema.patient import TransitionStatusIn
from translators.internal.status import STEPS

OPERATION = "transition-status"


def archive(asked: Asked, records: Records) -> Any:
    kept = living(records, asked.path["patient_uuid"])
    if number := _dependents(records, kept):
        whom = "another patient" if number == 1 else f"{number} other patients"
        text = f"The patient is the guarantor of {whom}: give them another one, or archive them, first"
        raise Invalid(text, "path.patient_uuid")
    return out(records, records.update(put_away(kept.resource, records.now)))


def restore(asked: Asked, records: Records) -> Any:
    kept = patient(records, asked.path["patient_uuid"])
    if not is_archived(kept.resource):
        raise Invalid("The patient is not archived", "path.patient_uuid")
    return out(records, records.update(taken_out(kept.resource)))


def transition(asked: Asked, records: Records) -> Any:
    body: TransitionStatusIn = asked.body
    kept = living(records, asked.path["patient_uuid"])
    check_version(kept, body.base_version)
    check_step(status_of(kept.resource), body.new_status)
    return out(records, records.update(with_status(kept.resource, body.new_status), body.base_version))


def check_step(status: str | None, goal: str) -> None:
    if goal == "archived":
        raise Invalid("A patient is archived by the operation archive", "body.new_status")
    if goal == status:
        raise Invalid(f"The patient is {goal} already", "body.new_status")
    if goal not in (ways := _ways(status)):
        onward = " or ".join(sorted(ways)) or "nowhere but into the archive"
        raise Invalid(f"From {status or 'no status'} the way leads to {onward}", "body.new_status")


def _ways(status: str | None) -> set[str]:
    """A FHIR client may have left the status out: such a patient is taken for an active one, and can be made one."""
    ways = {goal for goal, by in STEPS[status or "active"].items() if by == OPERATION}
    return ways if status else {*ways, "active"}


def _dependents(records: Records, guarantor: Kept) -> int:
    """How many others have this guarantor, and are not archived."""
    params = (("responsible-party", literal(guarantor.reference)), *IN_USE)
    found = records.search(Search("Patient", params, count=1, total=True))
    answers_for = facts(guarantor.resource).get("responsible_party") or {}
    return (found.total or 0) - (answers_for.get("id") == guarantor.id)
