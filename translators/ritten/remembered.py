"""What the gateway remembers of a patient beside Ritten's own document, from one reading to the next.

It stands in the link's record under names that Ritten does not use: the social security number, which Ritten takes and
never shows; the names of earlier discharges, of which it shows the latest; and the relationships that it showed last,
so that one that is gone is told from one that never was.
"""

from __future__ import annotations

from typing import Any

from gateway.translation.rows import Record
from translators.ritten.gone import GONE
from translators.ritten.stays import DISCHARGES, discharges

SSN, RELATIONSHIPS = "ssn", "relationships"
OURS = frozenset({SSN, DISCHARGES, RELATIONSHIPS})


def remembered(document: Record, before: Record | None) -> Record:
    """Ritten's document with what is known of the patient from before."""
    kept = {name: value for name, value in (before or {}).items() if name in OURS}
    types = {stay["id"]: stay.get("dischargeTypeId") for stay in document.get("programs") or () if stay.get("id")}
    named = discharges({**document, DISCHARGES: kept.pop(DISCHARGES, None)})
    told = {id: {**discharge, "type": types[id]} for id, discharge in named.items()}
    return {**document, **kept, **({DISCHARGES: told} if told else {})}


def related(document: Record, shown: list[Record] | None) -> Record:
    """The document with the relationships that Ritten shows now, None for not shown; those gone are marked."""
    if shown is None:
        return document
    known: list[Any] = document.get(RELATIONSHIPS) or []
    here = {item["id"] for item in shown}
    gone = [{**item, **GONE} for item in known if isinstance(item, dict) and item.get("id") not in here]
    rest = {name: value for name, value in document.items() if name != RELATIONSHIPS}
    return rest | ({RELATIONSHIPS: [*shown, *gone]} if shown or gone else {})


def without(document: Record) -> Record:
    """Ritten's own document."""
    return {name: value for name, value in document.items() if name not in OURS}
