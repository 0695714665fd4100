"""The three-way merge of documents: what either side changed since both agreed, leaf by leaf.

Theory. `base` is what both sides agreed on, `ours` and `theirs` are what became of it. A leaf that one side changed is
as that side has it; one that both changed alike is so; one that both changed differently is a clash, and `theirs_win`
says whose value stands. So that, up to values that mean nothing ("" or []):

    merged(b, b, b) == b        merged(b, o, b) == o        merged(b, b, t) == t        merged(b, x, x) == x
    merged(b, o, t), ours winning == merged(b, t, o), theirs winning

Objects are merged member by member, lists by what their elements are: an element is told by its key where the list has
one (a contact's name), else it is the one that says most of the same. What one side deleted and the other changed is a
clash of the whole element. Clashes are numbered in an order that does not depend on how they are decided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from gateway.sync.pairing import paired, twins
from gateway.translation import path
from gateway.translation.likeness import AS_WRITTEN, ELEMENT, Likeness, Place, element, stripped

Json = Any
Decide = Callable[[int], bool]


@dataclass(frozen=True, slots=True)
class Clash:
    """A place that both sides changed, and not to the same."""

    number: int
    place: Place

    @property
    def field(self) -> str:
        """`patient_contacts[].phone`; says nothing of anyone."""
        return ".".join(self.place).replace(f".{ELEMENT}", ELEMENT)


@dataclass(frozen=True, slots=True)
class Merged:
    """The document of both, and what they disagree on."""

    value: Json
    clashes: tuple[Clash, ...]


def merged(
    base: Json, ours: Json, theirs: Json, likeness: Likeness = AS_WRITTEN, theirs_win: Decide = lambda number: True
) -> Merged:
    merge = _Merge(likeness, theirs_win)
    value = merge.value((), stripped(base), stripped(ours), stripped(theirs))
    return Merged({} if value is None else path.copied(value), tuple(merge.clashes))


@dataclass(slots=True)
class _Merge:
    """One merge under way."""

    likeness: Likeness
    theirs_win: Decide
    clashes: list[Clash] = field(default_factory=list)

    def value(self, place: Place, base: Json, ours: Json, theirs: Json) -> Json:
        base, ours, theirs = _bare(base), _bare(ours), _bare(theirs)
        if self.likeness.same(place, ours, theirs) or self.likeness.same(place, base, theirs):
            return ours
        if self.likeness.same(place, base, ours):
            return theirs
        if all(isinstance(side, dict | None) for side in (base, ours, theirs)):
            return self._object(place, base or {}, ours or {}, theirs or {})
        if all(side is None or _is_list(side) for side in (base, ours, theirs)):
            return self._list(place, base or [], ours or [], theirs or [])
        return self._clash(place, ours, theirs)

    def _clash(self, place: Place, ours: Json, theirs: Json) -> Json:
        number = len(self.clashes)
        self.clashes.append(Clash(number, place))
        return theirs if self.theirs_win(number) else ours

    def _object(self, place: Place, *sides: dict[str, Json]) -> Json:
        spelt = [self.likeness.spelling(element(place), side) if side else {} for side in sides]
        if any(spelt[i] is not side for i, side in enumerate(sides) if side):
            if not _has_members_of(spelt, sides):
                return self._clash(place, sides[1] or None, sides[2] or None)
            sides = _in_one_spelling(sides, spelt)
        base, ours, theirs = sides
        names = dict.fromkeys((*ours, *theirs))
        made = {n: self.value((*place, n), base.get(n), ours.get(n), theirs.get(n)) for n in names}
        return {name: value for name, value in made.items() if value is not None} or None

    def _list(self, place: Place, base: list[Json], ours: list[Json], theirs: list[Json]) -> Json:
        below = (*place, ELEMENT)
        mine, their = (paired(self.likeness, below, side, base) for side in (ours, theirs))
        alike = twins(self.likeness, below, ours, mine, theirs, their)
        made = []
        for b, o, t in _rows(mine, their, alike):
            each = (None if b is None else base[b], None if o is None else ours[o], None if t is None else theirs[t])
            made.append(self._element(below, *each))
        return [value for value in made if value is not None] or None

    def _element(self, place: Place, base: Json, ours: Json, theirs: Json) -> Json:
        """An element goes as a whole: half of one that was deleted says nothing."""
        if base is not None and (ours is None or theirs is None):
            rest = theirs if ours is None else ours
            return None if rest is None or self.likeness.same(place, base, rest) else self._clash(place, ours, theirs)
        return self.value(place, base, ours, theirs)


def _bare(value: Json) -> Json:
    return None if value in path.EMPTY else value


def _is_list(side: Json) -> bool:
    """One whose elements can be told apart: nulls hold the places of extensions (R4, 2.6.2)."""
    return isinstance(side, list) and None not in side


def _has_members_of(spelt: list[Json], sides: tuple[dict[str, Json], ...]) -> bool:
    """Whether the spelling leaves members their names, so that they can be merged one by one."""
    names = {name for side in sides for name in side}
    return all(isinstance(side, dict) and set(side) <= names | {"use"} for side in spelt)


def _in_one_spelling(sides: tuple[dict[str, Json], ...], spelt: list[Json]) -> tuple[dict[str, Json], ...]:
    """Members that only differ in spelling are written as the first side that has them writes them."""
    order = (1, 0, 2)  # ours, base, theirs: what nobody changed stays as we have it
    written = [dict(side) for side in sides]
    for name in {name for side in sides for name in side}:
        first: dict[str, Json] = {}
        for index in order:
            if name in sides[index]:
                mark = repr(spelt[index].get(name))
                written[index][name] = first.setdefault(mark, sides[index][name])
    return tuple(written)


def _rows(
    mine: list[int | None], their: list[int | None], alike: dict[int, int]
) -> Iterator[tuple[int | None, int | None, int | None]]:
    """(index in base, ours, theirs) of each element, in our order where we changed it, else in theirs."""
    told = [b for b in mine if b is not None]
    if told == sorted(told):
        for o, b, t in _ordered(their, mine, {theirs: ours for ours, theirs in alike.items()}):
            yield b, t, o
    else:
        yield from ((b, o, t) for o, b, t in _ordered(mine, their, alike))


def _ordered(
    lead: list[int | None], other: list[int | None], alike: dict[int, int]
) -> Iterator[tuple[int | None, int | None, int | None]]:
    """(index in the leading list, base, the other) of each element; those of the other alone come last."""
    there = {b: index for index, b in enumerate(other) if b is not None}
    here = {b for b in lead if b is not None}
    for index, b in enumerate(lead):
        yield index, b, there.get(b) if b is not None else alike.get(index)
    for index, b in enumerate(other):
        if b not in here and not (b is None and index in alike.values()):
            yield None, b, index
