"""Vital signs: numbers in bodies, their digits as text in answers."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from translators.internal.schema.page import ListOut, PageQuery
from translators.internal.schema.shapes import EntityRef, In, Out
from translators.internal.schema.values import (
    Between,
    Code,
    Date,
    Flag,
    Kept,
    Key,
    Note,
    OrElse,
    ShownDate,
    ShownInstant,
    ShownKey,
    TimeOfDay,
    Version,
    Whole,
)

Pressure = Annotated[int, Whole(0, 400)]
Percent = Annotated[int, Whole(0, 100)]


class ListVitalSignsQuery(PageQuery):
    """Which measurements."""

    date_from: Date | None = Field(default=None, description="Taken on that day or later.")
    date_to: Date | None = Field(default=None, description="Taken on that day or earlier.")


class _VitalSignsIn(In):
    """What create and update have in common. The bounds are those that no living body passes."""

    bmi: Annotated[Decimal, Between("1", "400")] | None = None
    bmi_percentile: Percent | None = None
    bp_diastolic: Pressure | None = None
    bp_systolic: Pressure | None = None
    height_inches: Annotated[Decimal, Between("1", "120")] | None = None
    note: Note = None
    oxygen_saturation: Percent | None = None
    provider_uuid: Key | None = None
    pulse: Pressure | None = None
    respiration_rate: Annotated[int, Whole(0, 200)] | None = None
    temperature_f: Annotated[Decimal, Between("50", "130")] | None = None
    time_taken: TimeOfDay | None = None
    weight_code: Code = None
    weight_lbs: Annotated[Decimal, Between("0.1", "2000")] | None = None


class CreateVitalSignsIn(_VitalSignsIn):
    """What was measured at one time."""

    date_taken: Date
    has_followup_plan: Annotated[Flag, OrElse(False)] = Field(default_factory=bool)


class UpdateVitalSignsIn(_VitalSignsIn):
    """The members to change."""

    base_version: Version
    date_taken: Annotated[Date | None, Kept] = None
    has_followup_plan: Annotated[Flag | None, Kept] = None


class AbnormalFlagOut(Out):
    """A value out of range."""

    field: str
    value: str
    severity: Literal["warning", "critical"]
    message: str


class VitalSignsOut(Out):
    """What was measured at one time."""

    id: ShownKey
    version: int
    created_at: ShownInstant
    updated_at: ShownInstant
    deleted_at: ShownInstant | None = None
    patient: EntityRef
    date_taken: ShownDate
    time_taken: str | None = Field(default=None, description="Of the place where it was taken.")
    bp_systolic: int | None = None
    bp_diastolic: int | None = None
    pulse: int | None = None
    oxygen_saturation: int | None = None
    respiration_rate: int | None = None
    temperature_f: str | None = None
    height_inches: str | None = None
    weight_lbs: str | None = None
    weight_code: str | None = None
    bmi: str | None = None
    bmi_percentile: int | None = None
    has_followup_plan: bool
    note: str | None = None
    provider: EntityRef | None = None
    created_by: int | None = None
    abnormal_flags: list[AbnormalFlagOut] | None = None
    is_procedure_blocking: bool | None = Field(default=None, description="Whether a provider is to look first.")


class VitalSignsListOut(ListOut):
    """A page of measurements, newest first."""

    items: list[VitalSignsOut]
