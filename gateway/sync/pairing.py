"""Which elements of two versions of a list are the same thing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any

from gateway.translation.alignment import Facts, align
from gateway.translation.likeness import Likeness, Place

Json = Any
Pairs = list[int | None]


def paired(likeness: Likeness, place: Place, items: Sequence[Json], base: Sequence[Json]) -> Pairs:
    """For each item the index in `base` of what it was; None for one that is new."""
    keys, others = ([likeness.key(place, item) for item in side] for side in (items, base))
    found = _by_key(keys, others)
    left = [index for index, at in enumerate(found) if at is None]
    open_ = [index for index in range(len(base)) if index not in found]
    rows = _facts(likeness, place, [*(items[i] for i in left), *(base[i] for i in open_)])
    mine, theirs = rows[: len(left)], rows[len(left) :]
    for at, index in zip(left, align(mine, theirs), strict=True):
        if index is not None and _may_be(keys[at], others[open_[index]], mine[left.index(at)], theirs[index]):
            found[at] = open_[index]
    return found


def twins(
    likeness: Likeness, place: Place, ours: Sequence[Json], mine: Pairs, theirs: Sequence[Json], their: Pairs
) -> dict[int, int]:
    """Elements that both sides added, and which are one: index in ours → index in theirs."""
    new = [index for index, base in enumerate(their) if base is None]
    found: dict[int, int] = {}
    for index, base in enumerate(mine):
        if base is None:
            key = likeness.key(place, ours[index])
            free = [at for at in new if at not in found.values()]
            same = (at for at in free if likeness.same(place, ours[index], theirs[at]))
            keyed = (at for at in free if key is not None and likeness.key(place, theirs[at]) == key)
            at = next(same, None)
            at = next(keyed, None) if at is None else at
            if at is not None:
                found[index] = at
    return found


def _by_key(keys: Sequence[Hashable], others: Sequence[Hashable]) -> Pairs:
    counts, there = Counter(keys), Counter(others)
    at = {key: index for index, key in enumerate(others) if key is not None and there[key] == counts[key] == 1}
    return [at.get(key) if key is not None else None for key in keys]


def _facts(likeness: Likeness, place: Place, items: Sequence[Json]) -> list[Facts]:
    spelt = [likeness.spelt(place, item) for item in items]
    names = list(dict.fromkeys(name for item in spelt if isinstance(item, dict) for name in item))
    return [
        (None, *(item.get(name) for name in names)) if isinstance(item, dict) else (item, *(None for _ in names))
        for item in spelt
    ]


def _may_be(key: Hashable, other: Hashable, mine: Facts, theirs: Facts) -> bool:
    """Two keys that differ may be one that was corrected, when most of the rest is the same."""
    if key is None or other is None or key == other:
        return True
    told = sum(a is not None or b is not None for a, b in zip(mine, theirs, strict=True))
    shared = sum(a is not None and a == b for a, b in zip(mine, theirs, strict=True))
    return bool(shared * 2 >= told)
