"""The push in two steps: create with what POST takes, then one PATCH with the rest.

POST /patients takes name, dob and our id, and a Ritten without the second step shows a "minimal" profile. Both steps
can be repeated: the first looks for our id before every attempt, the second says only what Ritten does not have yet.
What the first made is remembered before the second begins (`Halfway`), so that a later push has the second alone to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

from gateway.faults import Unprocessable
from gateway.translation.contract import Account, Call, Chart, Flow, Halfway, Linked, Pushed, Reply, send
from gateway.translation.lens import LeftOut
from gateway.translation.rows import Record, Resource
from translators.ritten import documents, refusal
from translators.ritten.coarser import coarser
from translators.ritten.difference import Difference, difference, not_cleared
from translators.ritten.insurance import Policies, policies
from translators.ritten.patient import PATIENT
from translators.ritten.referrals import Referrals, referrals
from translators.ritten.remembered import remembered
from translators.ritten.sendable import sendable

AT_CREATE = ("name", "dob")
BY_PATCH = ("demographics", "phones", "emails", "addresses", "insurance", "referrals")
MINIMAL = "Ritten has the patient with name and birth date only"
MET = "Ritten has the patient from an earlier delivery"
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


@dataclass(frozen=True, slots=True)
class Composed:
    """The chart against Ritten's document: what a PATCH has to say, and what it cannot."""

    patient: Resource
    unsendable: tuple[LeftOut, ...]
    insured: Policies
    referred: Referrals
    change: Difference
    body: Record


def push(account: Account, chart: Chart, link: Linked) -> Flow[Pushed]:
    current = yield from _known_or_made(account, chart.patient, link)
    said = yield from _composed(account, chart, link, current)
    document = yield from _patched(current, said.body)
    refused: tuple[str, ...] = ()
    if document is None:
        there = yield from _read(current["id"])
        said = yield from _composed(account, chart, link, there)
        document, refused = yield from refusal.in_parts(there, said.body)
    ssn = None if "ssn" in refused else said.change.local.get("ssn")
    return Pushed(
        document["id"],
        remembered(document, link.record) | ({"ssn": ssn} if ssn else {}),
        {kind: document[name] for kind, name in (("id", "id"), ("mr", "mrn")) if document.get(name)},
        said.insured.links(document),
        (*refusal.left_out(refused), *_left_out(account, chart, link, said, document)),
        detail="200 OK" if said.body else "200 OK, nothing to change",
        refused=refusal.told(refused),
    )


def _composed(account: Account, chart: Chart, link: Linked, current: Record) -> Flow[Composed]:
    lens = PATIENT.bound(account.bindings)
    numbers = frozenset(number for number in current.get("phones") or () if isinstance(number, str))
    patient, unsendable = sendable(chart.patient, "Patient", numbers)
    insured = yield from policies(account, chart, link, current)
    referred = referrals(account, chart, current)
    change = difference(lens, patient, link.record, current)
    return Composed(
        patient, unsendable, insured, referred, change, change.body() | _beside(link, current, insured, referred)
    )


def _left_out(account: Account, chart: Chart, link: Linked, said: Composed, document: Record) -> Iterator[LeftOut]:
    yield from said.unsendable
    yield from dict.fromkeys(_not_carried(account, said.patient, said.unsendable))
    yield from not_cleared(PATIENT.bound(account.bindings), said.patient, link.record, document)
    yield from said.insured.left_out
    yield from said.referred.left_out
    yield from _refused(chart, said.insured)


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
        return (yield from _read(link.external_id))
    record = PATIENT.bound(account.bindings).merge(patient).value
    if not record.get("name"):
        raise Unprocessable("Ritten needs a name to make a patient: give Patient.name family and given", "Patient.name")
    body = {name: record[name] for name in AT_CREATE if name in record} | {"externalId": link.local_id}
    create = Call("POST", "/patients", json=body, guard=lambda: _ours(link.local_id), halfway=partial(_halfway, body))
    found = documents.made((yield from send(create)))
    return found if "name" in found else body | found


def _ours(local_id: str) -> Flow[Reply | None]:
    """The patient that has our id, if one was made before."""
    path = f"/patients/external/{quote(local_id, safe='')}"
    reply = yield from send(Call("GET", path, accepts=frozenset({404})))
    return reply if reply.status == 200 else None


def _halfway(body: Record, reply: Reply) -> Halfway:
    """What the create sent, or an earlier one did: that much both sides know."""
    found = documents.made(reply)
    known = found if "name" in found else body | found
    record = {name: known[name] for name in ("id", "externalId", *AT_CREATE) if name in known}
    return Halfway(found["id"], MET if any(found.get(name) for name in BY_PATCH) else MINIMAL, record)


def _read(key: str) -> Flow[Record]:
    return documents.patient((yield from send(Call("GET", f"/patients/{quote(key, safe='')}"))))


def _patched(current: Record, body: Record) -> Flow[Record | None]:
    """The document after the push; None when Ritten refused the update. What POST has just made may need a read."""
    if body:
        return (yield from refusal.attempted(current, body))
    return current if "mrn" in current else (yield from _read(current["id"]))


def _not_carried(account: Account, patient: Resource, known: tuple[LeftOut, ...]) -> Iterator[LeftOut]:
    """What the table does not carry. A record in use of somebody alive is what Ritten takes for granted."""
    owners = {lost.expression.rpartition(".")[0] for lost in known if "telecom" in lost.expression}
    granted = {f"Patient.{name}" for name, usual in GRANTED.items() if patient.get(name) is usual}
    lens = PATIENT.bound(account.bindings)
    told = lens.merge(patient).value.get("demographics") or {}
    for lost in lens.unmapped(patient):
        if lost.expression not in granted and not any(lost.expression.startswith(owner) for owner in owners):
            yield coarser(lost, told)


def _refused(chart: Chart, insured: Policies) -> Iterator[LeftOut]:
    travelled = {wanted.person for wanted, _ in insured.placed}
    for type, resources in chart.resources.items():
        for resource in resources if type not in TAKEN else ():
            expression = f"{type}/{resource['id']}"
            if expression not in travelled:
                yield LeftOut(expression, REFUSED.get(type, "Ritten's API has no place for it"))
