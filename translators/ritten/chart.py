"""A PatientDetail taken apart: the parts that become FHIR resources, each with its key and what it refers to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.translation import path
from gateway.translation.contract import Account, Part, Pulled, Whole
from gateway.translation.rows import Record
from gateway.translation.view import View
from translators.ritten.coverage import COVERAGE, SUBSCRIBER
from translators.ritten.encounter import ENCOUNTER
from translators.ritten.gone import GONE
from translators.ritten.kinds import KINDS, unaccounted
from translators.ritten.location import LOCATION
from translators.ritten.organization import PAYER
from translators.ritten.patient import PATIENT
from translators.ritten.practitioner import PRACTITIONER
from translators.ritten.program import PROGRAM
from translators.ritten.relationship import RELATED
from translators.ritten.remembered import without
from translators.ritten.stays import stays

MAPS = {table.type: table for table in (PATIENT, ENCOUNTER, COVERAGE, RELATED, LOCATION, PROGRAM, PRACTITIONER, PAYER)}
DOCUMENT, RELATIONSHIP = (next(kind for kind in KINDS if kind.name == name) for name in ("patient", "relationship"))
IN_CHART = frozenset({"Patient", "Encounter", "Coverage", "RelatedPerson"})


@dataclass(frozen=True, slots=True)
class Reader:
    """Ritten's tables bound to one connection, once for many documents."""

    lenses: Mapping[str, View]
    subscriber: View

    @classmethod
    def of(cls, account: Account) -> Reader:
        bindings = account.bindings
        lenses = {type: table.bound(bindings) for type, table in MAPS.items()}
        return cls(lenses, SUBSCRIBER.bound(bindings))

    def chart(
        self,
        document: Record,
        types: frozenset[str],
        relationships: Sequence[Record] | None = None,
        asked: datetime | None = None,
    ) -> Pulled:
        """Of a document with what is remembered, as it was when Ritten was asked; None: relationships are not shown."""
        wanted = {*types, "Patient"} if types else frozenset(MAPS)
        parts = tuple(part for part in self.parts(document, relationships or ()) if part.lens.type in wanted)
        shown = ("Encounter", "Coverage") if relationships is None else ("Encounter", "Coverage", "RelatedPerson")
        return Pulled(
            document["id"],
            parts,
            document.get("externalId") or None,
            admitted=any(True for _ in stays(document)),
            unaccounted=(
                *unaccounted(DOCUMENT, frozenset(leaf_names(without(document)))),
                *(name for one in relationships or () for name in _unknown(one)),
            ),
            asked=asked,
            wholes=tuple(Whole(self.lenses[type], GONE) for type in shown if type in wanted),
        )

    def parts(self, document: Record, relationships: Sequence[Record] = ()) -> Iterator[Part]:
        """The Patient first."""
        patient = f"emr:Patient/{document['id']}"
        yield Part(self.lenses["Patient"], document["id"], document)
        clinician = (document.get("careTeam") or {}).get("primaryClinician") or {}
        if clinician.get("id"):
            yield self.part("Practitioner", clinician)
        for stay in stays(document):
            yield Part(self.lenses["Encounter"], stay["id"], stay, {"subject": patient})
        for policy in document.get("insurance") or ():
            if policy.get("id"):
                yield from self._policy(policy, patient)
        for relationship in relationships:
            yield Part(self.lenses["RelatedPerson"], relationship["id"], relationship, {"patient": patient})

    def part(self, type: str, record: Record) -> Part:
        """An entry of one of Ritten's lists."""
        return Part(self.lenses[type], record["id"], record)

    def _policy(self, policy: Record, patient: str) -> Iterator[Part]:
        key = policy["id"]
        is_other = bool(policy.get("firstName") or policy.get("lastName"))
        subscriber = f"emr:RelatedPerson/{key}" if is_other else patient
        references = {"beneficiary": patient}
        if is_other or policy.get("notSubscriber") is False:
            references["subscriber"] = subscriber
        if is_other:
            match = ("name[use=official|usual|].family", "name[use=official|usual|].given[0]")
            yield Part(self.subscriber, key, policy, {"patient": patient}, match)
        yield Part(self.lenses["Coverage"], key, policy, references, ("subscriberId",))


def leaf_names(document: Record) -> Iterator[str]:
    """`insurance[].payerId` and so on."""
    for place, _ in path.leaves(document):
        yield _name(place)


def _unknown(relationship: Record) -> tuple[str, ...]:
    names = unaccounted(RELATIONSHIP, frozenset(leaf_names(relationship)))
    return tuple(f"relationships[].{name}" for name in names)


def _name(place: tuple[Any, ...]) -> str:
    name = ""
    for part in place:
        name += "[]" if isinstance(part, int) else f".{part}" if name else str(part)
    return name
