"""Reads and searches straight from Ritten.

Stays and policies have no address of their own in Ritten: their live id is the patient's id and their own, the digits
of both UUIDs one after the other, which is just as long as a FHIR id may be.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote
from uuid import UUID

from gateway.faults import Invalid, NotFound, NotSupported
from gateway.translation import path
from gateway.translation.contract import Account, Call, Flow, Found, Part, send
from gateway.translation.rows import Record, Resource
from translators.ritten.chart import MAPS, Reader
from translators.ritten.directory import directory, facilities
from translators.ritten.documents import keyed, patient
from translators.ritten.reading import ABSENT, details, relationships
from translators.ritten.remembered import remembered
from translators.ritten.walk import STATUSES, Place, page

OWNED = frozenset({"Encounter", "Coverage", "RelatedPerson"})
"""Types that stand in a patient's document."""


def live_id(patient: str, key: str) -> str:
    try:
        return UUID(patient).hex + UUID(key).hex
    except ValueError:
        return f"{patient}.{key}"


def parted(id: str) -> tuple[str, str] | None:
    """The patient's id and the element's."""
    if len(id) == 64 and "." not in id:
        try:
            return str(UUID(id[:32])), str(UUID(id[32:]))
        except ValueError:
            return None
    patient, _, key = id.partition(".")
    return (patient, key) if patient and key else None


def read(account: Account, type: str, id: str) -> Flow[Resource]:
    _declared(type)
    found = yield from _by_id(Reader.of(account), type, id)
    if found is None:
        raise NotFound(f"Ritten has no {type} with this id")
    return found


def search(account: Account, type: str, params: Sequence[tuple[str, str]]) -> Flow[Found]:
    asked = _asked(type, params)
    reader = Reader.of(account)
    if "_id" in asked:
        one = yield from _by_id(reader, type, asked["_id"])
        return _found([one] if one else [])
    if type == "Patient":
        return (yield from _patients(account, reader, asked))
    if type in OWNED:
        return (yield from _of_patient(reader, type, asked))
    entries = yield from directory(type, asked.get("name"))
    wanted = _value(asked["identifier"])[1] if "identifier" in asked else None
    fitting = [entry for entry in entries if wanted in (None, entry.get("id"), entry.get("payerIdentifier"))]
    return _found([as_resource(reader.part(type, entry)) for entry in fitting])


def as_resource(part: Part, owner: str | None = None) -> Resource:
    """The part as a resource of the live face: its id, and references to what the live face serves."""
    resource = part.lens.to_fhir(part.record).value
    for place, target in part.references.items():
        path.place(resource, path.parse(place), {"reference": target})
    key = part.key if owner is None else live_id(owner, part.key)
    return {"resourceType": part.lens.type, "id": key, **_referring(resource, owner)}


def _referring(node: Any, owner: str | None) -> Any:
    if isinstance(node, dict):
        return {name: _referring(child, owner) for name, child in node.items()}
    if isinstance(node, list):
        return [_referring(child, owner) for child in node]
    if isinstance(node, str) and node.startswith("emr:"):
        type, _, key = node.removeprefix("emr:").partition("/")
        return f"{type}/{live_id(owner, key) if owner and type in OWNED else key}"
    return node


def _by_id(reader: Reader, type: str, id: str) -> Flow[Resource | None]:
    if type == "Patient":
        document = yield from _document(f"/patients/{quote(id, safe='')}")
        return _patient(reader, document) if document else None
    if type in OWNED:
        keys = parted(id)
        owned = (yield from _owned(reader, type, keys[0])) if keys else ()
        return next((resource for resource in owned if resource["id"] == id), None)
    if type == "Organization":
        reply = yield from send(Call("GET", f"/insurance/payers/{quote(id, safe='')}", accepts=ABSENT))
        return None if reply.status in ABSENT else as_resource(reader.part(type, keyed(reply.json(), "payer")))
    entries = yield from directory(type)
    return next((as_resource(reader.part(type, entry)) for entry in entries if entry.get("id") == id), None)


def _document(path: str) -> Flow[Record | None]:
    reply = yield from send(Call("GET", path, accepts=ABSENT))
    return None if reply.status in ABSENT else patient(reply)


def _patient(reader: Reader, document: Record) -> Resource:
    return as_resource(next(reader.parts(document)))


def _owned(reader: Reader, type: str, id: str) -> Flow[list[Resource]]:
    """What of that type stands in the patient's record, relationships among it."""
    document = yield from _document(f"/patients/{quote(id, safe='')}")
    if document is None:
        return []
    shown = (yield from relationships([document["id"]])) if type == "RelatedPerson" else {}
    places = (yield from facilities()) if type == "Encounter" else {}
    parts = reader.parts(remembered(document, None, places), shown.get(document["id"]) or ())
    return [as_resource(part, document["id"]) for part in parts if part.lens.type == type]


def _patients(account: Account, reader: Reader, asked: dict[str, str]) -> Flow[Found]:
    if "identifier" in asked:
        document = yield from _document(_identified(account, asked["identifier"]))
        return _found([_patient(reader, document)] if document else [])
    place = Place.parse(asked["page"].replace("-", ":")) if "page" in asked else Place()
    if place.leg not in STATUSES:
        raise Invalid("this page is none that a search gave; follow the link `next` of the search result", "page")
    found, after = yield from page(place)
    documents = yield from details([item["id"] for item in found])
    following = f"page={str(after.plain).replace(':', '-')}" if after else None
    return Found(tuple(_patient(reader, one.document) for one in documents), following)


def _identified(account: Account, token: str) -> str:
    """Ritten finds a patient by its own id and by the external id, not by MRN."""
    system, value = _value(token)
    if system == account.system("mr"):
        raise NotSupported("Ritten cannot be searched by MR number; search the normalised store", "identifier")
    if system == account.system("id"):
        return f"/patients/{quote(value, safe='')}"
    return f"/patients/external/{quote(value, safe='')}"


def _of_patient(reader: Reader, type: str, asked: dict[str, str]) -> Flow[Found]:
    if "patient" not in asked:
        raise Invalid(f"Ritten gives {type} by patient only: add patient=ID", "patient")
    id = asked["patient"].rpartition("Patient/")[2]
    return _found((yield from _owned(reader, type, id)))


def _asked(type: str, params: Sequence[tuple[str, str]]) -> dict[str, str]:
    _declared(type)
    known = MAPS[type].search
    for name, value in params:
        if name not in known:
            raise NotSupported(f"Ritten's {type} can be searched by {', '.join(sorted(known))}; not by {name}", name)
        if "," in value or sum(other == name for other, _ in params) > 1:
            raise NotSupported("Ritten is searched with one value of a parameter at a time", name)
    return dict(params)


def _declared(type: str) -> None:
    if type not in MAPS:
        raise NotSupported(f"Ritten's live face has {', '.join(sorted(MAPS))}; not {type}")


def _value(token: str) -> tuple[str, str]:
    system, _, value = token.rpartition("|")
    return system, value


def _found(resources: list[Resource]) -> Found:
    return Found(tuple(resources), total=len(resources))
