"""The Task that shows a CRM how the delivery of one patient to one EMR stands (interfaces.md, 5)."""

from __future__ import annotations

from collections.abc import Iterable
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
OUTPUT_CODES = f"{CANONICAL}CodeSystem/task-output"
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
) -> Stored:
    """Write the Task's new state. Outputs stay as they are until a push brings new ones."""
    id = task_id(realm, connection, patient_id)
    before = transaction.read("Task", id)
    task = _new(connection, patient_id, id, transaction.now) if before is None or before.deleted else _decode(before)
    task["status"] = status
    task["lastModified"] = instant(transaction.now)
    task.pop("statusReason", None)
    if reason:
        task["statusReason"] = {"text": reason}
    if pushed is not None:
        task.pop("output", None)
        if outputs := list(_outputs(pushed)):
            task["output"] = outputs
    return transaction.put(task)


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
        "owner": {"reference": f"Endpoint/{connection}", "display": connection},
    }


def _outputs(pushed: Pushed) -> Iterable[dict[str, Any]]:
    if pushed.external_id is not None:
        yield _output("external-id", pushed.external_id)
    for kind, value in sorted(pushed.identifiers.items()):
        if kind != "id":
            yield _output(kind, value)
    yield from (_output("left-out", _sentence(left_out)) for left_out in pushed.left_out[:MAX_LEFT_OUT])
    if len(pushed.left_out) > MAX_LEFT_OUT:
        yield _output("left-out", f"and {len(pushed.left_out) - MAX_LEFT_OUT} more")


def _output(code: str, value: str) -> dict[str, Any]:
    return {"type": {"coding": [{"system": OUTPUT_CODES, "code": code}], "text": code}, "valueString": value}


def _sentence(left_out: LeftOut) -> str:
    return f"{left_out.expression}: {left_out.reason}"
