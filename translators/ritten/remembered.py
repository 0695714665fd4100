"""What the gateway remembers of a patient beside Ritten's own document, from one reading to the next.

It stands in the link's record under names that Ritten does not use: the social security number, which Ritten takes and
never shows, and the names of earlier discharges, of which it shows the latest.
"""

from __future__ import annotations

from gateway.translation.rows import Record
from translators.ritten.stays import DISCHARGES, discharges

OURS = frozenset({"ssn", DISCHARGES})


def remembered(document: Record, before: Record | None) -> Record:
    """Ritten's document with what is known of the patient from before."""
    kept = {name: value for name, value in (before or {}).items() if name in OURS}
    types = {stay["id"]: stay.get("dischargeTypeId") for stay in document.get("programs") or () if stay.get("id")}
    named = discharges({**document, DISCHARGES: kept.pop(DISCHARGES, None)})
    told = {id: {**discharge, "type": types[id]} for id, discharge in named.items()}
    return {**document, **kept, **({DISCHARGES: told} if told else {})}


def without(document: Record) -> Record:
    """Ritten's own document."""
    return {name: value for name, value in document.items() if name not in OURS}
