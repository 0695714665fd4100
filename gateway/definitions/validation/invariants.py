"""Rules of the specification that the tables cannot say, under the keys that the specification gives them.

They run only on objects whose own shape has been found right, and read nothing deeper than they have to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.definitions.dates import EARLIEST, LATEST, date_range
from gateway.definitions.validation.findings import Finding

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
    places: Callable[[Object], Iterable[str]] | None = None
    """The elements that break the rule, where they are among many: a finding for each."""

    @property
    def advice(self) -> str:
        return f"{self.rule} ({self.key})"


def has(value: Object, *names: str) -> bool:
    for name in names:  # noqa: SIM110 - a generator costs twice as much
        if name in value or f"_{name}" in value:
            return True
    return False


def has_choice(value: Object, name: str) -> bool:
    """Whether any `name[x]` is there."""
    either = (name, f"_{name}")
    for key in value:  # noqa: SIM110 - a generator costs twice as much
        if key.startswith(either):
            return True
    return False


def concept_has(value: Object, name: str, system: str, *codes: str) -> bool:
    """Whether the concept has one of the codes of that system."""
    codings = (value.get(name) or {}).get("coding", ())
    return any(coding.get("system") == system and coding.get("code") in codes for coding in codings)


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


def at_least_zero(name: str) -> Callable[[Object], bool]:
    return lambda value: value.get(name) is None or value[name] >= 0


def offset_has_event(value: Object) -> bool:
    """Meals themselves have no before and after."""
    return not has(value, "offset") or (has(value, "when") and MEALS.isdisjoint(value.get("when", ())))


def components_differ(value: Object) -> bool:
    """Where there is a value, no component has the observation's own code."""
    if "component" not in value or not has_choice(value, "value"):
        return True
    own = codings(value.get("code"))
    return all(own.isdisjoint(codings(component.get("code"))) for component in value["component"])


def codings(concept: Object | None) -> set[tuple[object, object]]:
    return {(coding.get("system"), coding.get("code")) for coding in (concept or {}).get("coding", ())}


def entries_without(name: str, *types: str) -> Callable[[Object], Iterator[str]]:
    """Entries that lack the part that goes with these types of Bundle, or have it in a Bundle of another type."""

    def places(bundle: Object) -> Iterator[str]:
        wanted = bundle.get("type") in types
        for number, entry in enumerate(bundle.get("entry", ())):
            if (name in entry) != wanted:
                yield f"entry[{number}].{name}"

    return places


def searched_entries(bundle: Object) -> Iterator[str]:
    if bundle.get("type") != "searchset":
        yield from (f"entry[{n}].search" for n, entry in enumerate(bundle.get("entry", ())) if "search" in entry)


def full_urls_again(bundle: Object) -> Iterator[str]:
    """Each fullUrl that an entry before has, in the same version of the resource."""
    seen: set[tuple[Any, Any]] = set()
    for number, entry in enumerate(() if bundle.get("type") == "history" else bundle.get("entry", ())):
        if "fullUrl" in entry:
            name = entry["fullUrl"], entry.get("resource", {}).get("meta", {}).get("versionId")
            if name in seen:
                yield f"entry[{number}].fullUrl"
            seen.add(name)


def none_of(places: Callable[[Object], Iterator[str]]) -> Callable[[Object], bool]:
    return lambda value: next(places(value), None) is None


def of_entries(key: str, places: Callable[[Object], Iterator[str]], rule: str) -> Invariant:
    return Invariant(key, none_of(places), rule, places=places)


def starts_with(type: str, resource: str) -> Callable[[Object], bool]:
    def holds(bundle: Object) -> bool:
        first = (bundle.get("entry") or [{}])[0]
        return bundle.get("type") != type or first.get("resource", {}).get("resourceType") == resource

    return holds


def document_is_identified(bundle: Object) -> bool:
    return bundle.get("type") != "document" or {"system", "value"} <= bundle.get("identifier", {}).keys()


