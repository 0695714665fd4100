"""Which elements of two lists are the same thing, told by what they say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Facts = tuple[Any, ...]


def align(left: Sequence[Facts], right: Sequence[Facts]) -> list[int | None]:
    """For each element on the left its index on the right, None for one that is not there; no index comes twice."""
    found: list[int | None] = [i if i < len(right) and facts == right[i] else None for i, facts in enumerate(left)]
    for wanted in (_equal, _most_shared):
        for index, facts in enumerate(left):
            if found[index] is None:
                found[index] = wanted(index, facts, right, {i for i in found if i is not None})
    return _paired_rest(found, len(right))


def _equal(index: int, facts: Facts, right: Sequence[Facts], taken: set[int]) -> int | None:
    return next((i for i, other in enumerate(right) if i not in taken and other == facts), None)


def _most_shared(index: int, facts: Facts, right: Sequence[Facts], taken: set[int]) -> int | None:
    """The one with most facts in common, the nearest of several."""
    ranked = [(_shared(facts, other), -abs(i - index), i) for i, other in enumerate(right) if i not in taken]
    shared, _, best = max(ranked, default=(0, 0, 0))
    return best if shared else None


def _shared(one: Facts, other: Facts) -> int:
    return sum(a is not None and a == b for a, b in zip(one, other, strict=True))


def _paired_rest(found: list[int | None], size: int) -> list[int | None]:
    """As many left over on both sides: they were edited in place."""
    rest = [i for i in range(size) if i not in found]
    if found.count(None) != len(rest):
        return found
    order = iter(rest)
    return [next(order) if index is None else index for index in found]


def filled(items: Sequence[Any], is_slot: Callable[[Any], bool], made: Sequence[Any]) -> list[Any]:
    """The list with its slots taken by `made` in order: surplus slots go, surplus elements follow at the end."""
    rest = iter(made)
    result: list[Any] = []
    for item in items:
        if not is_slot(item):
            result.append(item)
        elif (replacement := next(rest, None)) is not None:
            result.append(replacement)
    return [*result, *rest]
