"""Custom fields: fields of KIPU's without a FHIR home, as `custom-field` extensions under the CRM's names.

`crosswalk mapping set … custom-field FROM TO` says which name of the CRM's a field has; without it, it has KIPU's own.
A mapping may be set or removed while charts hold values: an extension under KIPU's own name goes on to stand for the
field, and as long as a chart has one whose name nothing is bound to, which may be the field's former name, KIPU's value
is not cleared for want of an extension.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.canonical import extension_url
from gateway.translation import path
from gateway.translation.codec import DATE, Unreadable
from gateway.translation.contract import Target
from gateway.translation.path import Concrete
from gateway.translation.row import Problem
from gateway.translation.rows import Bindings, Record, Resource, Row, Way

CUSTOM_FIELD = extension_url("custom-field")
TEXT_FIELD, DATE_FIELD = "string", "date"
CUSTOM: Mapping[str, Target] = {
    "sobriety_date": Target(DATE_FIELD),
    "pre_admission_status": Target(TEXT_FIELD),
    "occupation": Target(TEXT_FIELD),
    "employer_name": Target(TEXT_FIELD),
    "employer_phone": Target(TEXT_FIELD),
    "patient_color_id": Target(TEXT_FIELD),
    "admission_status": Target(TEXT_FIELD),
    "preferred_contact": Target(TEXT_FIELD, writable=False),
}
WRITABLE = tuple(name for name, target in CUSTOM.items() if target.writable)


@dataclass(frozen=True, slots=True)
class CustomField:
    """One field of CUSTOM, as a row of the patient's table."""

    vendor: str

    @property
    def way(self) -> Way:
        return Way.BOTH if CUSTOM[self.vendor].writable else Way.READ

    def bound(self, bindings: Bindings) -> Row:
        table = bindings.tables.get("custom-field", {})
        name = next((name for name, target in table.items() if target == self.vendor), self.vendor)
        is_date = CUSTOM[self.vendor].type == DATE_FIELD
        return BoundCustomField(self.vendor, name, self.way, is_date, frozenset({*table, *CUSTOM}))


@dataclass(frozen=True, slots=True)
class BoundCustomField:
    """A CustomField under its name in one connection."""

    vendor: str
    name: str
    way: Way
    is_date: bool
    bound: frozenset[str]
    """Every name that stands for some field."""
    owned: bool = False

    def vendor_paths(self) -> tuple[str, ...]:
        return (self.vendor,)

    def vendor_value(self, record: Record) -> Any:
        return record.get(self.vendor) or None

    def into_fhir(self, record: Record, resource: Resource) -> Iterable[Problem]:
        said = self.vendor_value(record)
        if said is None:
            return ()
        if not isinstance(said, str):
            return (Problem(self.vendor, "expected text"),)
        self._put(resource, [self._extension(said, self._type(said, resource))])
        return ()

    def absorb(self, record: Record, base: Record | None, resource: Resource) -> Iterable[Problem]:
        said = self.vendor_value(record)
        if said == (None if base is None else self.vendor_value(base)) or said == self._said(resource):
            return ()
        if said is None:
            self._put(resource, [])
        return self.into_fhir(record, resource)

    def into_vendor(self, resource: Resource, record: Record, *, clear: bool) -> None:
        value = self._value(resource)
        if value is not None:
            record[self.vendor] = self._encoded(value)

    def settle(self, resource: Resource, record: Record, seen: Resource) -> None:
        is_there = isinstance(self.vendor_value(record), str)
        if is_there and self._value(resource) is None and not self._may_be_renamed(resource):
            del record[self.vendor]

    def carried(self, resource: Resource) -> set[Concrete]:
        index = self._index(resource)
        if index is None or self._said(resource) is None:
            return set()
        element = resource["extension"][index]
        return {("extension", index, *at) for at, _ in path.leaves(element) if at[:1] in (("url",), ("extension",))}

    def _encoded(self, value: Any) -> str:
        """Raises Unreadable."""
        text = ("true" if value else "false") if isinstance(value, bool) else str(value)
        return str(DATE.encode(text)) if self.is_date else text

    def _said(self, resource: Resource) -> str | None:
        value = self._value(resource)
        try:
            return None if value is None else self._encoded(value)
        except Unreadable:
            return None

    def _type(self, said: str, resource: Resource) -> str:
        """As the chart writes it; a date where KIPU has dates and this is one."""
        part = self._part(resource)
        if not self.is_date or (part is not None and "valueString" in part):
            return "valueString"
        try:
            DATE.decode(said)
        except Unreadable:
            return "valueString"
        return "valueDate"

    def _put(self, resource: Resource, made: list[Resource]) -> None:
        items, index = resource.get("extension", []), self._index(resource)
        kept = [*items, *made] if index is None else [*items[:index], *made, *items[index + 1 :]]
        resource["extension"] = kept
        if not kept:
            del resource["extension"]

    def _extension(self, value: str, type: str) -> Resource:
        return {
            "url": CUSTOM_FIELD,
            "extension": [{"url": "name", "valueString": self.name}, {"url": "value", type: value}],
        }

    def _index(self, resource: Resource) -> int | None:
        """Where it stands: under the CRM's name, else under KIPU's own."""
        names = [custom_name(item) if item.get("url") == CUSTOM_FIELD else None for item in self._items(resource)]
        own = self.name if self.name in names else self.vendor
        return names.index(own) if own in names else None

    def _part(self, resource: Resource) -> Resource | None:
        index = self._index(resource)
        parts = () if index is None else resource["extension"][index].get("extension", ())
        return next((part for part in parts if part.get("url") == "value"), None)

    def _value(self, resource: Resource) -> Any:
        part = self._part(resource) or {}
        return next((value for name, value in part.items() if name.startswith("value")), None)

    def _may_be_renamed(self, resource: Resource) -> bool:
        customs = (item for item in self._items(resource) if item.get("url") == CUSTOM_FIELD)
        return any(custom_name(item) not in self.bound for item in customs)

    @staticmethod
    def _items(resource: Resource) -> Iterable[Resource]:
        items: list[Resource] = resource.get("extension", [])
        return items


def custom_name(extension: Resource) -> str | None:
    """The name of a `custom-field` extension."""
    return next((p.get("valueString") for p in extension.get("extension", ()) if p.get("url") == "name"), None)


def why_left_out(bindings: Bindings, name: str) -> str:
    """What to do about a custom field of the CRM's that does not travel."""
    target = bindings.tables.get("custom-field", {}).get(name, name)
    if target not in CUSTOM:
        fields = ", ".join(WRITABLE)
        return f"no KIPU field for it: map it with `crosswalk mapping set … custom-field` to one of {fields}"
    if not CUSTOM[target].writable:
        return f"KIPU's API shows {target} and does not take it"
    return f"KIPU has a {CUSTOM[target].type} in {target}: write it as YYYY-MM-DD"
