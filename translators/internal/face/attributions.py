"""Referral attributions: by whom a patient came, each by exactly one source, and one of them the primary at most."""

from __future__ import annotations

from typing import Any

from gateway.faults import Conflict, Invalid
from gateway.translation.face import Asked, Kept, Operation, Params, Records, Search, literal
from gateway.translation.rows import Record, Resource
from translators.internal.attribution import ATTRIBUTION, CATEGORY, INBOUND, SOURCES
from translators.internal.face.archiving import HIDDEN, instant
from translators.internal.face.references import Relation
from translators.internal.face.subrecord import (
    Entity,
    changed,
    listed,
    living,
    outs,
    owned,
    patient,
    put_away,
    recorded,
)
from translators.internal.schema.attribution import (
    ArchiveAttributionQuery,
    AttributionListOut,
    AttributionOut,
    CreateAttributionIn,
    UpdateAttributionIn,
)
from translators.internal.schema.page import PageQuery

OVER = ("revoked", "entered-in-error")
STANDING: Params = (HIDDEN, ("category", f"{CATEGORY}|{INBOUND}"), ("status:not", ",".join(OVER)))
PRIMARY = "primary"


def _is_one(resource: Resource) -> bool:
    codings = (coding for concept in resource.get("category", ()) for coding in concept.get("coding", ()))
    is_inbound = any(each.get("system") == CATEGORY and each.get("code") == INBOUND for each in codings)
    return is_inbound and resource.get("status") not in OVER


ENTITY = Entity(
    "Referral attribution",
    ATTRIBUTION,
    AttributionOut,
    (
        Relation("referral_source", "Organization", "Referral source"),
        Relation("referral_partner", "Organization", "Referral partner"),
        Relation("provider", "Practitioner", "Provider"),
        Relation("referring_patient", "Patient", "Referring patient"),
    ),
    only=STANDING,
    is_one=_is_one,
)


def page(asked: Asked, records: Records) -> Any:
    query: PageQuery = asked.query
    of = patient(records, asked.path["patient_uuid"])
    told = listed(records, ENTITY, [of], query.page, query.page_size)
    return {**told, "items": [_dated(each) for each in told["items"]]}


def create(asked: Asked, records: Records) -> Any:
    body: CreateAttributionIn = asked.body
    of = living(records, asked.path["patient_uuid"])
    _check_source(body, of)
    if body.attribution_role == PRIMARY:
        _check_first(records, of, None)
    return _out(records, recorded(records, ENTITY, of, body, attributed_at=instant(records.now)))


def _check_source(body: CreateAttributionIn, of: Kept) -> None:
    given = [name for name in SOURCES if getattr(body, f"{name}_uuid") is not None]
    if len(given) != 1:
        names = ", ".join(f"{name}_uuid" for name in SOURCES)
        raise Invalid(f"Give exactly one of {names}", f"body.{given[1]}_uuid" if given else "body")
    if body.referring_patient_uuid == of.id:
        raise Invalid("A patient is not referred by himself or herself", "body.referring_patient_uuid")


def _check_first(records: Records, of: Kept, besides: Kept | None) -> None:
    """Within the transaction that writes: of two requests at once, one is repeated and sees the other's."""
    params = (*STANDING, ("patient", literal(of.reference)), ("attribution-role", PRIMARY))
    found = records.search(Search("ServiceRequest", params, count=2)).kept
    if any(besides is None or each.id != besides.id for each in found):
        raise Conflict("The patient has a primary attribution already", "body.attribution_role")


def update(asked: Asked, records: Records) -> Any:
    body: UpdateAttributionIn = asked.body
    of, kept = _owned(asked, records)
    if body.attribution_role == PRIMARY:
        _check_first(records, of, kept)
    return _out(records, changed(records, ENTITY, kept, body))


def archive(asked: Asked, records: Records) -> None:
    query: ArchiveAttributionQuery = asked.query
    _, kept = _owned(asked, records)
    put_away(records, kept, query.base_version, status="revoked")


def _owned(asked: Asked, records: Records) -> tuple[Kept, Kept]:
    of = living(records, asked.path["patient_uuid"])
    return of, owned(records, ENTITY, of, asked.path["attribution_uuid"])


def _out(records: Records, kept: Kept) -> Record:
    return _dated(outs(records, ENTITY, [kept])[0])


def _dated(record: Record) -> Record:
    """One of another system's without a time is of the time at which it came in."""
    return {**record, "attributed_at": record["attributed_at"] or record["created_at"]}


PLACE = "/patients/{patient_uuid}/referral-attributions"
ONE = f"{PLACE}/{{attribution_uuid}}"
NAME = "patients_patient_uuid_referral_attributions"
GONE = {404: "There is no such patient, or the attribution is not there or another patient's."}
STALE = "The attribution has changed since `base_version`"
OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET",
        PLACE,
        f"get_{NAME}",
        "List patient attributions",
        "patients",
        page,
        query=PageQuery,
        answer=AttributionListOut,
        refusals={404: "There is no such patient."},
    ),
    Operation(
        "POST",
        PLACE,
        f"post_{NAME}",
        "Create patient attribution",
        "patients",
        create,
        description="Exactly one of the four sources has to be given.",
        body=CreateAttributionIn,
        answer=AttributionOut,
        status=201,
        refusals={
            404: "There is no such patient, source, partner or provider.",
            409: "The patient has a primary attribution already.",
        },
    ),
    Operation(
        "PATCH",
        ONE,
        f"patch_{NAME}_attribution_uuid",
        "Update patient attribution",
        "patients",
        update,
        body=UpdateAttributionIn,
        answer=AttributionOut,
        refusals={**GONE, 409: f"{STALE}, or the patient has another primary attribution."},
    ),
    Operation(
        "POST",
        f"{ONE}/archive",
        f"post_{NAME}_attribution_uuid_archive",
        "Archive patient attribution",
        "patients",
        archive,
        query=ArchiveAttributionQuery,
        status=204,
        refusals={**GONE, 409: f"{STALE}."},
    ),
)
