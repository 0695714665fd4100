"""Interaction warnings of the answer to a create: a new allergy against the medications, a new medication against the
allergies. They are null where the caller may not see the others: nobody has looked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.canonical import extension_url
from gateway.faults import Forbidden
from gateway.translation import path
from gateway.translation.face import Kept, Params, Records, Search
from gateway.translation.rows import Resource
from translators.internal.face.archiving import HIDDEN
from translators.internal.face.wholly import every
from translators.internal.interactions import Substances, substances, warning
from translators.internal.medication import DESCRIPTION

DEFINED = path.parse(f"extension[url={extension_url('allergy-definition')}].valueReference")
_DESCRIBED = path.parse(f"extension[url={DESCRIPTION}].valueCodeableConcept")
_ACTIVE: Params = (HIDDEN, ("clinical-status", "active"), ("verification-status:not", "entered-in-error,refuted"))
_TAKEN: Params = (HIDDEN, ("status", "active,intended,on-hold"))
Told = dict[str, Any]


def warned_of_medications(records: Records, of: Kept, made: Kept, told: Told) -> Told:
    """Of a new allergy."""
    if not told.get("status_is_active"):
        return told | {"interaction_warnings": []}
    others = _others(records, "MedicationStatement", ("subject", of.reference), _TAKEN)
    if others is None:
        return told
    (allergy,), medications = _known(records, (made,)), _known(records, others)
    found = [found for each in medications if (found := warning(allergy, each))]
    return told | {"interaction_warnings": found}


def warned_of_allergies(records: Records, of: Kept, made: Kept, told: Told) -> Told:
    """Of a new medication."""
    others = _others(records, "AllergyIntolerance", ("patient", of.reference), _ACTIVE)
    if others is None:
        return told
    (medication,), allergies = _known(records, (made,)), _known(records, others)
    found = [found for each in allergies if (found := warning(each, medication))]
    return told | {"interaction_warnings": found}


def _others(records: Records, type: str, subject: tuple[str, str], params: Params) -> tuple[Kept, ...] | None:
    try:
        return tuple(every(records, Search(type, (*params, subject))))
    except Forbidden:
        return None


def _known(records: Records, kept: tuple[Kept, ...]) -> list[Substances]:
    """Of each record what it says itself, and what its entry of the catalogue says."""
    entries = records.several(reference for each in kept for reference in _references(each.resource))
    return [
        substances(
            each.id,
            [concept for concept in _concepts(each.resource) if concept],
            [entries[reference].resource for reference in _references(each.resource) if reference in entries],
            _references(each.resource),
        )
        for each in kept
    ]


def _concepts(resource: Resource) -> Iterator[Any]:
    yield resource.get("code")
    yield resource.get("medicationCodeableConcept")
    yield path.get(resource, _DESCRIBED)
    yield from (each.get("code") for each in resource.get("contained", ()))


def _references(resource: Resource) -> tuple[str, ...]:
    named = (resource.get("medicationReference"), path.get(resource, DEFINED))
    return tuple(each["reference"] for each in named if each and each.get("reference"))
