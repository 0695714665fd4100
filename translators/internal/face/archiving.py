"""Soft deletion: a record that is archived has the extension `archived-at`, which the API tells as `deleted_at`."""

from __future__ import annotations

from datetime import datetime

from gateway.canonical import extension_url
from gateway.translation.rows import Resource

ARCHIVED_AT = extension_url("archived-at")
HIDDEN = ("archived-at:missing", "true")
"""The search parameter that leaves archived records out."""


def archived_at(resource: Resource) -> str | None:
    extensions = resource.get("extension", ())
    return next((each.get("valueDateTime") for each in extensions if each.get("url") == ARCHIVED_AT), None)


def deleted_at(resource: Resource) -> str | None:
    """As the API tells it: a FHIR client may have said a day, a month or a year."""
    told = archived_at(resource)
    if told is None or len(told) > len("2000-01-01"):
        return told
    return f"{told}{'-01-01'[len(told) - len('2000') :]}T00:00:00Z"


def instant(moment: datetime) -> str:
    """As the API and FHIR both write it."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def archived(resource: Resource, now: datetime) -> Resource:
    kept = restored(resource)
    return {**kept, "extension": [*kept.get("extension", ()), {"url": ARCHIVED_AT, "valueDateTime": instant(now)}]}


def restored(resource: Resource) -> Resource:
    others = [each for each in resource.get("extension", ()) if each.get("url") != ARCHIVED_AT]
    rest = {name: value for name, value in resource.items() if name != "extension"}
    return {**rest, "extension": others} if others else rest
