"""Referral attributions: how a patient came to the practice."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from translators.internal.schema.page import ListOut
from translators.internal.schema.shapes import EntityRef, In, Out, Query
from translators.internal.schema.values import AskedVersion, Key, Note, ShownInstant, ShownKey, Version

Role = Literal["assist", "primary", "secondary"]


class CreateAttributionIn(In):
    """A new attribution to exactly one of the four sources."""

    attribution_role: Role | None = Field(default=None, description="A patient has one primary attribution at most.")
    provider_uuid: Key | None = None
    referral_partner_uuid: Key | None = None
    referral_source_uuid: Key | None = None
    referring_patient_uuid: Key | None = None
    source_note: Note = None


class UpdateAttributionIn(In):
    """The members to change; the source stays."""

    base_version: Version
    attribution_role: Role | None = None
    source_note: Note = None


class ArchiveAttributionQuery(Query):
    """Which version is to be archived."""

    base_version: AskedVersion


class AttributionOut(Out):
    """An attribution."""

    id: ShownKey
    version: int
    created_at: ShownInstant
    updated_at: ShownInstant
    patient: EntityRef
    attributed_at: ShownInstant
    attribution_role: Role | None = None
    provider: EntityRef | None = None
    referral_partner: EntityRef | None = None
    referral_source: EntityRef | None = None
    referring_patient: EntityRef | None = None
    source_note: str | None = None


class AttributionListOut(ListOut):
    """A page of attributions."""

    items: list[AttributionOut]
