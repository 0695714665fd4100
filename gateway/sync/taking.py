"""What one part of a pulled chart makes of its resource: references in the store's words, and both sides' changes.

Records speak of other records (`emr:Type/key`), resources of other resources. To compare the two, the references of a
resource are written as the EMR's first, and what comes of it is written as the store's again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlmodel import Session

from gateway.definitions.contract import Resource
from gateway.sync import links
from gateway.sync.reconcile import CRM_WINS, EMR_WINS, Disagreement, Reconciled, reconciled
from gateway.sync.tables import Connection, Link
from gateway.translation import path
from gateway.translation.contract import Part, Pulled

EMR = "emr:"
Names = Callable[[str], str | None]
"""`Type/key` ↔ `Type/id`; None for what is not linked."""


def winner_of(connection: Connection, pulled: Pulled) -> str:
    """Whose value stands where both changed: as the operator set it; else the EMR's, once it has admitted."""
    return connection.settings.get("conflict") or (EMR_WINS if pulled.admitted else CRM_WINS)


@dataclass(frozen=True, slots=True)
class Taking:
    """One chart's parts over one connection."""

    session: Session
    connection: Connection
    system: str
    """The connection's identifier system of keys."""
    winner: str
    here: Mapping[str, str]
    """`Type/key` → `Type/id` of the chart's own parts."""
    link_of: Callable[[str, str], Link | None]
    """What an earlier chart or list brought, by type and key."""

    def fresh(self, part: Part, link: Link) -> Resource:
        """The resource of a record that has none yet."""
        resource = {**part.lens.to_fhir(part.record).value, "id": link.local_id}
        return self._resource(_placed(resource, part.references))

    def taken(self, part: Part, link: Link, before: Resource) -> Reconciled:
        base = links.record_of(link)
        is_news = base is not None and base != part.record
        local: Resource = _named(before, self._key_of) if is_news else path.copied(before)
        found = reconciled(part.lens, local, base, part.record, self.winner)
        resource = _placed(found.resource, self._news(part, link, before))
        return Reconciled(self._resource(resource), tuple(map(self._told, found.disagreements)))

    def _news(self, part: Part, link: Link, before: Resource) -> dict[str, str]:
        """The references that the EMR has changed, and those that can be resolved only now."""
        known: dict[str, str] = json.loads(link.referred) if link.referred else {}
        return {
            place: target
            for place, target in part.references.items()
            if self._is_news(known.get(place), target, path.get(before, path.parse(place)))
        }

    def _is_news(self, known: str | None, target: str, local: Any) -> bool:
        named = local.get("reference") if isinstance(local, dict) else None
        if known == target:
            return named is None and local is not None
        was = self._id_of(known.removeprefix(EMR)) if known is not None else None
        is_ours = known is not None and named is not None and named != was
        return not (is_ours and self.winner == CRM_WINS)

    def _told(self, found: Disagreement) -> Disagreement:
        ours, theirs = (self._resolved(side) for side in (found.ours, found.theirs))
        values = self._resolved(list(found.values))
        return replace(found, ours=ours, theirs=theirs, values=(values[0], values[1]))

    def _resource(self, document: Resource) -> Resource:
        resource: Resource = self._resolved(document)
        return resource

    def _resolved(self, document: Any) -> Any:
        return resolved(document, self._id_of, self.system)

    def _id_of(self, target: str) -> str | None:
        """`Type/id` of `Type/key`: of this chart, or of what an earlier chart or list brought."""
        if target in self.here:
            return self.here[target]
        type, _, key = target.partition("/")
        link = self.link_of(type, key)
        return f"{type}/{link.local_id}" if link else None

    def _key_of(self, reference: str) -> str | None:
        type, _, id = reference.partition("/")
        link = links.by_local(self.session, self.connection.id or 0, type, id) if id else None
        return f"{type}/{link.external_key}" if link and link.external_key else None


def _placed(resource: Resource, references: Mapping[str, str]) -> Resource:
    for place, target in references.items():
        path.place(resource, path.parse(f"{place}.reference"), target)
    return resource


def _named(node: Any, key_of: Names) -> Any:
    """A copy whose references to what the EMR has are written as the EMR's."""
    if isinstance(node, list):
        return [_named(item, key_of) for item in node]
    if not isinstance(node, dict):
        return node
    values = {name: _named(value, key_of) for name, value in node.items()}
    reference = values.get("reference")
    key = key_of(reference) if isinstance(reference, str) else None
    return values if key is None else {**values, "reference": f"{EMR}{key}"}


def resolved(node: Any, find: Names, system: str) -> Any:
    """The same document with `emr:Type/key` references made the store's.

    Those to what was never pulled become logical references: the key as an identifier of the connection (`system`).
    """
    if isinstance(node, list):
        return [resolved(item, find, system) for item in node]
    if not isinstance(node, dict):
        return node
    values = {name: resolved(value, find, system) for name, value in node.items()}
    reference = values.get("reference")
    if not isinstance(reference, str) or not reference.startswith(EMR):
        return values
    type, _, key = reference.removeprefix(EMR).partition("/")
    found = find(f"{type}/{key}")
    if found:
        return {**values, "reference": found}
    rest = {name: value for name, value in values.items() if name != "reference"}
    return {"type": type, "identifier": {"system": system, "value": key}, **rest}
