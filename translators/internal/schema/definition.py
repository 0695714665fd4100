"""The catalogues that have operations: definitions of alerts, custom fields and tags."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from translators.internal.schema.alert import AlertScope
from translators.internal.schema.page import ListOut, PageQuery
from translators.internal.schema.shapes import In, Out
from translators.internal.schema.values import (
    Flag,
    InWords,
    Kept,
    Line,
    Name,
    Note,
    Order,
    OrElse,
    ShownInstant,
    ShownKey,
    Version,
)

FieldType = Annotated[Literal["text", "number", "date", "boolean", "dropdown"], InWords]
Options = Annotated[list[Name], Field(max_length=200)]


class ListDefinitionsQuery(PageQuery):
    """Which definitions."""

    search: Line = Field(default=None, description="Words of the name.")


class ListInCategoryQuery(ListDefinitionsQuery):
    """Which definitions, of which category."""

    category: Line = None


class CreateAlertDefinitionIn(In):
    """A new kind of alert."""

    name: Name
    category: Line = None
    default_is_urgent: Annotated[Flag, OrElse(False)] = False
    default_scope: Annotated[AlertScope, OrElse("patient")] = "patient"
    description: Note = None
    item_order: Order | None = None


class UpdateAlertDefinitionIn(In):
    """The members to change."""

    base_version: Version
    name: Annotated[Name | None, Kept] = None
    category: Line = None
    default_is_urgent: Annotated[Flag | None, Kept] = None
    default_scope: Annotated[AlertScope | None, Kept] = None
    description: Note = None
    item_order: Annotated[Order | None, Kept] = None


class CreateFieldDefinitionIn(In):
    """A new custom field."""

    name: Name
    field_type: FieldType
    description: Note = None
    dropdown_options: Options | None = Field(default=None, description="What there is to choose from.")
    is_required: Annotated[Flag, OrElse(False)] = False
    item_order: Annotated[Order, OrElse(0)] = 0


class UpdateFieldDefinitionIn(In):
    """The members to change."""

    base_version: Version
    name: Annotated[Name | None, Kept] = None
    field_type: Annotated[FieldType | None, Kept] = None
    description: Note = None
    dropdown_options: Options | None = None
    is_required: Annotated[Flag | None, Kept] = None
    item_order: Annotated[Order | None, Kept] = None


class CreateTagDefinitionIn(In):
    """A new tag."""

    name: Name
    category: Line = None
    color: Line = None
    description: Note = None
    item_order: Order | None = None


class UpdateTagDefinitionIn(In):
    """The members to change."""

    base_version: Version
    name: Annotated[Name | None, Kept] = None
    category: Line = None
    color: Line = None
    description: Note = None
    item_order: Annotated[Order | None, Kept] = None


class DefinitionOut(Out):
    """What all definitions have."""

    id: ShownKey
    version: int
    created_at: ShownInstant
    updated_at: ShownInstant
    deleted_at: ShownInstant | None = None
    name: str
    description: str | None = None
    item_order: int


class AlertDefinitionOut(DefinitionOut):
    """A kind of alert."""

    category: str | None = None
    default_scope: str
    default_is_urgent: bool


class FieldDefinitionOut(DefinitionOut):
    """A custom field."""

    field_type: str
    dropdown_options: list[str] | None = None
    is_required: bool


class TagDefinitionOut(DefinitionOut):
    """A tag."""

    category: str | None = None
    color: str | None = None


class AlertDefinitionListOut(ListOut):
    """A page of kinds of alerts."""

    items: list[AlertDefinitionOut]


class FieldDefinitionListOut(ListOut):
    """A page of custom fields."""

    items: list[FieldDefinitionOut]


class TagDefinitionListOut(ListOut):
    """A page of tags."""

    items: list[TagDefinitionOut]
