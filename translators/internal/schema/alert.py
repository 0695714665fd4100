"""Alerts on a patient's chart."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from translators.internal.schema.page import ListOut, PageQuery
from translators.internal.schema.shapes import EntityRef, In, Out
from translators.internal.schema.values import (
    Asked,
    Date,
    Flag,
    Instant,
    InWords,
    Kept,
    Key,
    Note,
    OrElse,
    ShownDate,
    ShownInstant,
    ShownKey,
    Version,
)

AlertScope = Annotated[Literal["patient", "family"], InWords]
"""Whose chart shows it: the patient's, or that of each who has the same guarantor."""
AlertStatus = Annotated[Literal["active", "disabled", "archived"], InWords]


class ListAlertsQuery(PageQuery):
    """Which alerts."""

    status: AlertStatus | None = Field(default=None, description="All but archived ones where nothing is said.")
    include_family: Asked = Field(default=False, description="With the family's, those of scope `family`.")


class CreateAlertIn(In):
    """A new alert of a kind that the catalogue of alert definitions has."""

    alert_definition_uuid: Key
    alert_scope: Annotated[AlertScope, OrElse("patient")] = "patient"
    disable_on: Date | None = Field(default=None, description="The day from which it is not shown any more.")
    is_urgent: Annotated[Flag, OrElse(False)] = False
    note: Note = None


class UpdateAlertIn(In):
    """The members to change."""

    base_version: Version
    alert_scope: Annotated[AlertScope | None, Kept] = None
    date_disabled: Instant | None = None
    disable_on: Date | None = None
    is_urgent: Annotated[Flag | None, Kept] = None
    note: Note = None
    status: Annotated[AlertStatus | None, Kept] = None


class DismissAlertsIn(In):
    """Alerts to archive together, or none of them."""

    alert_uuids: list[Key] = Field(max_length=50)


class AlertOut(Out):
    """An alert."""

    id: ShownKey
    version: int
    created_at: ShownInstant
    updated_at: ShownInstant
    patient: EntityRef
    alert_definition: EntityRef | None = None
    alert_scope: str
    status: str
    is_urgent: bool
    note: str | None = None
    disable_on: ShownDate | None = None
    date_disabled: ShownInstant | None = None
    created_by: int | None = None


class AlertListOut(ListOut):
    """A page of alerts."""

    items: list[AlertOut]
