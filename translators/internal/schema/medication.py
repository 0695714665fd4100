"""Medications that a patient takes or took."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from translators.internal.schema.allergy import InteractionOut
from translators.internal.schema.page import ListOut, PageQuery
from translators.internal.schema.shapes import EntityRef, In, Out
from translators.internal.schema.values import (
    Asked,
    Code,
    Date,
    Flag,
    Kept,
    Key,
    LongLine,
    Note,
    OrElse,
    ShownDate,
    ShownInstant,
    ShownKey,
    Version,
)

MedicationStatus = Literal["active", "completed", "discontinued", "on_hold"]


class ListMedicationsQuery(PageQuery):
    """Which medications."""

    is_active: Asked | None = Field(default=None, description="Of status active, or of another; all if not said.")


class _MedicationIn(In):
    """What create and update have in common."""

    date_start: Date | None = None
    date_stop: Date | None = None
    dosage: LongLine = None
    frequency: LongLine = None
    med_descript: LongLine = Field(default=None, description="In words, for what the catalogue does not have.")
    medication_definition_uuid: Key | None = None
    patient_note: Note = None
    provider_uuid: Key | None = None
    route: LongLine = None
    rx_cui: Code = Field(default=None, description="RxNorm's concept.")


class CreateMedicationIn(_MedicationIn):
    """A new medication."""

    is_cpoe: Annotated[Flag, OrElse(False)] = False


class UpdateMedicationIn(_MedicationIn):
    """The members to change."""

    base_version: Version
    discontinuation_reason: LongLine = None
    is_cpoe: Annotated[Flag | None, Kept] = None
    status: MedicationStatus | None = None


class MedicationOut(Out):
    """A medication."""

    id: ShownKey
    version: int
    created_at: ShownInstant
    updated_at: ShownInstant
    deleted_at: ShownInstant | None = None
    patient: EntityRef
    medication_definition: EntityRef | None = None
    med_descript: str | None = None
    rx_cui: str | None = None
    status: MedicationStatus | None = None
    discontinuation_reason: str | None = None
    dosage: str | None = None
    frequency: str | None = None
    route: str | None = None
    date_start: ShownDate | None = None
    date_stop: ShownDate | None = None
    provider: EntityRef | None = None
    is_cpoe: bool = Field(description="Whether it came from computerized order entry.")
    patient_note: str | None = None
    interaction_warnings: list[InteractionOut] | None = Field(
        default=None, description="Told in the answer to a create only."
    )


class MedicationListOut(ListOut):
    """A page of medications."""

    items: list[MedicationOut]
