"""What operators of a connection to eCW should know of whom a pull finds."""

from __future__ import annotations

from collections.abc import Mapping

from translators.ecw.run import NEW_DAYS

REREAD = "eClinicalWorks tells of no changes: the patients who are known here are read again, the oldest reading first."
FOUND = (
    "Patients whom nobody here knows are found when they have had an encounter in the last {days} days (setting "
    "new_days); one without encounters comes only by a Group export (setting group), or when the CRM sends them."
)
EXPORTED = "Patients of the group {group} come with its export, known here or not."
NOBODY = (
    "Patients whom nobody here knows are not looked for: set new_days to look for encounters, or group to the id of a "
    "Group that the practice has made."
)


def hints(settings: Mapping[str, str]) -> tuple[str, ...]:
    modules = settings.get("modules", "").split()
    days = settings.get("new_days", NEW_DAYS)
    searches = float(days) > 0 and (not modules or {"Patient", "Encounter"} <= {*modules})
    found = [FOUND.format(days=days)] if searches else []
    found += [EXPORTED.format(group=settings["group"])] if settings.get("group") else []
    return (REREAD, *(found or [NOBODY]))
