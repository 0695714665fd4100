"""Many patients in one request."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from translators.internal.schema.shapes import In, Out
from translators.internal.schema.values import Flag, OrElse, ShownKey


class BulkMeta(In):
    """How to go about it."""

    dry_run: Annotated[Flag, OrElse(False)] = Field(default=False, description="Says what would happen, does nothing.")
    mode: Annotated[Literal["create", "upsert"], OrElse("create")] = Field(
        default="create", description="upsert changes the patient who has the row's chart_number."
    )


class BulkPatientsIn(In):
    """Rows as for create. Each is checked by itself, so that one wrong row is reported and the others go on."""

    meta: BulkMeta | None = None
    rows: list[dict[str, Any]] = Field(max_length=10_000)


class RowErrorOut(Out):
    """One thing that is wrong with a row."""

    loc: list[str | int]
    msg: str
    type: str


class BulkRowOut(Out):
    """What became of one row."""

    row: int = Field(description="Its place in the request, from 0.")
    status: Literal["created", "updated", "skipped", "failed", "validated"]
    id: ShownKey | None = None
    errors: list[RowErrorOut]


class BulkPatientsOut(Out):
    """What became of all rows, and how many went which way."""

    results: list[BulkRowOut]
    total: int
    created: int | None = None
    updated: int | None = None
    skipped: int | None = None
    failed: int | None = None
    validated: int | None = None
