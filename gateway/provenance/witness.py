"""Sees every version that is written, and writes within the same transaction who made it.

One Provenance is made per transaction, kind of change and patient, with all versions as its targets: a chart of two
hundred resources gets one, and none speaks of two patients, so that whoever may see one of them learns nothing of the
other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

from gateway.definitions.contract import Resource
from gateway.provenance.authors import gateway_author
from gateway.search.labels import PURPOSE_SYSTEMS
from gateway.store.contract import Author, Stored, Transaction
from gateway.store.document import instant
from gateway.store.labels_sql import required_purposes
from gateway.store.patients import patients_of

PROVENANCE = "Provenance"
DATA_OPERATION = "http://terminology.hl7.org/CodeSystem/v3-DataOperation"
RESTRICTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
NEVER = frozenset({PROVENANCE, "AuditEvent", "Subscription"})
"""A Subscription is shown to nobody but its client, and so is that there is one."""
OWN = frozenset(
    {
        "Task", "Endpoint", "StructureDefinition", "CodeSystem", "ValueSet", "ConceptMap",
        "NamingSystem", "OperationDefinition", "SearchParameter",
    }
)  # fmt: skip
"""What the gateway keeps by itself: states of its work, and its definitions. Written by a client, they have one."""


def provenance_witness(tx: Transaction, changes: Sequence[Stored]) -> None:
    """Implements store.contract.Witness."""
    author = tx.author
    left_out = NEVER if author is not None else NEVER | OWN
    told = [change for change in changes if change.type not in left_out]
    required = {change.key: required_purposes(tx.connection, tx.org, change) for change in told}
    for activity, targets in grouped(told, required):
        made = provenance(author or gateway_author(), activity, targets, tx.now)
        tx.put(made | closed_as(required[targets[0].key]), "POST")


def closed_as(purposes: frozenset[str] | None) -> Resource:
    """What is told of a record that labels close is as closed as the record."""
    if purposes is None:
        return {}
    reasons = [{"system": PURPOSE_SYSTEMS[0], "code": purpose} for purpose in sorted(purposes)]
    return {"meta": {"security": [RESTRICTED, *reasons]}}


def grouped(
    changes: Iterable[Stored], required: Mapping[int, frozenset[str] | None]
) -> Iterator[tuple[str, Sequence[Stored]]]:
    """Together what was done in one way to one patient, as far as the same purposes of use open it; what is deleted
    tells no patient, so each stands alone."""
    groups: dict[tuple[str, tuple[str, ...], frozenset[str] | None], list[Stored]] = {}
    for change in changes:
        activity = activity_of(change)
        alone = activity == "DELETE"
        whose = (f"{change.type}/{change.id}",) if alone else patients_of(change)
        groups.setdefault((activity, whose, required[change.key]), []).append(change)
    yield from ((activity, targets) for (activity, *_), targets in groups.items())


def activity_of(change: Stored) -> str:
    if change.deleted:
        return "DELETE"
    return "CREATE" if change.version == 1 else "UPDATE"


def provenance(author: Author, activity: str, targets: Sequence[Stored], now: int) -> Resource:
    made: dict[str, Any] = {
        "resourceType": PROVENANCE,
        "id": str(uuid4()),
        "target": [{"reference": f"{each.type}/{each.id}/_history/{each.version}"} for each in targets],
        "recorded": instant(now),
        "activity": {"coding": [{"system": DATA_OPERATION, "code": activity, "display": activity.lower()}]},
        "agent": list(author.agents),
    }
    if author.source is not None:
        made["entity"] = [{"role": "source", "what": author.source}]
    return made
