"""When care was given: the search parameters that say so, for `start` and `end` of $everything.

A resource lies outside a range of care dates when everything that says when its care began lies after the range, or
everything that says when it ended lies before. What goes on until it is said to be over, as a problem or an allergy,
has no parameter for its end here, or one that is empty while it lasts. Types that are not listed, and resources
without a date, belong to no date and are never outside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CareDates:
    """Search parameters of kind date, of one type."""

    begins: tuple[str, ...]
    ends: tuple[str, ...]


def same(*params: str) -> CareDates:
    """One moment or period is beginning and end."""
    return CareDates(params, params)


CARE_DATES: Mapping[str, CareDates] = {
    "AllergyIntolerance": CareDates(("onset", "date"), ()),
    "Appointment": same("date"),
    "CarePlan": same("date"),
    "CareTeam": same("date"),
    "Claim": same("created"),
    "ClaimResponse": same("created"),
    "Communication": same("sent", "received"),
    "Condition": CareDates(("onset-date", "recorded-date"), ("abatement-date",)),
    "Consent": same("date"),
    "DiagnosticReport": same("date"),
    "DocumentReference": same("period", "date"),
    "Encounter": same("date"),
    "EpisodeOfCare": same("date"),
    "ExplanationOfBenefit": same("created"),
    "FamilyMemberHistory": same("date"),
    "Flag": same("date"),
    "Goal": CareDates(("start-date",), ("target-date",)),
    "ImagingStudy": same("started"),
    "Immunization": same("date"),
    "List": same("date"),
    "Media": same("created"),
    "MedicationAdministration": same("effective-time"),
    "MedicationDispense": same("whenhandedover", "whenprepared"),
    "MedicationRequest": same("authoredon", "date"),
    "MedicationStatement": same("effective"),
    "NutritionOrder": same("datetime"),
    "Observation": same("date"),
    "Procedure": same("date"),
    "QuestionnaireResponse": same("authored"),
    "Schedule": same("date"),
    "ServiceRequest": same("occurrence", "authored"),
    "Specimen": same("collected"),
}
