"""The escape hatch of a field table: one function pair for what rows cannot say."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from gateway.translation import path
from gateway.translation.codec import Unreadable
from gateway.translation.path import Concrete, Step
from gateway.translation.row import Bindings, Problem, Record, Resource, Row, Unplaceable, Way


@dataclass(frozen=True, slots=True)
class Pair:
    """One function pair for what rows cannot say, such as one vendor string for several elements.

    `decode(record, resource, bindings)` makes the resource say what the record's `vendor` paths say, `encode` is the
    way back; `fhir` lists the paths that belong to the pair. Both raise Unreadable. The laws hold as for every row.
    """

    vendor: tuple[str, ...]
    fhir: tuple[str, ...]
    decode: Callable[[Record, Resource, Bindings], None]
    encode: Callable[[Resource, Record, Bindings], None]
    way: Way = Way.BOTH

    def bound(self, bindings: Bindings) -> Row:
        fhir = tuple(path.bind(path.parse(p), bindings.constants) for p in self.fhir)
        return BoundPair(self, tuple(path.parse(p) for p in self.vendor), fhir, bindings, self.way)


@dataclass(frozen=True, slots=True)
class BoundPair:
    """A Pair with its paths parsed."""

    pair: Pair
    vendor: tuple[tuple[Step, ...], ...]
    fhir: tuple[tuple[Step, ...], ...]
    bindings: Bindings
    way: Way
    owned: bool = False

    def vendor_paths(self) -> tuple[str, ...]:
        return self.pair.vendor

    def vendor_value(self, record: Record) -> Any:
        values = [path.get(record, steps) for steps in self.vendor]
        return values if any(value is not None for value in values) else None

    def into_fhir(self, record: Record, resource: Resource) -> Iterable[Problem]:
        try:
            read = self._decoded(record)
        except Unreadable as error:
            return (Problem(", ".join(self.pair.vendor), str(error)),)
        return self._say(read, resource)

    def _decoded(self, record: Record) -> list[Any]:
        scratch: Resource = {}
        self.pair.decode(record, scratch, self.bindings)
        return self._mine(scratch)

    def _mine(self, resource: Resource) -> list[Any]:
        return [path.get(resource, steps) for steps in self.fhir]

    def _say(self, read: list[Any], resource: Resource) -> Iterable[Problem]:
        for steps, value in zip(self.fhir, read, strict=True):
            if value is not None and path.has_gap(resource, steps):
                return self._gap()
            if value is not None:
                path.place(resource, steps, path.copied(value))
        return ()

    def _gap(self) -> Iterable[Problem]:
        return (Problem(", ".join(self.pair.vendor), "nothing stands in the list before it"),)

    def _put(self, resource: Resource, steps: tuple[Step, ...], value: Any) -> bool:
        """An element that constants select is replaced as a whole where it stands; False where there is a gap."""
        if path.has_gap(resource, steps):
            return False
        where = path.locate(resource, steps) if isinstance(steps[-1].selector, path.Match) else None
        if where is None:
            path.place(resource, steps, path.copied(value))
        else:
            path.at(resource, where[:-1])[where[-1]] = path.copied(value)
        return True

    def absorb(self, record: Record, base: Record | None, resource: Resource) -> Iterable[Problem]:
        if not self._is_news(record, base, resource):
            return ()
        try:
            read = self._decoded(record)
        except Unreadable as error:
            return (Problem(", ".join(self.pair.vendor), str(error)),)
        return self._replace(read, resource)

    def _replace(self, read: list[Any], resource: Resource) -> Iterable[Problem]:
        """Path by path: one that says the same as before keeps what else stands there, and elements their places."""
        before, here = self._as_written(resource), self._mine(resource)
        changed = [
            (steps, value)
            for steps, value, old, mine in zip(self.fhir, read, before, here, strict=True)
            if value is None or mine is None or value != old
        ]
        listed = [(steps, value) for steps, value in changed if isinstance(steps[-1].selector, int | slice)]
        single = [(steps, value) for steps, value in changed if value is not None and (steps, value) not in listed]
        placed = [self._put(resource, steps, value) for steps, value in single]
        for steps, value in changed:
            if value is None or (steps, value) in listed:
                path.remove(resource, steps)
        placed += [self._put(resource, steps, value) for steps, value in listed if value is not None]
        return () if all(placed) else self._gap()

    def _as_written(self, resource: Resource) -> list[Any]:
        """The resource as the vendor's words would say it."""
        scratch: Record = {}
        try:
            self.pair.encode(resource, scratch, self.bindings)
            return self._decoded(scratch)
        except Unreadable:
            return [None] * len(self.fhir)

    def _is_news(self, record: Record, base: Record | None, resource: Resource) -> bool:
        said = self.vendor_value(record)
        if base is None and said is None:
            # A pair may read silence as a fact (no admission date: planned); that yields to what the resource says.
            return not any(value is not None for value in self._mine(resource))
        if base is not None and said == self.vendor_value(base):
            return False
        return bool(self._encoded_value(resource) != said)

    def _encoded_value(self, resource: Resource) -> Any:
        scratch: Record = {}
        try:
            self.pair.encode(resource, scratch, self.bindings)
        except Unreadable:
            return Unreadable
        return self.vendor_value(scratch)

    def into_vendor(self, resource: Resource, record: Record, *, clear: bool) -> None:
        if self._agrees(record, self._mine(resource)):
            return
        scratch: Record = {}
        self.pair.encode(resource, scratch, self.bindings)
        for steps in self.vendor:
            value = path.get(scratch, steps)
            if value is not None and path.has_gap(record, steps):
                raise Unplaceable("nothing stands in the vendor's list before it")
            if value is not None:
                path.place(record, steps, path.copied(value))
            elif clear and path.get(record, steps) is not None:
                path.remove(record, steps)

    def _agrees(self, record: Record, mine: list[Any]) -> bool:
        """Whether the record already reads as the resource; one that cannot be read agrees with silence."""
        try:
            return self._decoded(record) == mine
        except Unreadable:
            return not any(value is not None for value in mine)

    def settle(self, resource: Resource, record: Record, seen: Resource) -> None:
        """Nothing is left: a pair writes all of its vendor paths at once."""

    def carried(self, resource: Resource) -> set[Concrete]:
        record: Record = {}
        try:
            self.pair.encode(resource, record, self.bindings)
            back = self._decoded(record)
        except Unreadable:
            return set()
        return {leaf for steps, there in zip(self.fhir, back, strict=True) for leaf in _same(resource, steps, there)}


def _same(resource: Resource, steps: tuple[Step, ...], there: Any) -> set[Concrete]:
    """The leaves at a path of the resource that came back as they were."""
    here = path.locate(resource, steps)
    if here is None or there is None:
        return set()
    last = steps[-1].selector
    start = last.start if isinstance(last, slice) else 0
    same = dict(path.leaves(there))
    return {
        (*here, below[0] + start, *below[1:]) if start and below and isinstance(below[0], int) else (*here, *below)
        for below, leaf in path.leaves(path.get(resource, steps))
        if below in same and same[below] == leaf
    }
