"""The plain row: one vendor path, one FHIR path, and the codec between their values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.translation import path
from gateway.translation.codec import TEXT, Codec, Unreadable
from gateway.translation.path import Concrete, Match, Step
from gateway.translation.row import Bindings, Problem, Record, Resource, Row, Unplaceable, Way


@dataclass(frozen=True, slots=True)
class Field:
    """One vendor path and one FHIR path. `having` are constants set beside the value, in the element that holds it.

    That element is the last list element on the FHIR path, or the resource itself where the path has none.
    """

    vendor: str
    fhir: str
    codec: Codec | Callable[[Bindings], Codec] = TEXT
    way: Way = Way.BOTH
    having: Mapping[str, Any] = field(default_factory=dict)

    def bound(self, bindings: Bindings) -> Row:
        codec = self.codec if isinstance(self.codec, Codec) else self.codec(bindings)
        steps = path.bind(path.parse(self.fhir), bindings.constants)
        owned = "$" in self.fhir and Way.WRITE not in self.way
        return BoundField(self.vendor, path.parse(self.vendor), steps, codec, self.way, self.having, owned)


@dataclass(frozen=True, slots=True)
class BoundField:
    """A Field with its paths parsed and the connection's constants in place."""

    name: str
    vendor: tuple[Step, ...]
    fhir: tuple[Step, ...]
    codec: Codec
    way: Way
    having: Mapping[str, Any]
    owned: bool

    def vendor_paths(self) -> tuple[str, ...]:
        return (self.name,)

    def vendor_value(self, record: Record) -> Any:
        return path.get(record, self.vendor)

    def into_fhir(self, record: Record, resource: Resource) -> Iterable[Problem]:
        said = self.vendor_value(record)
        return () if said is None else self._say(said, resource)

    def _say(self, said: Any, resource: Resource) -> Iterable[Problem]:
        try:
            value = self.codec.decode(said)
        except Unreadable as error:
            return (Problem(self.name, str(error)),)
        if path.has_gap(resource, self.fhir):
            return (Problem(self.name, "nothing stands in the list before it"),)
        element = path.place(resource, self.fhir, path.copied(value))
        for key, constant in self.having.items():
            path.plant(element, tuple(key.split(".")), constant)
        return ()

    def absorb(self, record: Record, base: Record | None, resource: Resource) -> Iterable[Problem]:
        said = self.vendor_value(record)
        if said == (None if base is None else self.vendor_value(base)):
            return ()
        if said is None:
            path.remove(resource, self.fhir, self.having)
            return ()
        return () if self._encodes_to(said, path.get(resource, self.fhir)) else self._say(said, resource)

    def _encodes_to(self, said: Any, value: Any) -> bool:
        try:
            return value is not None and bool(self.codec.encode(value) == said)
        except Unreadable:
            return False

    def into_vendor(self, resource: Resource, record: Record, *, clear: bool) -> None:
        value = path.get(resource, self.fhir)
        if value is None or self._decodes_to(value, self.vendor_value(record)):
            return
        encoded = path.copied(self.codec.encode(value))
        if path.has_gap(record, self.vendor):
            raise Unplaceable("nothing stands in the vendor's list before it")
        path.place(record, self.vendor, encoded)

    def copy(self, said: Record, record: Record) -> None:
        """Say in the record what another one says; for comparing, not for sending."""
        value = self.vendor_value(said)
        if value is None:
            path.remove(record, self.vendor)
        elif not path.has_gap(record, self.vendor):
            path.place(record, self.vendor, path.copied(value))

    def mirror(self, resource: Resource, record: Record) -> None:
        """Say in the record what the resource says, be it in FHIR's words; for comparing, not for sending."""
        value = path.get(resource, self.fhir)
        if value is None or self._decodes_to(value, self.vendor_value(record)) or path.has_gap(record, self.vendor):
            return
        try:
            path.place(record, self.vendor, path.copied(self.codec.encode(value)))
        except Unreadable:
            path.place(record, self.vendor, {"fhir": path.copied(value)})

    def _decodes_to(self, value: Any, said: Any) -> bool:
        try:
            return said is not None and bool(self.codec.decode(said) == value)
        except Unreadable:
            return False

    def settle(self, resource: Resource, record: Record, seen: Resource) -> None:
        if path.get(resource, self.fhir) is None and self.vendor_value(record) is not None:
            is_seen = Way.READ not in self.way or path.get(seen, self.fhir) is not None
            if is_seen:
                path.remove(record, self.vendor)

    def carried(self, resource: Resource) -> set[Concrete]:
        concrete, value = path.locate(resource, self.fhir), path.get(resource, self.fhir)
        if concrete is None or value is None:
            return set()
        try:
            returned = self.codec.decode(self.codec.encode(value))
        except Unreadable:
            return set()
        last = self.fhir[-1].selector
        same = _same_leaves(value, returned, last.start if isinstance(last, slice) else 0)
        return {(*concrete, *below) for below in same} | self._constants(resource, concrete) if same else set()

    def _constants(self, resource: Resource, concrete: Concrete) -> set[Concrete]:
        """Selector constants (`use: official`) around a carried value, and `having` beside it, come back with it.

        Where a selector has alternatives, the table says that they mean the same to the EMR.
        """
        found: set[Concrete] = set()
        depth = owner = 0
        for step in self.fhir:
            depth += 1 if step.selector is None or isinstance(step.selector, slice) else 2
            owner = owner if isinstance(concrete[depth - 1], str) else depth
            if isinstance(step.selector, Match):
                found |= path.holding(resource, step.selector.alternatives, concrete[:depth])
        beside = tuple((tuple(key.split(".")), (value,)) for key, value in self.having.items())
        return found | path.holding(resource, beside, concrete[:owner])


def _same_leaves(value: Any, returned: Any, start: int) -> set[Concrete]:
    back = dict(path.leaves(returned))
    same = {below for below, leaf in path.leaves(value) if below in back and back[below] == leaf}
    return {(below[0] + start, *below[1:]) if start and isinstance(below[0], int) else below for below in same}
