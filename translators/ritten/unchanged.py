"""What GET /patients tells of a patient, beside what the gateway last knew: who says the same need not be read again.

The lists have the person, the stays, the discharge, the clinician, telephone numbers and e-mail addresses; they lack
addresses, demographics, insurance, referrals and relationships, which a sweep reads in turn (`sweep.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.translation import path
from gateway.translation.contract import Linked
from gateway.translation.rows import Record

LISTED = (
    *("externalId", "dob", "createdAt", "mrn", "name", "programStatus", "programs", "phones", "emails"),
    *("latestClinicalProgram", "latestClinicalDischarge", "careTeam"),
)
RESTLESS = frozenset({"lastAccessedAt"})
"""Changes whenever a clinician opens Ritten, and says nothing of the patient."""


def is_known(entry: Record, known: Mapping[str, Linked]) -> bool:
    link = known.get(entry["id"])
    if link is None or link.record is None:
        return False
    return all(still(entry.get(name)) == still(link.record.get(name)) for name in LISTED)


def still(node: Any) -> Any:
    """Without what is empty and what is never at rest."""
    if isinstance(node, Mapping):
        members = {name: still(value) for name, value in node.items() if name not in RESTLESS}
        return {name: value for name, value in members.items() if value is not None} or None
    if isinstance(node, list):
        return [still(item) for item in node] or None
    return None if node in path.EMPTY else node


def settled(node: Any) -> Any:
    """A document without what is never at rest."""
    if isinstance(node, Mapping):
        return {name: settled(value) for name, value in node.items() if name not in RESTLESS}
    return [settled(item) for item in node] if isinstance(node, list) else node
