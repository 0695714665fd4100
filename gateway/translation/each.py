"""The row for lists: a vendor list and a FHIR list whose elements are the same things.

Which element is which is found by content, not by position, so that hidden vendor fields (an item's own key) stay with
their item when another one is deleted or moved. Elements that say the same belong together, at the same position first;
then those that share most facts; and when as many are left on both sides, they are taken as edited in place. PutPut
holds up to hidden fields of items that the first put deleted: they are gone, as in every lens over lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.translation import path, table
from gateway.translation.alignment import align, filled
from gateway.translation.codec import Unreadable
from gateway.translation.path import Concrete, Step
from gateway.translation.row import Bindings, Problem, Record, Resource, Row, Unbound, Unplaceable, Way

Facts = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Each:
    """A vendor list and a FHIR list, element by element; the fields' paths start at the element.

    The list is one fact: a resource that has it replaces the vendor's whole list, also in a merge.
    """

    vendor: str
    fhir: str
    fields: tuple[Unbound, ...]
    way: Way = Way.BOTH
    constants: Mapping[str, Any] = field(default_factory=dict)
    """Set in every FHIR element; only elements that hold them belong to this list."""
    key: tuple[str, ...] = ()
    """Vendor members that tell an item from the others when both sides changed the list (a contact's name)."""

    def bound(self, bindings: Bindings) -> Row:
        rows = tuple(f.bound(bindings) for f in self.fields)
        fhir = path.bind(path.parse(self.fhir), bindings.constants)
        constants = tuple((tuple(key.split(".")), value) for key, value in self.constants.items())
        return BoundEach(self.vendor, path.parse(self.vendor), fhir, rows, self.way, constants, key=self.key)


@dataclass(frozen=True, slots=True)
class BoundEach:
    """An Each with its rows bound."""

    name: str
    vendor: tuple[Step, ...]
    fhir: tuple[Step, ...]
    rows: tuple[Row, ...]
    way: Way
    constants: tuple[tuple[tuple[str, ...], Any], ...]
    owned: bool = False
    key: tuple[str, ...] = ()

    def vendor_paths(self) -> tuple[str, ...]:
        return tuple(f"{self.name}[].{name}" for row in self.rows for name in row.vendor_paths())

    def vendor_value(self, record: Record) -> Any:
        said = [self._said(item) for item in self._list(record)]
        return said if any(value is not None for item in said for value in item) else None

    def into_fhir(self, record: Record, resource: Resource) -> Iterable[Problem]:
        problems = [] if self._is_readable(record) else [Problem("", "expected a list of objects")]
        made = []
        for item in self._list(record):
            element: Resource = {}
            problems += table.read(self.rows, item, element)
            if element:
                made.append(self._fixed(element))
        if made:
            path.place(resource, self.fhir, [*(path.get(resource, self.fhir) or []), *made])
        return self._named(problems)

    def absorb(self, record: Record, base: Record | None, resource: Resource) -> Iterable[Problem]:
        if self.vendor_value(record) == (None if base is None else self.vendor_value(base)):
            return ()
        items, known = self._visible(record), [] if base is None else self._visible(base)
        mine = self._mine(resource)
        facts = [self._facts(element) for element in mine]
        read = [self._facts(self._element(item)) for item in items]
        before = [self._facts(self._element(item)) for item in known]
        problems: list[Problem] = []
        made = []
        for item, local, earlier in zip(items, align(read, facts), align(read, before), strict=True):
            element = {} if local is None else path.copied(mine[local])
            old = None if local is None or earlier is None else known[earlier]
            problems += table.absorb(self.rows, item, old, element)
            made.append(self._fixed(element))
        taken = {*align(read, facts)}
        deleted = {*align(before, facts)} - {None}
        made += [element for i, element in enumerate(mine) if i not in taken and i not in deleted]
        self._put(resource, made)
        return self._named(problems)

    def into_vendor(self, resource: Resource, record: Record, *, clear: bool) -> None:
        elements = self._mine(resource)
        if not elements and not clear:
            return
        old = self._visible(record)
        pairs = align([self._facts(e) for e in elements], [self._facts(self._element(item)) for item in old])
        made, homeless = [], []
        for element, index in zip(elements, pairs, strict=True):
            item = {} if index is None else path.copied(old[index])
            homeless += table.write(self.rows, element, item, clear=clear)
            if item:
                made.append(item)
        if items := filled(self._all(record), self._is_visible, made):
            path.place(record, self.vendor, items)
        elif self._all(record):
            path.remove(record, self.vendor)
        if homeless:
            raise Unplaceable("an element has facts that the vendor's list has no place for")

    def settle(self, resource: Resource, record: Record, seen: Resource) -> None:
        """Nothing is left: each element was settled when it was written."""

    def carried(self, resource: Resource) -> set[Concrete]:
        concrete = path.locate(resource, self.fhir)
        elements = path.get(resource, self.fhir)
        if concrete is None or not isinstance(elements, list):
            return set()
        fixed = tuple((key, (value,)) for key, value in self.constants)
        found: set[Concrete] = set()
        for index, element in enumerate(elements):
            if self._is_mine(element) and (kept := table.carried(self.rows, element)):
                below = kept | path.holding(element, fixed)
                found |= {(*concrete, index, *leaf) for leaf in below}
        return found

    def _is_readable(self, record: Record) -> bool:
        items = path.get(record, self.vendor)
        return items is None or (isinstance(items, list) and len(self._list(record)) == len(items))

    def _list(self, record: Record) -> list[Record]:
        return [item for item in self._all(record) if isinstance(item, dict)]

    def _all(self, record: Record) -> list[Any]:
        items = path.get(record, self.vendor)
        return items if isinstance(items, list) else []

    def _visible(self, record: Record) -> list[Record]:
        return [item for item in self._all(record) if self._is_visible(item)]

    def _is_visible(self, item: Any) -> bool:
        return isinstance(item, dict) and bool(self._element(item))

    def _element(self, item: Record) -> Resource:
        element: Resource = {}
        table.read(self.rows, item, element)
        return element

    def _said(self, item: Record) -> Facts:
        return tuple(row.vendor_value(item) for row in self.rows)

    def _facts(self, element: Resource) -> Facts:
        """What the element says in the vendor's words, whichever way its rows go: a common ground for comparing."""
        scratch: Record = {}
        for each in self.rows:
            try:
                each.into_vendor(element, scratch, clear=False)
            except Unreadable:
                continue
        return self._said(scratch)

    def _is_mine(self, element: Any) -> bool:
        return isinstance(element, dict) and all(path.holds(element, key, value) for key, value in self.constants)

    def _mine(self, resource: Resource) -> list[Resource]:
        elements = path.get(resource, self.fhir)
        return [e for e in elements if self._is_mine(e)] if isinstance(elements, list) else []

    def _fixed(self, element: Resource) -> Resource:
        for key, value in self.constants:
            path.plant(element, key, value)
        return element

    def _put(self, resource: Resource, made: list[Resource]) -> None:
        elements = filled(path.get(resource, self.fhir) or [], self._is_mine, made)
        if elements:
            path.place(resource, self.fhir, elements)
        else:
            path.remove(resource, self.fhir)

    def _named(self, problems: Sequence[Problem]) -> tuple[Problem, ...]:
        named = dict.fromkeys((f"{self.name}[].{problem.path}".rstrip(".[]"), problem.reason) for problem in problems)
        return tuple(Problem(name, reason) for name, reason in named)
