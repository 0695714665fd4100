"""Values of a patient's custom fields."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from translators.internal.schema.page import ListOut, PageQuery
from translators.internal.schema.shapes import In, Out
from translators.internal.schema.values import AnyKind, Key, PageSize, ShownKey

Value = Annotated[str | bool | int | Decimal | None, AnyKind()]
"""What it may be is said by its definition's `field_type`; null clears."""


class ListFieldValuesQuery(PageQuery):
    """Which page of the values."""

    page_size: PageSize = Field(default=100, description="How many records a page has, up to 200.")


class FieldValueIn(In):
    """The value of one field."""

    field_definition_uuid: Key
    value: Value


class PutFieldValuesIn(In):
    """The fields to set; the others stay."""

    fields: list[FieldValueIn] = Field(max_length=500)


class FieldValueOut(Out):
    """The value of one field."""

    field_definition_uuid: ShownKey
    name: str
    field_type: str
    value: Value = None


class FieldValueListOut(ListOut):
    """A page of values."""

    items: list[FieldValueOut]


class FormFieldOut(Out):
    """A field that is in use, with the patient's value."""

    field_definition_uuid: ShownKey
    name: str
    description: str | None = None
    field_type: str
    dropdown_options: list[str] | None = None
    is_required: bool
    item_order: int
    value: Value = None


class FieldFormOut(Out):
    """All fields that are in use, in the order of the form."""

    items: list[FormFieldOut]
