"""One write: a transaction Bundle with one entry, posted to the base, and what its answer says."""

from __future__ import annotations

from typing import Any

from gateway.faults import EmrNonsense
from gateway.translation.contract import Call, Flow, Reply, send
from gateway.translation.rows import Record
from translators.ecw import codes
from translators.ecw.wire import PROFILE

HEADERS = {"Accept": "application/fhir+json", "Content-Type": "application/fhir+json"}


def transaction(document: Record, method: str, url: str, scope: str) -> Call:
    resource = {**document, "meta": {"profile": [PROFILE]}}
    entry = {"resource": resource, "request": {"method": method, "url": url}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    return Call("POST", "/", json=bundle, headers=HEADERS, token=scope)


def written(call: Call) -> Flow[Reply]:
    """Sends it; once more when eCW says that its own processing failed."""
    reply = yield from send(call)
    if is_transaction(reply.json()) and outcome(reply)[0] in codes.RETRIED_ONCE:
        reply = yield from send(call)
    return reply


def is_transaction(answer: Any) -> bool:
    """Not the searchset or the patient that a guard has found."""
    return isinstance(answer, dict) and answer.get("type") != "searchset" and answer.get("resourceType") != "Patient"


def outcome(reply: Reply) -> tuple[int | None, str | None]:
    """The code of a transaction's one entry, and the id of the resource where the answer tells it."""
    answer = reply.json()
    items = answer.get("entry") if isinstance(answer, dict) else None
    if not isinstance(items, list) or not items or not isinstance(items[0], dict):
        raise EmrNonsense("eClinicalWorks answered a write without telling what became of it")
    response = items[0].get("response")
    if not isinstance(response, dict) or "status" not in response:
        raise EmrNonsense("eClinicalWorks answered a write without a status")
    return codes.code_of(response["status"]), _key(response.get("location"), items[0].get("resource"))


def was_refused(reply: Reply) -> bool:
    """Whether the answer says for certain that nothing was written."""
    try:
        return codes.was_refused(outcome(reply)[0])
    except EmrNonsense:
        return False


def _key(location: Any, resource: Any) -> str | None:
    """From `Patient/ID` or a whole URL, with or without a version; else from the resource."""
    parts = location.split("/_history/")[0].split("/") if isinstance(location, str) else []
    if len(parts) > 1 and parts[-2] == "Patient" and parts[-1]:
        return str(parts[-1])
    is_patient = isinstance(resource, dict) and resource.get("resourceType") == "Patient"
    return resource.get("id") if is_patient else None
