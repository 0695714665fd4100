"""Rules of the specification that the tables cannot say, under the keys that the specification gives them.

They run only on objects whose own shape has been found right, and read nothing deeper than they have to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.definitions.dates import EARLIEST, LATEST, date_range

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Invariant:
    """A rule on objects of one type."""

    key: str
    holds: Callable[[Object], bool]
    rule: str
    """What the sender has to do."""
    at: str = ""
    """The element that the finding points to; the object itself when empty."""

    @property
    def advice(self) -> str:
        return f"{self.rule} ({self.key})"


def has(value: Object, *names: str) -> bool:
    return any(name in value or f"_{name}" in value for name in names)


def has_choice(value: Object, name: str) -> bool:
    """Whether any `name[x]` is there."""
    return any(key.lstrip("_").startswith(name) for key in value)


def concept_is(value: Object, name: str, *codes: str) -> bool:
    concept = value.get(name)
    return concept is not None and any(coding.get("code") in codes for coding in concept.get("coding", ()))


def starts_before_it_ends(value: Object) -> bool:
    start, end = value.get("start"), value.get("end")
    low = (date_range(start) if start else None) or (EARLIEST, EARLIEST)
    high = (date_range(end) if end else None) or (LATEST, LATEST)
    return low[0] < high[1]


def low_below_high(value: Object) -> bool:
    low, high = value.get("low", {}), value.get("high", {})
    comparable = "value" in low and "value" in high and low.get("code") == high.get("code")
    return not comparable or bool(low["value"] <= high["value"])


def extension_says_one_thing(value: Object) -> bool:
    return ("extension" in value) != has_choice(value, "value")


def quantity_code_has_system(value: Object) -> bool:
    return not has(value, "code") or has(value, "system")


def not_at_home(name: str) -> Callable[[Object], bool]:
    return lambda value: all(item.get("use") != "home" for item in value.get(name, ()))


OVER = ("inactive", "resolved", "remission")
QUANTITY = Invariant("qty-3", quantity_code_has_system, "Add the system of the unit code", "system")

INVARIANTS: Mapping[str, tuple[Invariant, ...]] = {
    "Extension": (Invariant("ext-1", extension_says_one_thing, "Give the extension a value or extensions, not both"),),
    "Quantity": (QUANTITY,),
    "SimpleQuantity": (QUANTITY,),
    "Age": (QUANTITY,),
    "Count": (QUANTITY,),
    "Distance": (QUANTITY,),
    "Duration": (QUANTITY,),
    "Period": (Invariant("per-1", starts_before_it_ends, "Let the period start before it ends"),),
    "Range": (Invariant("rng-2", low_below_high, "Let low be at most high"),),
    "Ratio": (
        Invariant(
            "rat-1",
            lambda v: has(v, "numerator") == has(v, "denominator") and has(v, "numerator", "extension"),
            "Give both numerator and denominator",
        ),
    ),
    "Attachment": (
        Invariant("att-1", lambda v: not has(v, "data") or has(v, "contentType"), "Add the contentType of the data"),
    ),
    "ContactPoint": (
        Invariant("cpt-2", lambda v: not has(v, "value") or has(v, "system"), "Add the system of the value", "system"),
    ),
    "Timing.repeat": (
        Invariant("tim-1", lambda v: not has(v, "duration") or has(v, "durationUnit"), "Add the durationUnit"),
        Invariant("tim-2", lambda v: not has(v, "period") or has(v, "periodUnit"), "Add the periodUnit"),
        Invariant("tim-6", lambda v: not has(v, "periodMax") or has(v, "period"), "Add the period below periodMax"),
        Invariant("tim-7", lambda v: not has(v, "durationMax") or has(v, "duration"), "Add the duration"),
        Invariant("tim-8", lambda v: not has(v, "countMax") or has(v, "count"), "Add the count below countMax"),
    ),
    "Patient.contact": (
        Invariant(
            "pat-1",
            lambda v: has(v, "name", "telecom", "address", "organization"),
            "Give the contact a name, telecom, address or organization",
        ),
    ),
    "Organization": (
        Invariant("org-1", lambda v: has(v, "identifier", "name"), "Give the organization a name or an identifier"),
        Invariant("org-2", not_at_home("address"), "Use no home address for an organization", "address"),
        Invariant("org-3", not_at_home("telecom"), "Use no home telecom for an organization", "telecom"),
    ),
    "Observation": (
        Invariant(
            "obs-6",
            lambda v: not (has(v, "dataAbsentReason") and has_choice(v, "value")),
            "Remove dataAbsentReason where there is a value",
            "dataAbsentReason",
        ),
    ),
    "Observation.referenceRange": (
        Invariant("obs-3", lambda v: has(v, "low", "high", "text"), "Give the range a low, a high or a text"),
    ),
    "Condition": (
        Invariant(
            "con-4",
            lambda v: not has_choice(v, "abatement") or concept_is(v, "clinicalStatus", *OVER),
            "Say inactive, resolved or remission where there is an abatement",
            "clinicalStatus",
        ),
        Invariant(
            "con-5",
            lambda v: not (concept_is(v, "verificationStatus", "entered-in-error") and has(v, "clinicalStatus")),
            "Remove clinicalStatus where the condition was entered in error",
            "clinicalStatus",
        ),
    ),
    "AllergyIntolerance": (
        Invariant(
            "ait-1",
            lambda v: concept_is(v, "verificationStatus", "entered-in-error") or has(v, "clinicalStatus"),
            "Add the clinicalStatus",
            "clinicalStatus",
        ),
        Invariant(
            "ait-2",
            lambda v: not (concept_is(v, "verificationStatus", "entered-in-error") and has(v, "clinicalStatus")),
            "Remove clinicalStatus where the allergy was entered in error",
            "clinicalStatus",
        ),
    ),
    "CarePlan.activity": (
        Invariant(
            "cpl-3", lambda v: not (has(v, "detail") and has(v, "reference")), "Give detail or reference, not both"
        ),
    ),
    "ServiceRequest": (
        Invariant(
            "prr-1", lambda v: not has(v, "orderDetail") or has(v, "code"), "Add the code that is ordered", "code"
        ),
    ),
    "Immunization.education": (
        Invariant("imm-1", lambda v: has(v, "documentType", "reference"), "Give a documentType or a reference"),
    ),
    "QuestionnaireResponse.item": (
        Invariant(
            "qrs-1",
            lambda v: not (has(v, "answer") and has(v, "item")),
            "Put nested items under the answer where there is one",
        ),
    ),
    "FamilyMemberHistory": (
        Invariant(
            "fhs-1", lambda v: not (has_choice(v, "age") and has_choice(v, "born")), "Give age or born, not both"
        ),
    ),
    "Group": (
        Invariant(
            "grp-1", lambda v: not has(v, "member") or v.get("actual") is True, "List members of actual groups only"
        ),
    ),
    "Appointment.participant": (
        Invariant("app-1", lambda v: has(v, "type", "actor"), "Give the participant a type or an actor"),
    ),
    "Appointment": (
        Invariant("app-2", lambda v: has(v, "start") == has(v, "end"), "Give both start and end, or neither"),
        Invariant(
            "app-3",
            lambda v: has(v, "start") or v.get("status") in ("proposed", "cancelled", "waitlist"),
            "Give start and end unless the appointment is proposed, cancelled or waiting",
            "start",
        ),
    ),
}
