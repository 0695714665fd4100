"""What one PATCH has to say: the facts that the chart has changed since the last sync, where Ritten says otherwise now.

Three documents meet here: the one that Ritten had when we last agreed (`base`), Ritten's document as it is (`current`),
and the chart, seen through the table. A fact that only Ritten has changed is left to it; the next pull brings it over.

Ritten keeps top-level fields that a PATCH omits, and omitted parts of `name`. Nothing is said of parts of
`demographics`, nor of what happens to elements that a list lacks: both are sent whole, with their ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.translation.lens import LeftOut
from gateway.translation.rows import Record, Resource
from gateway.translation.view import View

PLAIN_FIELDS = ("dob", "ssn")
PLAIN_LISTS = ("phones", "emails")


@dataclass(frozen=True, slots=True)
class Difference:
    """One chart against Ritten's documents."""

    local: Record
    """The base as the chart would have it."""
    target: Record
    """The current document as the chart would have it."""
    base: Record
    current: Record

    def body(self) -> Record:
        body = {name: self.target[name] for name in PLAIN_FIELDS if self._differs(name)}
        for name, value in (
            ("name", self._name()),
            ("demographics", self._demographics()),
            *((name, self._values(name)) for name in PLAIN_LISTS),
            ("addresses", self._addresses()),
        ):
            if value:
                body[name] = value
        return body

    def _differs(self, name: str) -> bool:
        changed = self.local.get(name) != self.base.get(name)
        return changed and name in self.target and self.target[name] != self.current.get(name)

    def _parts(self, name: str) -> Record:
        """The parts of an object that the chart has changed, as they should be."""
        local, base, target = (document.get(name) or {} for document in (self.local, self.base, self.target))
        return {part: value for part, value in target.items() if local.get(part) != base.get(part)}

    def _name(self) -> Record:
        current = self.current.get("name") or {}
        return {part: value for part, value in self._parts("name").items() if value != current.get(part)}

    def _demographics(self) -> Record | None:
        current = self.current.get("demographics") or {}
        whole = {**current, **self._parts("demographics")}
        return whole if whole != current else None

    def _values(self, name: str) -> list[str] | None:
        """The chart's values, then those that Ritten's staff has added meanwhile."""
        if not self._differs(name):
            return None
        current, base = self.current.get(name) or [], self.base.get(name) or []
        target = self.target[name]
        whole = [*target, *(value for value in current if value not in target and value not in base)]
        return whole if whole != current else None

    def _addresses(self) -> list[Record] | None:
        if not self._differs("addresses"):
            return None
        current, target = self.current.get("addresses") or [], self.target["addresses"]
        known = {item.get("id") for item in (*target, *(self.base.get("addresses") or ()))}
        whole = [*target, *(item for item in current if item.get("id") not in known)]
        return whole if whole != current else None


def difference(lens: View, patient: Resource, base: Record | None, current: Record) -> Difference:
    old = base or {}
    return Difference(lens.merge(patient, onto=old).value, lens.merge(patient, onto=current).value, old, current)


def not_cleared(lens: View, patient: Resource, base: Record | None, current: Record) -> tuple[LeftOut, ...]:
    """Facts that the chart no longer has: the contract names no way to take a value away."""
    if base is None:
        return ()
    kept, cleared = lens.merge(patient, onto=base).value, lens.to_vendor(patient, onto=base).value
    names = [name for name in _paths(kept) if name not in _paths(cleared) and _paths(current).get(name)]
    reason = "the chart no longer has it, but Ritten's API has no way to take it away: clear it in Ritten"
    return tuple(LeftOut(f"Patient (Ritten: {name})", reason) for name in names)


def _paths(record: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in record.items():
        if name in {"name", "demographics"} and isinstance(value, Mapping):
            found |= {f"{name}.{part}": inner for part, inner in value.items() if inner}
        elif name in {"dob", *PLAIN_LISTS, "addresses"} and value:
            found[name] = value
    return found