MEALS = frozenset(("C", "CM", "CD", "CV"))
CLINICAL_STATUS = "http://terminology.hl7.org/CodeSystem/condition-clinical"
VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
ALLERGY_VERIFICATION = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"
CONDITION_CATEGORY = "http://terminology.hl7.org/CodeSystem/condition-category"
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
        Invariant("tim-4", at_least_zero("duration"), "Give a duration of at least 0", "duration"),
        Invariant("tim-5", at_least_zero("period"), "Give a period of at least 0", "period"),
        Invariant("tim-6", lambda v: not has(v, "periodMax") or has(v, "period"), "Add the period below periodMax"),
        Invariant("tim-7", lambda v: not has(v, "durationMax") or has(v, "duration"), "Add the duration"),
        Invariant("tim-8", lambda v: not has(v, "countMax") or has(v, "count"), "Add the count below countMax"),
        Invariant(
            "tim-9", offset_has_event, "Give the event that the offset is from, and none that is a meal", "offset"
        ),
        Invariant(
            "tim-10", lambda v: not (has(v, "timeOfDay") and has(v, "when")), "Give timeOfDay or when, not both", "when"
        ),
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
        Invariant(
            "obs-7",
            components_differ,
            "Give components other codes than that of the observation, whose value stands beside them",
            "component",
        ),
    ),
    "Observation.referenceRange": (
        Invariant("obs-3", lambda v: has(v, "low", "high", "text"), "Give the range a low, a high or a text"),
    ),
    "Condition": (
        Invariant(
            "con-4",
            lambda v: not has_choice(v, "abatement") or concept_has(v, "clinicalStatus", CLINICAL_STATUS, *OVER),
            "Say inactive, resolved or remission where there is an abatement",
            "clinicalStatus",
        ),
        Invariant(
            "con-5",
            lambda v: (
                not (
                    concept_has(v, "verificationStatus", VERIFICATION, "entered-in-error") and has(v, "clinicalStatus")
                )
            ),
            "Remove clinicalStatus where the condition was entered in error",
            "clinicalStatus",
        ),
    ),
    "AllergyIntolerance": (
        Invariant(
            "ait-1",
            lambda v: (
                concept_has(v, "verificationStatus", ALLERGY_VERIFICATION, "entered-in-error")
                or has(v, "clinicalStatus")
            ),
            "Add the clinicalStatus",
            "clinicalStatus",
        ),
        Invariant(
            "ait-2",
            lambda v: (
                not (
                    concept_has(v, "verificationStatus", ALLERGY_VERIFICATION, "entered-in-error")
                    and has(v, "clinicalStatus")
                )
            ),
            "Remove clinicalStatus where the allergy was entered in error",
            "clinicalStatus",
        ),
    ),
    "Condition.stage": (
        Invariant("con-1", lambda v: has(v, "summary", "assessment"), "Give the stage a summary or an assessment"),
    ),
    "Condition.evidence": (
        Invariant("con-2", lambda v: has(v, "code", "detail"), "Give the evidence a code or a detail"),
    ),
    "Bundle": (
        Invariant(
            "bdl-1",
            lambda v: not has(v, "total") or v.get("type") in ("searchset", "history"),
            "Give a total for searches and histories only",
            "total",
        ),
        of_entries("bdl-2", searched_entries, "Give search details in a searchset only"),
        of_entries(
            "bdl-3",
            entries_without("request", "batch", "transaction", "history"),
            "Give each entry of a batch, transaction or history a request, and no other entry",
        ),
        of_entries(
            "bdl-4",
            entries_without("response", "batch-response", "transaction-response", "history"),
            "Give each entry of a response or history a response, and no other entry",
        ),
        of_entries("bdl-7", full_urls_again, "Give each entry a fullUrl of its own, or other versions of it"),
        Invariant("bdl-9", document_is_identified, "Give a document an identifier with system and value", "identifier"),
        Invariant(
            "bdl-10",
            lambda v: v.get("type") != "document" or has(v, "timestamp"),
            "Give a document its timestamp",
            "timestamp",
        ),
        Invariant(
            "bdl-11", starts_with("document", "Composition"), "Let a document start with its Composition", "entry"
        ),
        Invariant(
            "bdl-12", starts_with("message", "MessageHeader"), "Let a message start with its MessageHeader", "entry"
        ),
    ),
    "Bundle.entry": (
        Invariant(
            "bdl-5", lambda v: has(v, "resource", "request", "response"), "Give the entry a resource or a request"
        ),
        Invariant(
            "bdl-8", lambda v: "/_history/" not in v.get("fullUrl", ""), "Give a fullUrl without a version", "fullUrl"
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

ADVICE: Mapping[str, tuple[Invariant, ...]] = {
    "Condition": (
        Invariant(
            "con-3",
            lambda v: (
                has(v, "clinicalStatus")
                or concept_has(v, "verificationStatus", VERIFICATION, "entered-in-error")
                or not any(
                    coding == (CONDITION_CATEGORY, "problem-list-item")
                    for category in v.get("category", ())
                    for coding in codings(category)
                )
            ),
            "Add the clinicalStatus of a problem on the list",
            "clinicalStatus",
        ),
    ),
}
"""Those that R4 publishes as warnings."""

NARRATIVE = Invariant(
    "dom-6", lambda v: has(v, "text"), "Add a narrative, so that people can read the resource", "text"
)
"""Best practice for each type that has a narrative."""
WITHOUT_NARRATIVE = frozenset(("Bundle", "Binary", "Parameters"))


def advice_on(resource: Object) -> Iterator[Finding]:
    """What R4 advises, as warnings."""
    type = resource["resourceType"]
    general = () if type in WITHOUT_NARRATIVE else (NARRATIVE,)
    for invariant in (*ADVICE.get(type, ()), *general):
        if not invariant.holds(resource):
            yield Finding(invariant.advice, "invariant", [f".{invariant.at}"], "warning")
