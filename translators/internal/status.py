"""The lifecycle of a patient in the API, as a graph of the operations that move them along it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.faults import EmrBusy
from gateway.translation.contract import Account, Call, Flow, Reply, send
from gateway.translation.rows import Record
from translators.internal.operations import get_patient, patient_of, patients, read_patient

STEPS: Mapping[str, Mapping[str, str]] = {
    "prospective": {"active": "transition-status", "archived": "archive"},
    "active": {"inactive": "transition-status", "deceased": "transition-status", "archived": "archive"},
    "inactive": {"active": "transition-status", "archived": "archive"},
    "deceased": {"archived": "archive"},
    "archived": {"inactive": "restore"},
}
"""Status → where one operation can bring the patient, and by which operation."""
ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class Moved:
    """The record after the moves, and why it did not get where it should."""

    record: Record
    reasons: tuple[str, ...] = ()


def route(start: str, goal: str) -> tuple[str, ...] | None:
    """The statuses on the shortest way; never through the archive, which is not a stage of care."""
    ways: list[tuple[str, ...]] = [(start,)]
    for way in ways:
        if way[-1] == goal:
            return way[1:]
        onward = (status for status in STEPS.get(way[-1], {}) if status not in way)
        ways += [(*way, status) for status in onward if status != "archived" or status == goal]
    return None


def move(account: Account, record: Record, goal: str | None) -> Flow[Moved]:
    """Bring the patient to the goal, reading again whenever somebody else has saved them."""
    for _ in range(ATTEMPTS):
        status = record.get("status") or "active"
        if goal is None or status == goal:
            return Moved(record)
        way = route(status, goal)
        if way is None:
            return Moved(record, (f"the EMR lets nobody go from {status} to {goal}",))
        reply = yield from send(_step(account, record, status, way[0]))
        if reply.status == 422:
            return Moved(record, (_refusal(way[0]),))
        if reply.status == 409:
            record = yield from read_patient(account, record["id"])
        else:
            record = patient_of(reply)
    raise EmrBusy("others keep saving this patient in the EMR; the push is tried again later")


def _step(account: Account, record: Record, status: str, following: str) -> Call:
    operation = STEPS[status][following]
    body = {"base_version": record["version"], "new_status": following} if operation == "transition-status" else None
    place = patients(account, record["id"], operation)
    return Call(
        "POST", place, json=body, accepts=frozenset({409, 422}), guard=lambda: _there(account, record, following)
    )


def _there(account: Account, record: Record, following: str) -> Flow[Reply | None]:
    """A move whose answer was lost has been made already."""
    reply = yield from send(get_patient(account, record["id"]))
    return reply if reply.status == 200 and patient_of(reply).get("status") == following else None


def _refusal(following: str) -> str:
    if following == "archived":
        return "the EMR does not archive a guarantor: give their dependents another one there first"
    return f"the EMR refuses the change to {following}"
