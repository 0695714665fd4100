"""The log of communications with a patient. The API has no operation that changes an entry, and FHIR refuses it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from gateway.translation.face import Asked, Kept, Operation, Params, Records, Search, literal
from gateway.translation.rows import Record
from translators.internal.communication import COMMUNICATION, PARTICIPATION_MODE, UNSAID
from translators.internal.face.archiving import HIDDEN, instant
from translators.internal.face.references import Relation, name_of
from translators.internal.face.subrecord import Entity, living, outs, paged, patient, recorded
from translators.internal.schema.communication import (
    CommunicationListOut,
    CommunicationOut,
    CreateCommunicationIn,
    ListCommunicationsQuery,
)

Group = tuple[Params, ...]
HAPPENED = ("status", "completed,in-progress,on-hold,stopped,unknown")
"""What was only prepared, did not come about, or was entered by mistake is no entry of a log."""
ENTITY = Entity(
    "Communication log",
    COMMUNICATION,
    CommunicationOut,
    (
        Relation("communication_type", "Basic", "Communication type", "communication-type"),
        Relation("appointment", "Appointment", "Appointment"),
        Relation("created_by", "Practitioner", "Practitioner"),
    ),
    UNSAID,
    (HIDDEN, HAPPENED),
)
_UNSAID = ("communication-direction:missing", "true")
_BY_PATIENT, _BY_OTHERS = ("patient-sender:missing", "false"), ("patient-sender:missing", "true")
DIRECTIONS: Mapping[str, Group] = {
    "sent": ((("communication-direction", "sent"),), (_UNSAID, _BY_OTHERS, ("sent:missing", "false"))),
    "received": (
        (("communication-direction", "received"),),
        (_UNSAID, _BY_PATIENT),
        (_UNSAID, ("sent:missing", "true"), ("received:missing", "false")),
    ),
    "neither": ((("communication-direction", "neither"),),),
}
"""As the table reads them."""
SOURCES: Mapping[str, Group] = {
    "user": ((("communication-source", "user"),),),
    "automated": ((("communication-source", "automated"),),),
    "integration": ((("communication-source", "integration"),), (("communication-source:missing", "true"),)),
}
MODES = {
    "phone": "PHONE",
    "email": "EMAILWRIT",
    "mail": "MAILWRIT",
    "in_person": "FACE",
    "text": "SMSWRIT,APPWRIT,MMSWRIT,MSGWRIT",
    "fax": "FAXWRIT",
}
MOMENT = timedelta(microseconds=1)
NEWEST_FIRST = ("-communication-date", "-_created")


def page(asked: Asked, records: Records) -> Any:
    query: ListCommunicationsQuery = asked.query
    of = patient(records, asked.path["patient_uuid"])
    params = (*ENTITY.only, ("patient", literal(of.reference)), *_filters(query))
    skip = (query.page - 1) * query.page_size
    search = Search(
        "Communication", params, tuple(_groups(query)), NEWEST_FIRST, count=query.page_size, skip=skip, total=True
    )
    found = records.search(search)
    return paged(_shown(records, *found.kept), query.page, query.page_size, found.total or 0)


def _filters(query: ListCommunicationsQuery) -> Iterator[tuple[str, str]]:
    if query.date_from is not None:
        yield "communication-date", f"ge{_told(query.date_from)}"
    if query.date_to is not None:
        yield "communication-date", _until(query.date_to)
    if query.mode is not None:
        yield "medium", ",".join(f"{PARTICIPATION_MODE}|{code}" for code in MODES[query.mode].split(","))
    if query.q:
        yield "note-text:contains", literal(query.q)


def _told(value: datetime | date) -> str:
    return instant(value) if isinstance(value, datetime) else str(value)


def _until(value: datetime | date) -> str:
    """Up to that day, or to that very moment: FHIR's `le` leaves out what is told with fewer digits than the value."""
    try:
        return f"lt{_told(value + (MOMENT if isinstance(value, datetime) else timedelta(days=1)))}"
    except OverflowError:
        return f"le{_told(value)}"


def _groups(query: ListCommunicationsQuery) -> Iterator[Group]:
    if query.direction is not None:
        yield DIRECTIONS[query.direction]
    if query.communication_source is not None:
        yield SOURCES[query.communication_source]


def create(asked: Asked, records: Records) -> Any:
    of = living(records, asked.path["patient_uuid"])
    more = {"communication_source": "user", **_author(records)}
    return _shown(records, recorded(records, ENTITY, of, asked.body, **more))[0]


def _author(records: Records) -> Record:
    """Who is signed in, where that is a person of the practice."""
    type, _, id = (records.user or "").rpartition("/")
    if type.rpartition("/")[2] != "Practitioner":
        return {}
    known = records.several([f"Practitioner/{id}"]).get(f"Practitioner/{id}")
    return {"created_by": {"id": id, "name": name_of(known.resource) if known else None}}


def _shown(records: Records, *kept: Kept) -> list[Record]:
    """An entry of another system's has its sender as the author, and the time of its record where it has no other."""
    told = outs(records, ENTITY, kept)
    for each, record in zip(kept, told, strict=True):
        record["communication_datetime"] = record["communication_datetime"] or record["created_at"]
        record["created_by"] = record["created_by"] or _sender(each)
    return told


def _sender(kept: Kept) -> Record | None:
    sender = kept.resource.get("sender", {})
    type, _, id = str(sender.get("reference", "")).partition("/")
    return {"id": id, "name": sender.get("display")} if type == "Practitioner" and id else None


PLACE, NAME = "/patients/{patient_uuid}/communication-logs", "patients_patient_uuid_communication_logs"
OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET",
        PLACE,
        f"get_{NAME}",
        "List communication logs",
        "patients",
        page,
        description="The newest first. Entries that FHIR clients have written count as `integration` unless they say "
        "otherwise.",
        query=ListCommunicationsQuery,
        answer=CommunicationListOut,
        refusals={404: "There is no such patient."},
    ),
    Operation(
        "POST",
        PLACE,
        f"post_{NAME}",
        "Log patient communication",
        "patients",
        create,
        description="`communication_source` is `user`, `created_by` the practitioner who is signed in. An entry is "
        "never changed or deleted.",
        body=CreateCommunicationIn,
        answer=CommunicationOut,
        status=201,
        refusals={
            404: "There is no such patient, communication type or appointment.",
            409: "Another request had the Idempotency-Key.",
        },
        repeatable=True,
    ),
)
