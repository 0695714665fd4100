"""One page of several searches that differ in nothing but the type: the search of a whole system or compartment."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cmp_to_key
from typing import Any

from gateway.search.query import Query
from gateway.store.contract import Page, Stored

Placed = tuple[tuple[Any, ...], Stored]


def merged(query: Query, pages: Sequence[Page]) -> Page:
    """The first of what every page has, in the order of the query; each type has given as many as the page may hold."""
    placed = [pair for page in pages for pair in zip(page.places, page.matches, strict=True)]

    def compare(one: Placed, other: Placed) -> int:
        return order(query, one, other)

    placed.sort(key=cmp_to_key(compare))
    chosen = placed[: query.count]
    more = len(placed) > query.count > 0 or any(page.after is not None for page in pages)
    after = chosen[-1][0] if more and chosen else None
    return Page([match for _, match in chosen], [], total(pages), after, [place for place, _ in chosen])


def total(pages: Sequence[Page]) -> int | None:
    known = [page.total for page in pages if page.total is not None]
    return sum(known) if len(known) == len(pages) else None


def order(query: Query, one: Placed, other: Placed) -> int:
    """Missing values last; then by creation."""
    for key, left, right in zip(query.sort, one[0], other[0], strict=False):
        if left == right:
            continue
        if left is None or right is None:
            return 1 if left is None else -1
        return (-1 if left < right else 1) * (-1 if key.descending else 1)
    return -1 if one[0][-1] < other[0][-1] else 1
