"""Relationships between two patients, from one to the other."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from translators.internal.schema.page import ListOut
from translators.internal.schema.shapes import EntityRef, In, Out
from translators.internal.schema.values import Flag, Kept, Key, Note, ShownInstant, ShownKey, Version

RelationshipType = Literal[
    "caregiver",
    "child",
    "clone",
    "foster_child",
    "grandchild",
    "grandparent",
    "guardian",
    "life_partner",
    "merge",
    "other_family",
    "parent",
    "sibling",
    "spouse",
    "stepchild",
    "stepparent",
]


class CreateRelationshipIn(In):
    """A new relationship from the path's patient."""

    relationship_type: RelationshipType
    to_patient_uuid: Key
    is_guardian: Flag | None = Field(default=None, description="Whether the path's patient is the other's guardian.")
    note: Note = None


class UpdateRelationshipIn(In):
    """The members to change."""

    base_version: Version
    is_guardian: Flag | None = None
    note: Note = None
    relationship_type: Annotated[RelationshipType | None, Kept] = None


class RelationshipOut(Out):
    """A relationship."""

    id: ShownKey
    version: int
    created_at: ShownInstant
    updated_at: ShownInstant
    deleted_at: ShownInstant | None = None
    from_patient: EntityRef
    from_patient_name: str | None = None
    to_patient: EntityRef
    to_patient_name: str | None = None
    relationship_type: RelationshipType
    is_guardian: bool | None = None
    note: str | None = None


class RelationshipListOut(ListOut):
    """A page of relationships."""

    items: list[RelationshipOut]
