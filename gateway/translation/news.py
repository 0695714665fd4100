"""Brings what changed between two versions of a FHIR document into a third, element by element: a three-way merge.

An element that did not change between `old` and `new` is left alone. A changed object or value replaces ours unless
ours says it already, perhaps with more words. Lists are merged by their elements: one that is gone from `old` to `new`
goes, one that came is added, and one that changed takes the place of ours: they belong together when they agree in
`url`, `system` and `use`, or in the type that they refer to.

To say is to have every leaf of the other; lists of plain values are equal or not. `Spelling` makes two ways to write
the same thing one before they are compared (`913-555-2003`, `9135552003`): it is given the element's name and a value.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]
Spelling = Callable[[str, Any], Any]
KEYS = ("url", "system", "use")
KEPT = ("id", "use", "rank", "period")
"""What an element of ours keeps when its content is replaced, unless it was theirs to change; `use` is of the key."""


def as_written(element: str, value: Any) -> Any:
    return value


def with_news(
    onto: Document, old: Document, new: Document, spelling: Spelling = as_written, *, keep: bool = False
) -> Document:
    """A copy of `onto` with what changed from `old` to `new`. `old` empty: all of `new` is news.

    With `keep`, what changed on our side as well stays as we have it.
    """
    merged = deepcopy(onto)
    for name in dict.fromkeys((*new, *old)):
        before, after = old.get(name), new.get(name)
        if before == after:
            continue
        if isinstance(before, list) or isinstance(after, list):
            items = _Lists(name, spelling, keep, merged.get(name) or [], before or [], after or []).merged()
            _set(merged, name, items)
        elif keep and name in merged and not _same(merged[name], before, name, spelling):
            continue
        elif after is None or not says(merged.get(name), after, name, spelling):
            _set(merged, name, deepcopy(after))
    return merged


def says(ours: Any, theirs: Any, element: str = "", spelling: Spelling = as_written) -> bool:
    """Whether `ours` has every leaf of `theirs`, list elements in any order."""
    return _holds(spelling(element, ours), spelling(element, theirs))


def _same(one: Any, other: Any, element: str, spelling: Spelling) -> bool:
    return says(one, other, element, spelling) and says(other, one, element, spelling)


def _holds(ours: Any, theirs: Any) -> bool:
    if isinstance(theirs, dict):
        return isinstance(ours, dict) and all(name in ours and _holds(ours[name], v) for name, v in theirs.items())
    if isinstance(theirs, list):
        return isinstance(ours, list) and (ours == theirs if _is_plain(theirs) else _holds_each(ours, theirs))
    return type(ours) is type(theirs) and bool(ours == theirs)


def _holds_each(ours: list[Any], theirs: list[Any]) -> bool:
    return all(any(_holds(our, their) for our in ours) for their in theirs)


def _is_plain(items: list[Any]) -> bool:
    """Values such as `given`, whose order and number matter."""
    return not any(isinstance(item, dict | list) for item in items)


def _set(document: Document, name: str, value: Any) -> None:
    if value in (None, []):
        document.pop(name, None)
    else:
        document[name] = value


@dataclass(frozen=True, slots=True)
class _Lists:
    """One list in three versions."""

    element: str
    spelling: Spelling
    keep: bool
    ours: list[Any]
    old: list[Any]
    new: list[Any]

    def merged(self) -> list[Any]:
        gone = [item for item in self.old if not self._has(self.new, item)]
        come = [item for item in self.new if not self._has(self.old, item)]
        places = self._places(gone)
        replaced: dict[int, Any] = {}
        added: list[Any] = []
        for item in come:
            index = self._predecessor(item, gone, places, set(replaced))
            if self.keep and self._is_ours_by_now(item, gone, places, index):
                continue
            if index is not None:
                was = gone[places.index(index)] if index in places else {}
                replaced[index] = _replaced(self.ours[index], item, was)
            elif not any(self._says(our, item) for our in (*self.ours, *added)):
                added.append(item)
        kept = [replaced.get(i, our) for i, our in enumerate(self.ours) if i in replaced or i not in places]
        return deepcopy([*kept, *added])

    def _is_ours_by_now(self, item: Any, gone: list[Any], places: list[int | None], index: int | None) -> bool:
        """What the new element would replace was changed on our side."""
        if index is not None:
            return not self.old
        key = self._key(item)
        return any(p is None and self._key(other) == key for other, p in zip(gone, places, strict=True))

    def _says(self, ours: Any, theirs: Any) -> bool:
        return says(ours, theirs, self.element, self.spelling)

    def _has(self, items: list[Any], item: Any) -> bool:
        return any(_same(other, item, self.element, self.spelling) for other in items)

    def _places(self, gone: list[Any]) -> list[int | None]:
        places: list[int | None] = []
        for item in gone:
            places.append(self._place(item, places))
        return places

    def _place(self, item: Any, taken: list[int | None]) -> int | None:
        """Where our version of an element of `old` stands: what says it, or else what stands in the same place."""
        saying = [i for i, our in enumerate(self.ours) if i not in taken and self._says(our, item)]
        if saying:
            return next((index for index in saying if self._says(item, self.ours[index])), saying[0])
        index = self.old.index(item)
        if (
            self.keep
            or len(self.ours) != len(self.old)
            or any(self._says(self.ours[index], other) for other in self.old)
        ):
            return None
        return index if self._key(self.ours[index]) == self._key(item) else None

    def _predecessor(self, item: Any, gone: list[Any], places: list[int | None], taken: set[int]) -> int | None:
        """Which of ours the new element replaces: what its predecessor became; without history, the one of its key."""
        key = self._key(item)
        for other, place in zip(gone, places, strict=True):
            if place is not None and place not in taken and self._key(other) == key:
                return place
        if self.old or key is None or sum(self._key(other) == key for other in self.new) > 1:
            return None
        alike = [index for index, our in enumerate(self.ours) if self._key(our) == key]
        return alike[0] if len(alike) == 1 and not self._says(self.ours[alike[0]], item) else None

    def _key(self, item: Any) -> Any:
        """What an element keeps when its content changes; None where nothing tells."""
        if not isinstance(item, dict):
            return None
        if isinstance(reference := item.get("reference"), str):
            return ("reference", reference.removeprefix("emr:").partition("/")[0])
        spelt = self.spelling(self.element, item)
        key = tuple(spelt.get(name) if isinstance(spelt.get(name), str) else None for name in KEYS)
        return key if any(key) else None


def _replaced(ours: Any, theirs: Any, was: Any) -> Any:
    if not (isinstance(ours, dict) and isinstance(theirs, dict)):
        return theirs
    return {**theirs, **{name: ours[name] for name in KEPT if name in ours and (name == "use" or name not in was)}}
