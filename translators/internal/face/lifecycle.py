"""Where a patient stands: the API's status as the field table reads it, and the changes that the API makes to it.

The changes are made in the resource rather than through the table, as a record in the API's words cannot say of
somebody who is archived that they have died, and that is not to be lost.
"""

from __future__ import annotations

from datetime import datetime

from gateway.translation.lens import ResourceMap
from gateway.translation.rows import Record, Resource
from translators.internal.face.archiving import archived, archived_at, restored
from translators.internal.face.bindings import FACE
from translators.internal.patient_pairs import ACTIVE, LIFECYCLE, PATIENT_STATUS

_LENS = ResourceMap("Patient", frozenset(), (LIFECYCLE,)).bound(FACE)


def status_of(resource: Resource) -> str | None:
    """None where the resource does not say."""
    return stands_as(resource, _LENS.told(resource))


def stands_as(resource: Resource, record: Record) -> str | None:
    """The same where the table has told the record already."""
    told: str | None = record.get("status")
    return "archived" if archived_at(resource) is not None else told


def is_archived(resource: Resource) -> bool:
    """By the API, or by a FHIR client that has said so in either of the two ways."""
    return status_of(resource) == "archived"


def with_status(resource: Resource, status: str) -> Resource:
    """What R4's own elements say comes first; the exact status is kept beside where they say another one."""
    changed = {**_without_exact(resource), **_active(status), **_dead(resource, status)}
    return changed if status_of(changed) == status else _exact(changed, status)


def put_away(resource: Resource, now: datetime) -> Resource:
    return archived(with_status(restored(resource), "archived"), now)


def taken_out(resource: Resource) -> Resource:
    """Nobody comes back as active: that is a decision of its own."""
    return with_status(restored(resource), "inactive")


def _active(status: str) -> Resource:
    return {} if ACTIVE[status] is None else {"active": ACTIVE[status]}


def _dead(resource: Resource, status: str) -> Resource:
    return {"deceasedBoolean": True} if status == "deceased" and "deceasedDateTime" not in resource else {}


def _without_exact(resource: Resource) -> Resource:
    others = [each for each in resource.get("extension", ()) if each.get("url") != PATIENT_STATUS]
    rest = {name: value for name, value in resource.items() if name != "extension"}
    return {**rest, "extension": others} if others else rest


def _exact(resource: Resource, status: str) -> Resource:
    told = {"url": PATIENT_STATUS, "valueCode": status}
    return {**resource, "extension": [*resource.get("extension", ()), told]}
