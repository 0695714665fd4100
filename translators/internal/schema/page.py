"""Pages: by number, and by cursor."""

from __future__ import annotations

from pydantic import Field

from translators.internal.schema.shapes import Out, Query
from translators.internal.schema.values import PageNumber, PageSize


class PageQuery(Query):
    """Which page of a list."""

    page: PageNumber = Field(default=1, description="Which page; the first is 1.")
    page_size: PageSize = Field(default=50, description="How many records a page has, up to 200.")


class ListOut(Out):
    """Where a page stands in its list."""

    page: int
    page_size: int
    total: int = Field(description="How many records match, over all pages.")


class PageInfo(Out):
    """How to go on: null where the list has ended."""

    end_cursor: str | None = Field(description="The `after` of the next request; null on the last page.")
