"""Alerts on a patient's chart, and those of the family that are shown on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.faults import Conflict
from gateway.translation.face import Asked, Kept, Operation, Params, Records, literal
from gateway.translation.rows import Record
from translators.internal.alert import ALERT, UNSAID
from translators.internal.face.archiving import instant
from translators.internal.face.family import family_of
from translators.internal.face.references import Relation
from translators.internal.face.subrecord import (
    Entity,
    changed,
    laid_over,
    listed,
    living,
    outs,
    owned,
    patient,
    record_of,
    recorded,
)
from translators.internal.schema.alert import (
    AlertListOut,
    AlertOut,
    CreateAlertIn,
    DismissAlertsIn,
    ListAlertsQuery,
    UpdateAlertIn,
)
from translators.internal.schema.shapes import VersionIn

ENTITY = Entity(
    "Alert",
    ALERT,
    AlertOut,
    (Relation("alert_definition", "Basic", "Alert definition", "alert-definition"),),
    UNSAID,
)
_ACTIVE: Params = (("flag-status", "active"),)
_DISABLED: Params = (("flag-status", "inactive"), ("alert-status:not", "archived"))
_ARCHIVED: Params = (("flag-status", "inactive"), ("alert-status", "archived"))
_MISTAKEN: Params = (("flag-status", "entered-in-error"),)
STATUSES: Mapping[str | None, tuple[Params, ...]] = {
    "active": (_ACTIVE,),
    "disabled": (_DISABLED,),
    "archived": (_ARCHIVED, _MISTAKEN),
    None: (_ACTIVE, _DISABLED),
}
"""As the table reads them; archived ones only on demand."""
NEWEST_FIRST = ("-_created",)
FAMILY = (("alert-scope", "family"),)


def page(asked: Asked, records: Records) -> Any:
    query: ListAlertsQuery = asked.query
    of = patient(records, asked.path["patient_uuid"])
    others = tuple(family_of(records, of)) if query.include_family else ()
    shown = ((("patient", literal(of.reference)),), *(_of_family(others) if others else ()))
    return listed(
        records,
        ENTITY,
        (of, *others),
        query.page,
        query.page_size,
        either=(STATUSES[query.status], shown),
        sort=NEWEST_FIRST,
    )


def _of_family(others: tuple[Kept, ...]) -> tuple[Params, ...]:
    return ((("patient", ",".join(literal(each.reference) for each in others)), *FAMILY),)


def create(asked: Asked, records: Records) -> Any:
    of = living(records, asked.path["patient_uuid"])
    return _out(records, recorded(records, ENTITY, of, asked.body, status="active"))


def update(asked: Asked, records: Records) -> Any:
    body: UpdateAlertIn = asked.body
    kept = _owned(asked, records)
    return _out(records, changed(records, ENTITY, kept, body, **_disabling(kept, body, records)))


def _disabling(kept: Kept, body: UpdateAlertIn, records: Records) -> Record:
    """When it was disabled belongs to the status, unless the request says it itself."""
    if "date_disabled" in body.model_fields_set or body.status in (None, "archived", record_of(ENTITY, kept)["status"]):
        return {}
    return {"date_disabled": instant(records.now) if body.status == "disabled" else None}


def disable(asked: Asked, records: Records) -> Any:
    kept = _owned(asked, records)
    news = {}
    if (status := record_of(ENTITY, kept)["status"]) == "archived":
        raise Conflict("The alert is archived; only an active one can be disabled", "path.alert_uuid")
    if status == "active":
        news = {"status": "disabled", "date_disabled": instant(records.now)}
    return _out(records, laid_over(records, ENTITY, kept, news, asked.body.base_version))


def archive(asked: Asked, records: Records) -> Any:
    return _out(records, _archived(records, _owned(asked, records)))


def dismiss(asked: Asked, records: Records) -> None:
    """All are looked at before one is changed."""
    body: DismissAlertsIn = asked.body
    of = living(records, asked.path["patient_uuid"])
    for kept in [owned(records, ENTITY, of, id) for id in dict.fromkeys(body.alert_uuids)]:
        _archived(records, kept)


def _archived(records: Records, kept: Kept) -> Kept:
    is_archived = record_of(ENTITY, kept)["status"] == "archived"
    return kept if is_archived else laid_over(records, ENTITY, kept, {"status": "archived"}, None)


def _owned(asked: Asked, records: Records) -> Kept:
    return owned(records, ENTITY, living(records, asked.path["patient_uuid"]), asked.path["alert_uuid"])


def _out(records: Records, kept: Kept) -> Record:
    return outs(records, ENTITY, [kept])[0]


TAG = "patients"
ALL = "/patients/{patient_uuid}/alerts"
ONE = f"{ALL}/{{alert_uuid}}"
NAME = "patients_patient_uuid_alerts"
GONE = {404: "There is no such patient or alert."}
STALE = {409: "The alert has changed since `base_version`."}

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET",
        ALL,
        f"get_{NAME}",
        "List patient alerts",
        TAG,
        page,
        description="The newest first; archived ones by `status=archived` only. `include_family` adds the alerts of "
        "scope `family` of those who have the same guarantor.",
        query=ListAlertsQuery,
        answer=AlertListOut,
        refusals={404: "There is no such patient."},
    ),
    Operation(
        "POST",
        ALL,
        f"post_{NAME}",
        "Create patient alert",
        TAG,
        create,
        body=CreateAlertIn,
        answer=AlertOut,
        status=201,
        refusals={
            404: "There is no such patient or alert definition.",
            409: "Another request had the Idempotency-Key.",
        },
        repeatable=True,
    ),
    Operation(
        "PATCH",
        ONE,
        f"patch_{NAME}_alert_uuid",
        "Update patient alert",
        TAG,
        update,
        description="A change of `status` sets or clears `date_disabled`, unless the request says it.",
        body=UpdateAlertIn,
        answer=AlertOut,
        refusals={**GONE, **STALE},
    ),
    Operation(
        "POST",
        f"{ONE}/disable",
        f"post_{NAME}_alert_uuid_disable",
        "Disable patient alert",
        TAG,
        disable,
        description="One that is disabled already stays as it is.",
        body=VersionIn,
        answer=AlertOut,
        refusals={**GONE, 409: "The alert has changed since `base_version`, or is archived."},
    ),
    Operation(
        "POST",
        f"{ONE}/archive",
        f"post_{NAME}_alert_uuid_archive",
        "Archive patient alert (status-based)",
        TAG,
        archive,
        description="It is listed by `status=archived` from then on.",
        answer=AlertOut,
        refusals=GONE,
    ),
    Operation(
        "POST",
        f"{ALL}/bulk-dismiss",
        f"post_{NAME}_bulk_dismiss",
        "Bulk dismiss alerts",
        TAG,
        dismiss,
        description="Archives up to 50 alerts, all or none. Those that are archived already stay as they are.",
        body=DismissAlertsIn,
        status=204,
        refusals={404: "There is no such patient, or one of the alerts is not there or another patient's."},
    ),
)
