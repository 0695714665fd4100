"""Charts in full: each patient's document, their relationships, and the persons that those name.

A patient costs a call for the document, one for the relationships, and one for each person that these name; calls of
twenty patients go out side by side as far as Ritten's pace goes. Once for all of them the programs are asked for, which
tell where a stay is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from gateway.faults import EmrNonsense
from gateway.translation.contract import Call, Flow, Linked, Pulled, Reply, gather
from gateway.translation.rows import Record
from translators.ritten.chart import Reader
from translators.ritten.directory import facilities
from translators.ritten.documents import entries, keyed, patient
from translators.ritten.remembered import remembered
from translators.ritten.unchanged import settled

ABSENT = frozenset({400, 404})
"""Ritten answers 400 to an id that cannot be one."""
UNSHOWN = ABSENT | {403}
"""403: the integration was not granted relationships or contacts."""
Relations = dict[str, list[Record] | None]
"""Patient's id → the relationships as shown now; None where Ritten does not show them."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A PatientDetail, and when it was asked for."""

    document: Record
    asked: datetime | None


def charts(
    reader: Reader, keys: Sequence[str], known: Mapping[str, Linked], types: frozenset[str]
) -> Flow[tuple[Pulled, ...]]:
    """Those that Ritten has, in the order of the keys; `known` has those of them who are linked."""
    shown = yield from details(keys)
    whom = [one.document["id"] for one in shown]
    places: Mapping[str, str] = {}
    if (not types or "Encounter" in types) and any(one.document.get("programs") for one in shown):
        places = yield from facilities()
    relations: Relations = {}
    if not types or "RelatedPerson" in types:
        relations = yield from relationships(whom)
    return tuple(
        reader.chart(_remembering(one.document, known.get(id), places), types, relations.get(id), one.asked)
        for id, one in zip(whom, shown, strict=True)
    )


def _remembering(document: Record, link: Linked | None, places: Mapping[str, str]) -> Record:
    return remembered(document, link.record if link else None, places)


def details(ids: Sequence[str]) -> Flow[list[Shown]]:
    """The documents of those that still exist."""
    unique = list(dict.fromkeys(ids))
    replies = yield from gather([_get("/patients", id, accepts=ABSENT) for id in unique])
    return [Shown(settled(patient(reply)), reply.sent) for reply in replies if reply.status not in ABSENT]


def relationships(ids: Sequence[str]) -> Flow[Relations]:
    """Of each patient, each relationship joined with its person."""
    calls = [_get("/patients", id, "/relationships", accepts=UNSHOWN) for id in ids]
    replies = yield from gather(calls)
    found: Relations = {id: _relations(reply) for id, reply in zip(ids, replies, strict=True)}
    named = [item["personId"] for items in found.values() for item in items or () if "personId" in item]
    persons = yield from _persons(list(dict.fromkeys(named)))
    return {id: items and [_joined(item, persons) for item in items] for id, items in found.items()}


def _relations(reply: Reply) -> list[Record] | None:
    if reply.status in UNSHOWN:
        return None
    found = entries(reply.json(), "relationship")
    if not all(isinstance(item.get("personId"), str | None) for item in found):
        raise EmrNonsense("Ritten answered a relationship whose personId is no text")
    return [{name: value for name, value in item.items() if value is not None} for item in found]


def _joined(item: Record, persons: Mapping[str, Record]) -> Record:
    person = persons.get(item.get("personId", ""))
    return {**item, "person": person} if person else item


def _persons(ids: Sequence[str]) -> Flow[dict[str, Record]]:
    """Contacts, and of the others the patients; who is neither, or not shown, is left out."""
    replies = yield from gather([_get("/contacts", id, accepts=UNSHOWN) for id in ids])
    found = {id: _contact(reply) for id, reply in zip(ids, replies, strict=True) if reply.status not in UNSHOWN}
    others = [id for id in ids if id not in found]
    return found | {one.document["id"]: _as_contact(one.document) for one in (yield from details(others))}


def _contact(reply: Reply) -> Record:
    found = keyed(reply.json(), "contact")
    points, address = found.get("contactPoints"), found.get("address")
    if not isinstance(points, list | None) or not isinstance(address, dict | None):
        raise EmrNonsense("Ritten answered a contact in another form")
    return found


def _as_contact(document: Record) -> Record:
    """Of a patient who is related to another one: what a relationship needs, and nothing of their treatment."""
    name = document.get("name") or {}
    points = [{"system": "PHONE", "value": value} for value in document.get("phones") or ()]
    points += [{"system": "EMAIL", "value": value} for value in document.get("emails") or ()]
    told = {"id": document["id"], "dob": document.get("dob"), "contactPoints": points or None}
    told |= {part: name.get(part) for part in ("first", "middle", "last")}
    return {name: value for name, value in told.items() if value is not None}


def _get(collection: str, id: str, rest: str = "", *, accepts: frozenset[int]) -> Call:
    return Call("GET", f"{collection}/{quote(id, safe='')}{rest}", accepts=accepts)
