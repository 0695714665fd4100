"""Vital signs that others wrote in other shapes, seen as the API's sets.

A single measurement (an Observation of body weight) is a set with one value, a blood pressure panel one with two. When
the staff change that value it goes back to where it stood; when they add values of another kind, the Observation
becomes a panel of vital signs.
"""

from __future__ import annotations

from typing import Any

from gateway.translation.lens import Carried, LeftOut, Lens, ResourceMap
from gateway.translation.rows import Bindings, Record, Resource
from translators.internal.vitals_values import VITAL_OF
from translators.internal.vocabulary import LOINC

PANEL = {"coding": [{"system": LOINC, "code": "85353-1", "display": "Vital signs panel"}]}
BLOOD_PRESSURE = "85354-9"
KNOWN = frozenset({*VITAL_OF, "85353-1", BLOOD_PRESSURE})
"""What an Observation has to be of to be a set of vital signs."""
_OUT_OF_USE = frozenset({"entered-in-error", "cancelled"})
_ITS_OWN = ("valueQuantity", "dataAbsentReason", "interpretation", "referenceRange")
"""What an Observation and a component both have."""


class Panel(ResourceMap):
    """A table over sets of vital signs."""

    def bound(self, bindings: Bindings) -> Lens:
        return PanelLens(self, tuple(row.bound(bindings) for row in self.rows))


class PanelLens(Lens):
    """The lens of such a table, over other shapes as well."""

    def absorb(self, record: Record, onto: Resource, base: Record | None = None) -> Carried[Resource]:
        carried = super().absorb(record, opened(onto), base)
        return Carried(closed(carried.value, onto), carried.left_out)

    def to_vendor(self, resource: Resource, onto: Record | None = None) -> Carried[Record]:
        return super().to_vendor(opened(resource), onto)

    def told(self, resource: Resource) -> Record:
        return super().told(opened(resource))

    def merge(self, resource: Resource, onto: Record | None = None) -> Carried[Record]:
        return super().merge(opened(resource), onto)

    def unmapped(self, resource: Resource) -> tuple[LeftOut, ...]:
        return super().unmapped(opened(resource))


def codes_of(concept: Any) -> set[str]:
    codings = concept.get("coding", ()) if isinstance(concept, dict) else ()
    return {str(coding.get("code")) for coding in codings if coding.get("system") == LOINC}


def is_measured(resource: Resource) -> bool:
    is_dated = any(resource.get(name) for name in ("effectiveDateTime", "effectiveInstant", "effectivePeriod"))
    return is_dated and resource.get("status") not in _OUT_OF_USE and bool(codes_of(resource.get("code")) & KNOWN)


def is_single(resource: Resource) -> bool:
    return bool(codes_of(resource.get("code")) & VITAL_OF.keys()) and "component" not in resource


def opened(resource: Resource) -> Resource:
    """A single measurement as a set with one component."""
    if not is_single(resource):
        return resource
    kept = {name: value for name, value in resource.items() if name not in _ITS_OWN}
    component = {"code": resource["code"]} | {name: resource[name] for name in _ITS_OWN if name in resource}
    return kept | {"code": PANEL, "component": [component]}


def closed(panel: Resource, before: Resource) -> Resource:
    """The set in the shape that it had before, as far as its values fit into that."""
    components = panel.get("component", [])
    if is_single(before) and [codes_of(each.get("code")) & VITAL_OF.keys() for each in components] == [
        codes_of(before["code"]) & VITAL_OF.keys()
    ]:
        rest = {name: value for name, value in panel.items() if name not in ("code", "component")}
        return rest | {"code": before["code"]} | {n: components[0][n] for n in _ITS_OWN if n in components[0]}
    pressure = all({"8480-6", "8462-4"} & codes_of(each.get("code")) for each in components)
    if BLOOD_PRESSURE in codes_of(before.get("code")) and not pressure:
        return {**panel, "code": PANEL}
    return panel
