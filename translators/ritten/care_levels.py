"""Ritten's 35 levels of care as codes of a code system of ours; what a clinic calls otherwise stays text."""

from __future__ import annotations

from typing import Any

from gateway.canonical import CANONICAL
from gateway.translation.codec import Unreadable
from gateway.translation.rows import Bindings, Record, Resource
from translators.ritten.vocabulary import LEVELS_OF_CARE, one_way

LEVEL_OF_CARE = f"{CANONICAL}CodeSystem/ritten-level-of-care"


def _level(level: Any) -> dict[str, Any]:
    if not isinstance(level, str) or not level.strip():
        raise Unreadable("expected the name of a level of care")
    if level not in LEVELS_OF_CARE:
        return {"text": level}
    return {"coding": [{"system": LEVEL_OF_CARE, "code": level, "display": level}], "text": level}


LEVEL = one_way(_level, "code", tuple(LEVELS_OF_CARE))


def read_levels(record: Record, resource: Resource, bindings: Bindings) -> None:
    """Of a program, which may offer several."""
    levels = record.get("levelOfCare") or []
    if not isinstance(levels, list):
        raise Unreadable("expected a list of levels of care")
    if levels:
        resource["type"] = [LEVEL.decode(level) for level in levels]
