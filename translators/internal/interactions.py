"""Which allergy and which medication of a patient do not go together, by what the records themselves say.

This is a net with wide meshes, not a drug database: it finds the same substance by code, by catalogue entry or by
name, and four families of medicines that the stems of international nonproprietary names tell (WHO, "The use of stems
in the selection of INN").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.translation.rows import Resource
from translators.internal.vocabulary import DATA_ABSENT_REASON
from translators.internal.wording import words

SAME, FAMILY = "same_substance", "same_family"
_WORD = re.compile(r"[a-zäöüß]{4,}")
_COMMON = frozenset(
    _WORD.findall(
        "acid allergic allergy calcium capsule capsules chloride cream daily delayed dose drops drug extended extract"
        " food from gauze hydrochloride inhaler injection intolerance liquid magnesium medication nasal ointment oral"
        " other over counter patch potassium powder product products reaction release sodium soft solution spray"
        " strength sulfate sulphate suspension syrup tablet tablets topical unspecified weekly with without phosphate"
        " unknown hour once twice extra adult children ultra"
    )
)
"""Words that say nothing about the substance."""
_FAMILIES: Mapping[str, re.Pattern[str]] = {
    "penicillins": re.compile(r"\w*cillins?"),
    "cephalosporins": re.compile(r"(cef|ceph)\w+"),
    "sulfonamides": re.compile(r"(sulfa|sulpha|sulfon|sulphon)\w*"),
    "anti-inflammatory medicines": re.compile(
        r"\w+profen|\w+oxicam|\w+coxib|aspirin|naproxen|ketorolac|nsaids?|\w*fenac"
    ),
}


@dataclass(frozen=True, slots=True)
class Substances:
    """What one record is about: as codes, as catalogue entries, and in words."""

    id: str
    name: str
    codes: frozenset[tuple[str, str]]
    entries: frozenset[str]

    @property
    def entity(self) -> dict[str, str]:
        return {"id": self.id, "name": self.name}

    @property
    def words(self) -> frozenset[str]:
        return frozenset(_WORD.findall(self.name.lower())) - _COMMON


def _codes(concepts: Iterable[Resource]) -> Iterator[tuple[str, str]]:
    for concept in concepts:
        for coding in concept.get("coding", ()):
            if coding.get("code") and coding.get("system") not in (None, DATA_ABSENT_REASON):
                yield coding["system"], coding["code"]


def substances(
    id: str, concepts: Iterable[Resource], entries: Iterable[Resource], references: Iterable[str]
) -> Substances:
    """Of a record: its own concepts, and the catalogue entries (Substance, Medication) that it refers to."""
    entries = tuple(entries)
    parts = [part for entry in entries for part in entry.get("ingredient", ())]
    concepts = (*concepts, *(entry.get("code", {}) for entry in entries), *(_concept(part) for part in parts))
    within = {part[key]["reference"] for part in parts for key in _REFERENCES if part.get(key, {}).get("reference")}
    named = dict.fromkeys(said for concept in concepts if (said := words(concept)))
    return Substances(id, ", ".join(named), frozenset(_codes(concepts)), frozenset({*references, *within}))


_REFERENCES = ("itemReference", "substanceReference")


def _concept(ingredient: Resource) -> Resource:
    concept: Resource = ingredient.get("itemCodeableConcept") or ingredient.get("substanceCodeableConcept") or {}
    return concept


def families(record: Substances) -> frozenset[str]:
    return frozenset(name for name, stem in _FAMILIES.items() if any(stem.fullmatch(word) for word in record.words))


def warning(allergy: Substances, medication: Substances) -> dict[str, Any] | None:
    """What the two have in common; None where nothing is known."""
    if allergy.codes & medication.codes or allergy.entries & medication.entries or allergy.words & medication.words:
        found, severity, why = SAME, "critical", "the same substance"
    elif shared := families(allergy) & families(medication):
        found, severity, why = FAMILY, "warning", f"both are {', '.join(sorted(shared))}"
    else:
        return None
    return {
        "type": found,
        "severity": severity,
        "message": f"The patient is recorded as allergic to {allergy.name} and takes {medication.name}: {why}.",
        "allergy": allergy.entity,
        "medication": medication.entity,
    }
