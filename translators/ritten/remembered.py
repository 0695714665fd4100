"""What the gateway remembers of a patient beside Ritten's own document, from one reading to the next.

It stands in the link's record under names that Ritten does not use: the social security number, which Ritten takes and
never shows, the names of earlier discharges, of which it shows the latest, and where the patient's programs are, which
their list tells until they are archived.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.translation.rows import Record
from translators.ritten.stays import DISCHARGES, FACILITIES, discharges, program_of

OURS = frozenset({"ssn", DISCHARGES, FACILITIES})


def remembered(document: Record, before: Record | None, facilities: Mapping[str, str] | None = None) -> Record:
    """Ritten's document with what is known of the patient from before, and of programs now."""
    kept = {name: value for name, value in (before or {}).items() if name in OURS}
    types = {stay["id"]: stay.get("dischargeTypeId") for stay in document.get("programs") or () if stay.get("id")}
    named = discharges({**document, DISCHARGES: kept.pop(DISCHARGES, None)})
    told = {id: {**discharge, "type": types[id]} for id, discharge in named.items()}
    programs = {program_of(stay) for stay in document.get("programs") or ()}
    places = {**(kept.pop(FACILITIES, None) or {}), **(facilities or {})}
    here = {program: place for program, place in places.items() if program in programs}
    return {**document, **kept, **({DISCHARGES: told} if told else {}), **({FACILITIES: here} if here else {})}


def without(document: Record) -> Record:
    """Ritten's own document."""
    return {name: value for name, value in document.items() if name not in OURS}
