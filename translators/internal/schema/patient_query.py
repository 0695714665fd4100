"""Patients: what the lists can be asked."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from translators.internal.schema.page import PageQuery
from translators.internal.schema.patient import Status
from translators.internal.schema.shapes import Query
from translators.internal.schema.values import Cursor, Date, Direction, Filter, InWords, Line, PageSize, Words

PatientStatus = Annotated[Status, InWords]


def _one_or_several(value: Any) -> Any:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


Statuses = Annotated[tuple[PatientStatus, ...], Field(min_length=1, max_length=20), BeforeValidator(_one_or_several)]


class PatientFilter(Query):
    """Which patients; each filter narrows."""

    status: PatientStatus | None = Field(default=None, description="The lifecycle status; archived ones only so.")
    search: Line = Field(default=None, description="Words of names, numbers, telephones, e-mail or birth date.")
    primary_provider_uuid: Filter | None = None
    location_uuid: Filter | None = None
    dob_from: Date | None = Field(default=None, description="Born on that day or later.")
    dob_to: Date | None = Field(default=None, description="Born on that day or earlier.")
    tag_definition_uuid: Filter | None = Field(default=None, description="Those who have this tag.")


class ListPatientsQuery(PatientFilter, PageQuery):
    """A page of patients."""

    sort_by: Literal["chart_number", "created_at", "date_of_birth", "first_name", "last_name", "status"] = "last_name"
    sort_dir: Direction = "asc"


class CursorPatientsQuery(PatientFilter):
    """A stretch of patients after a cursor."""

    first: PageSize = Field(default=50, description="How many at most, up to 200.")
    after: Cursor | None = Field(default=None, description="The `end_cursor` of the answer before.")
    sort_by: Literal[
        "chart_number", "created_at", "date_of_birth", "first_name", "last_name", "status", "updated_at"
    ] = "first_name"
    sort_dir: Direction = "asc"


class SearchPatientsQuery(Query):
    """A typeahead."""

    q: Words = Field(default="", description="The beginning of names or of the chart number; nothing finds nobody.")
    limit: PageSize = Field(default=20, description="How many at most, up to 200.")


class CountPatientsQuery(Query):
    """Whom to count."""

    date_from: Date | None = Field(default=None, description="First visit on that day or later.")
    date_to: Date | None = Field(default=None, description="First visit before that day.")
    status_set: Statuses = Field(default=("active",), description="Repeat it for several.")
