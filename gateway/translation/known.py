"""The patients that a connection knows, as a flow looks them up: by key or by person, whatever their number."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol, TypeVar

L = TypeVar("L", bound="Keyed", covariant=True)
M = TypeVar("M", bound="Keyed")


Place = tuple[int, str]
"""When a chart was last read (UTC microseconds, 0 for never), and its key."""
START: Place = (-1, "")


class Keyed(Protocol):
    """What a Linked is looked up by."""

    @property
    def external_id(self) -> str | None: ...

    @property
    def looked(self) -> int: ...


class Known(Protocol[L]):
    """A look-up costs what it finds. There is no way to go over all of them at once."""

    def __len__(self) -> int: ...

    def of(self, keys: Collection[str]) -> Mapping[str, L]:
        """By external id; those that are not known are left out."""

    def persons(self, keys: Collection[str]) -> Mapping[str, L]:
        """By person (`person_of`); the one that was linked first where there are several."""

    def stalest(self, before: int, after: Place, count: int) -> Sequence[L]:
        """The next ones whose charts no pull has read since `before`, the oldest reading first, then by key.

        For those who go over all, page by page: `after` is the place of the last one, `START` at first.
        """


def person_of(key: str) -> str:
    """An EMR with a key for each stay of a person writes it `STAY:PERSON`; other keys are of the person."""
    return key.rpartition(":")[2]


class Listed(Known[M]):
    """Known patients of a plain sequence."""

    def __init__(self, links: Sequence[M]) -> None:
        self._links = sorted((link for link in links if link.external_id), key=lambda link: link.external_id or "")
        self._by_key = {link.external_id or "": link for link in self._links}
        self._by_person: dict[str, M] = {}
        for link in links:
            if link.external_id:
                self._by_person.setdefault(person_of(link.external_id), link)

    def __len__(self) -> int:
        return len(self._links)

    def of(self, keys: Collection[str]) -> Mapping[str, M]:
        return {key: self._by_key[key] for key in keys if key in self._by_key}

    def persons(self, keys: Collection[str]) -> Mapping[str, M]:
        return {key: self._by_person[key] for key in keys if key in self._by_person}

    def stalest(self, before: int, after: Place, count: int) -> Sequence[M]:
        waiting = [link for link in self._links if link.looked < before and place_of(link) > after]
        return sorted(waiting, key=place_of)[:count]


def place_of(link: Keyed) -> Place:
    return link.looked, link.external_id or ""


def known_of(known: Known[M] | Sequence[M]) -> Known[M]:
    return Listed(known) if isinstance(known, Sequence) else known
