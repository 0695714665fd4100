"""The Task that shows a CRM how the delivery of one patient to one EMR stands (interfaces.md, 5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from gateway.auth.authority import Realm
from gateway.canonical import CANONICAL
from gateway.definitions.contract import Resource
from gateway.store import document
from gateway.store.contract import Stored, Transaction
from gateway.store.document import instant
from gateway.translation.contract import Pushed
from gateway.translation.lens import LeftOut

TASK_CODES = f"{CANONICAL}CodeSystem/task-code"
REASON_CODES = f"{CANONICAL}CodeSystem/task-status-reason"
LOCKED = "emr-updates-locked"
OUTPUT_CODES = f"{CANONICAL}CodeSystem/task-output"
INPUT_CODES = f"{CANONICAL}CodeSystem/task-input"
BUSINESS_CODES = f"{CANONICAL}CodeSystem/task-business-status"
HALFWAY = {"system": BUSINESS_CODES, "code": "delivered-in-part", "display": "The EMR has a part of the record"}
ASKED = {"system": BUSINESS_CODES, "code": "answer-needed", "display": "A person has to answer"}
CANDIDATE = "candidate"
MAX_LEFT_OUT = 200


def task_id(realm: Realm, connection: str, patient_id: str) -> str:
    """The same for every push of this patient over this connection."""
    return str(uuid5(NAMESPACE_URL, f"{realm.slug}/{connection}/Patient/{patient_id}"))


def report(
    transaction: Transaction,
    realm: Realm,
    connection: str,
    patient_id: str,
    status: str,
    reason: str | None = None,
    pushed: Pushed | None = None,
    asked: Sequence[str] | None = None,
    settled: bool = False,
    halfway: str | None = None,
) -> Stored:
    """Write the Task's new state. Outputs stay as they are until a push brings new ones.

    `asked`: a person is asked, which of these records of the EMR is the patient's. The question stays until it is
    `settled`, or the push completed. `halfway`: the EMR's key of a record of which it has a part; that stays
    told until the push completed.
    """
    id = task_id(realm, connection, patient_id)
    before = transaction.read("Task", id)
    task = _new(connection, patient_id, id, transaction.now) if before is None or before.deleted else _decode(before)
    task |= {"status": status, "owner": _owner(connection), "lastModified": instant(transaction.now)}
    _explain(task, _lock_of(task), reason)
    if pushed is not None:
        task.pop("output", None)
        if outputs := list(_outputs(pushed)):
            task["output"] = outputs
    if halfway is not None:
        task["businessStatus"] = {"coding": [HALFWAY], "text": HALFWAY["display"]}
        task["output"] = [_output("external-id", halfway)]
    if asked is not None:
        _ask(task, asked)
    elif settled or status == "completed":
        _end_question(task)
    return transaction.put(task)


def _ask(task: Resource, candidates: Sequence[str]) -> None:
    _end_question(task)
    if candidates:
        task["output"] = [*task.get("output", ()), *(_output(CANDIDATE, key) for key in candidates)]
    task["businessStatus"] = {"coding": [ASKED], "text": ASKED["display"]}


def _end_question(task: Resource) -> None:
    task.pop("businessStatus", None)
    if others := [output for output in task.pop("output", ()) if output["type"].get("text") != CANDIDATE]:
        task["output"] = others
    _take_out_answers(task)


def _take_out_answers(task: Resource) -> None:
    """An answer that was taken must not answer the next question as well; the history has it."""
    kept = [item for item in task.pop("input", ()) if not _is_answer(item)]
    if kept:
        task["input"] = kept


def _is_answer(item: Resource) -> bool:
    return any(coding.get("system") == INPUT_CODES for coding in (item.get("type") or {}).get("coding", ()))


def lock(transaction: Transaction, realm: Realm, connection: str, patient_id: str, reason: str) -> Stored:
    """Show that updates from the EMR are locked, beside how the delivery stands. One is made where none was needed."""
    return _noted(transaction, realm, connection, patient_id, reason)


def unlock(transaction: Transaction, realm: Realm, connection: str, patient_id: str) -> Stored:
    return _noted(transaction, realm, connection, patient_id, None)


def _noted(transaction: Transaction, realm: Realm, connection: str, patient_id: str, lock: str | None) -> Stored:
    id = task_id(realm, connection, patient_id)
    before = transaction.read("Task", id)
    if before is None or before.deleted:
        task = {**_new(connection, patient_id, id, transaction.now), "status": "completed"}
    else:
        task = _decode(before)
    said, text = _lock_of(task), task.get("statusReason", {}).get("text")
    task["lastModified"] = instant(transaction.now)
    _explain(task, lock, None if text == said else text)
    return transaction.put(task)


def _explain(task: Resource, lock: str | None, reason: str | None) -> None:
    """The lock stays told as a code while a push has a reason of its own to tell."""
    task.pop("statusReason", None)
    if lock is not None:
        coding = {"system": REASON_CODES, "code": LOCKED, "display": lock}
        task["statusReason"] = {"coding": [coding], "text": reason or lock}
    elif reason:
        task["statusReason"] = {"text": reason}


def _lock_of(task: Resource) -> str | None:
    """In which words the Task says that updates from the EMR are locked."""
    for coding in task.get("statusReason", {}).get("coding", ()):
        if (coding.get("system"), coding.get("code")) == (REASON_CODES, LOCKED):
            return str(coding.get("display"))
    return None


def status(transaction: Transaction, realm: Realm, connection: str, patient_id: str) -> str | None:
    """How the delivery stands; None when there never was one."""
    stored = transaction.read("Task", task_id(realm, connection, patient_id))
    return None if stored is None or stored.deleted else _decode(stored).get("status")


def _decode(stored: Stored) -> Resource:
    return document.decode(stored.body)


def _new(connection: str, patient_id: str, id: str, now: int) -> Resource:
    return {
        "resourceType": "Task",
        "id": id,
        "status": "requested",
        "intent": "order",
        "code": {"coding": [{"system": TASK_CODES, "code": "push"}], "text": "push"},
        "focus": {"reference": f"Patient/{patient_id}"},
        "for": {"reference": f"Patient/{patient_id}"},
        "authoredOn": instant(now),
        "owner": _owner(connection),
    }


def _owner(connection: str) -> Resource:
    """R4 names no Endpoint among the owners of a Task: a client that writes the Task leaves it out."""
    return {"reference": f"Endpoint/{connection}", "display": connection}


def _outputs(pushed: Pushed) -> Iterable[dict[str, Any]]:
    if pushed.external_id is not None:
        yield _output("external-id", pushed.external_id)
    for kind, value in sorted(pushed.identifiers.items()):
        if kind != "id":
            yield _output(kind, value)
    told = sorted(pushed.left_out, key=lambda left_out: not left_out.notable)[:MAX_LEFT_OUT]
    yield from (_output("left-out", sentence(left_out)) for left_out in told)
    if len(pushed.left_out) > MAX_LEFT_OUT:
        yield _output("left-out", f"and {len(pushed.left_out) - MAX_LEFT_OUT} more")


def _output(code: str, value: str) -> dict[str, Any]:
    return {"type": {"coding": [{"system": OUTPUT_CODES, "code": code}], "text": code}, "valueString": value}


def sentence(left_out: LeftOut) -> str:
    return f"{left_out.expression}: {left_out.reason}"
