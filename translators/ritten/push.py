"""The push in two steps: create with what POST takes, then one PATCH with the rest.

POST /patients takes name, dob and our id, and a Ritten without the second step shows a "minimal" profile. Both steps
can be repeated: the first looks for our id before every attempt, the second says only what Ritten does not have yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from gateway.faults import Unprocessable
from gateway.translation.contract import Account, Call, Chart, Flow, Linked, Pushed, Reply, send
from gateway.translation.lens import LeftOut
from gateway.translation.rows import Record, Resource
from translators.ritten import documents
from translators.ritten.difference import difference, not_cleared
from translators.ritten.insurance import Policies, policies
from translators.ritten.patient import PATIENT
from translators.ritten.referrals import Referrals, referrals
from translators.ritten.sendable import sendable

AT_CREATE = ("name", "dob")
GRANTED = {"active": True, "deceasedBoolean": False}
TAKEN = frozenset({"Coverage"})
REFUSED = {
    "Encounter": "Ritten admits and discharges in its own screens; of an Encounter only the referrer travels",
    "ServiceRequest": "Ritten's API takes no orders",
    "AllergyIntolerance": "Ritten's API takes no allergies",
    "Condition": "Ritten's API reads diagnoses, but takes none",
    "MedicationRequest": "Ritten's API takes no medication",
    "MedicationStatement": "Ritten's API takes no medication",
    "Observation": "vital signs are not sent to Ritten",
    "RelatedPerson": "relationships are not sent to Ritten; a policy's subscriber travels with the policy",
    "Communication": "Ritten's API takes no communication log of a patient",
    "Flag": "Ritten's API takes no alerts",
    "DocumentReference": "documents are not sent to Ritten",
}


def push(account: Account, chart: Chart, link: Linked) -> Flow[Pushed]:
    lens = PATIENT.bound(account.bindings)
    current = yield from _known_or_made(account, chart.patient, link)
    numbers = frozenset(number for number in current.get("phones") or () if isinstance(number, str))
    patient, unsendable = sendable(chart.patient, "Patient", numbers)
    insured = yield from policies(account, chart, link.record, current)
    referred = referrals(account, chart, current)
    change = difference(lens, patient, link.record, current)
    body = change.body() | _beside(link, current, insured, referred)
    document = yield from _patched(current, body)
    left_out = (
        *unsendable,
        *_not_carried(account, patient, unsendable),
        *not_cleared(lens, patient, link.record, document),
        *insured.left_out,
        *referred.left_out,
        *_refused(chart, insured),
    )
    ssn = change.local.get("ssn")
    return Pushed(
        document["id"],
        document | ({"ssn": ssn} if ssn else {}),
        {kind: document[name] for kind, name in (("id", "id"), ("mr", "mrn")) if document.get(name)},
        insured.links(document),
        left_out,
        detail="200 OK" if body else "200 OK, nothing to change",
    )


def _beside(link: Linked, current: Record, insured: Policies, referred: Referrals) -> Record:
    """What stands beside the Patient's own table."""
    body: Record = {}
    if insured.whole != (current.get("insurance") or []):
        body["insurance"] = insured.whole
    if referred.whole is not None:
        body["referrals"] = referred.whole
    if not current.get("externalId"):
        body["externalId"] = link.local_id
    return body


def _known_or_made(account: Account, patient: Resource, link: Linked) -> Flow[Record]:
    if link.external_id is not None:
        return documents.patient((yield from send(Call("GET", f"/patients/{quote(link.external_id, safe='')}"))))
    record = PATIENT.bound(account.bindings).merge(patient).value
    if not record.get("name"):
        raise Unprocessable("Ritten needs a name to make a patient: give Patient.name family and given", "Patient.name")
    body = {name: record[name] for name in AT_CREATE if name in record} | {"externalId": link.local_id}
    found = documents.made((yield from send(Call("POST", "/patients", json=body, guard=lambda: _ours(link.local_id)))))
    return found if "name" in found else body | found


def _ours(local_id: str) -> Flow[Reply | None]:
    """The patient that has our id, if one was made before."""
    path = f"/patients/external/{quote(local_id, safe='')}"
    reply = yield from send(Call("GET", path, accepts=frozenset({404})))
    return reply if reply.status == 200 else None


def _patched(current: Record, body: Record) -> Flow[Record]:
    """The document after the push. One that POST has just made is read where nothing more is to be said."""
    path = f"/patients/{quote(current['id'], safe='')}"
    if body:
        return documents.patient((yield from send(Call("PATCH", path, json=body))))
    if "mrn" in current:
        return current
    return documents.patient((yield from send(Call("GET", path))))


def _not_carried(account: Account, patient: Resource, known: tuple[LeftOut, ...]) -> Iterator[LeftOut]:
    """What the table does not carry. A record in use of somebody alive is what Ritten takes for granted."""
    owners = {lost.expression.rpartition(".")[0] for lost in known if "telecom" in lost.expression}
    granted = {f"Patient.{name}" for name, usual in GRANTED.items() if patient.get(name) is usual}
    for lost in PATIENT.bound(account.bindings).unmapped(patient):
        if lost.expression not in granted and not any(lost.expression.startswith(owner) for owner in owners):
            yield lost


def _refused(chart: Chart, insured: Policies) -> Iterator[LeftOut]:
    travelled = {wanted.person for wanted, _ in insured.placed}
    for type, resources in chart.resources.items():
        for resource in resources if type not in TAKEN else ():
            expression = f"{type}/{resource['id']}"
            if expression not in travelled:
                yield LeftOut(expression, REFUSED.get(type, "Ritten's API has no place for it"))
