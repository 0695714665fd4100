"""Allergies."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from translators.internal.schema.page import ListOut, PageQuery
from translators.internal.schema.shapes import EntityRef, In, Out
from translators.internal.schema.values import (
    Asked,
    Code,
    Date,
    Flag,
    Kept,
    Key,
    Line,
    LongLine,
    OrElse,
    ShownDate,
    ShownInstant,
    ShownKey,
    Version,
)


class InteractionOut(Out):
    """An allergy and a medication of one patient that do not go together."""

    type: str
    severity: Literal["warning", "critical"]
    message: str
    allergy: EntityRef | None = None
    medication: EntityRef | None = None


class ListAllergiesQuery(PageQuery):
    """Which allergies."""

    is_active: Asked | None = Field(default=None, description="All where nothing is said.")


class CreateAllergyIn(In):
    """A new allergy to what the catalogue of allergy definitions has."""

    allergy_definition_uuid: Key
    date_adverse_reaction: Date | None = None
    reaction: LongLine = None
    severity: Line = Field(default=None, description="mild, moderate or severe, or other words.")
    snomed_reaction: Code = None
    status_is_active: Annotated[Flag, OrElse(True)] = True


class UpdateAllergyIn(In):
    """The members to change."""

    base_version: Version
    allergy_definition_uuid: Annotated[Key | None, Kept] = None
    date_adverse_reaction: Date | None = None
    reaction: LongLine = None
    severity: Line = None
    snomed_reaction: Code = None
    status_is_active: Annotated[Flag | None, Kept] = None


class AllergyOut(Out):
    """An allergy."""

    id: ShownKey
    version: int
    created_at: ShownInstant
    updated_at: ShownInstant
    deleted_at: ShownInstant | None = None
    patient: EntityRef
    allergy_definition: EntityRef | None = None
    status_is_active: bool
    reaction: str | None = None
    severity: str | None = None
    snomed_reaction: str | None = None
    date_adverse_reaction: ShownDate | None = None
    interaction_warnings: list[InteractionOut] | None = Field(
        default=None, description="Told in the answer to a create only."
    )


class AllergyListOut(ListOut):
    """A page of allergies."""

    items: list[AllergyOut]
