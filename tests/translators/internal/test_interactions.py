"""Which allergy and which medication do not go together, by codes, catalogue entries, words and families."""

from __future__ import annotations

from typing import Any

import pytest

from translators.internal.interactions import Substances, substances, warning
from translators.internal.vocabulary import DATA_ABSENT_REASON
from translators.internal.wording import RXNORM

UNKNOWN = {"coding": [{"system": DATA_ABSENT_REASON, "code": "unknown", "display": "Unknown"}]}


def coded(code: str, display: str = "") -> dict[str, Any]:
    return {"coding": [{"system": RXNORM, "code": code} | ({"display": display} if display else {})]}


def named(words: str) -> Substances:
    return substances("r1", [{"text": words}], (), ())


def ingredients(*members: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Medication", "code": {"text": "Brand X"}, "ingredient": list(members)}


@pytest.mark.parametrize(
    ("allergy", "medication", "kind"),
    [
        ("Penicillin", "Penicillin V 500 mg tablet", "same_substance"),
        ("penicillin allergy", "AMOXICILLIN", "same_family"),
        ("Cefazolin", "cephalexin 250 mg", "same_family"),
        ("sulfa drugs", "Sulfamethoxazole", "same_family"),
        ("Aspirin", "Ibuprofen 200 mg", "same_family"),
        ("Latex", "Lisinopril 10 mg tablet", None),
        ("sulfa drugs", "Magnesium sulfate", None),
        ("Adhesive tablet coating", "Aspirin oral tablet", None),
        ("", "", None),
    ],
)
def test_words(allergy: str, medication: str, kind: str | None) -> None:
    found = warning(named(allergy), named(medication))
    assert (found and found["type"]) == kind


def test_a_shared_code_needs_no_words() -> None:
    found = warning(substances("a1", [coded("7980")], (), ()), substances("m1", [coded("7980", "PCN")], (), ()))
    assert found is not None
    assert (found["severity"], found["allergy"]["id"], found["medication"]) == (
        "critical",
        "a1",
        {"id": "m1", "name": "PCN"},
    )


def test_ingredients_of_the_catalogue_s_medication_count() -> None:
    allergy = substances("a1", [{"text": "the yellow dye"}], (), ("Substance/s1",))
    of_entry = ingredients({"itemReference": {"reference": "Substance/s1"}})
    of_code = ingredients({"itemCodeableConcept": coded("7980", "penicillin G")})
    assert warning(allergy, substances("m1", (), [of_entry], ("Medication/x",))) is not None
    assert warning(named("Penicillin"), substances("m1", (), [of_code], ())) is not None
    assert warning(allergy, substances("m1", (), [of_code], ())) is None


def test_two_unknowns_are_not_the_same() -> None:
    assert warning(substances("a1", [UNKNOWN], (), ()), substances("m1", [UNKNOWN], (), ())) is None
