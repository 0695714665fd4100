"""All matches of a search, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gateway.translation.face import Kept, Records, Search

LONGEST = 200
"""The longest page of the stores."""


def every(records: Records, search: Search) -> Iterator[Kept]:
    search = replace(search, count=LONGEST)
    while True:
        found = records.search(search)
        yield from found.kept
        if found.end is None:
            return
        search = replace(search, after=found.end)
