"""More rules of the specification: of plans, lists, questionnaires and terminology; and the table of all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.definitions.dates import date_range
from gateway.definitions.validation.invariants import INVARIANTS as CENTRAL
from gateway.definitions.validation.invariants import Invariant, Object, has, has_choice

UCUM = "http://unitsofmeasure.org"
LISTED_ANSWERS = frozenset(
    ("choice", "open-choice", "decimal", "integer", "date", "dateTime", "time", "string", "quantity")
)
WRITTEN_ANSWERS = frozenset(("boolean", "decimal", "integer", "string", "text", "url", "open-choice"))


def in_order(earlier: str, later: str) -> Any:
    """Whether the one may be at or before the other; partial dates cover all of their time."""

    def holds(value: Object) -> bool:
        first, second = date_range(value.get(earlier) or ""), date_range(value.get(later) or "")
        return first is None or second is None or first[0] < second[1]

    return holds


def in_ucum(value: Object) -> bool:
    """A unit of a length or a time: coded, in UCUM where a system is named."""
    return (has(value, "code") or not has(value, "value")) and value.get("system", UCUM) == UCUM


def no_entry(name: str, mode: str) -> Any:
    """Of a List: what its entries may have in one mode only."""
    return lambda value: value.get("mode") == mode or not any(name in entry for entry in value.get("entry", ()))


def link_ids(value: Object) -> Iterator[str]:
    for item in value.get("item", ()):
        if "linkId" in item:
            yield item["linkId"]
        yield from link_ids(item)


def codes(value: Object) -> Iterator[str]:
    for concept in value.get("concept", ()):
        if "code" in concept:
            yield concept["code"]
        yield from codes(concept)


def differ(names: Any) -> Any:
    def holds(value: Object) -> bool:
        found = list(names(value))
        return len(found) == len(set(found))

    return holds


def nests_as_its_type(item: Object) -> bool:
    return has(item, "item") if item.get("type") == "group" else item.get("type") != "display" or not has(item, "item")


def none_for(*types: str, names: tuple[str, ...]) -> Any:
    return lambda item: item.get("type") not in types or not has(item, *names)


def only_for(types: frozenset[str], *names: str) -> Any:
    return lambda item: item.get("type") in types or not has(item, *names)


ITEM = (
    Invariant("que-1", nests_as_its_type, "Nest items within a group, and none within a display", "item"),
    Invariant("que-3", none_for("display", names=("code",)), "Remove the code of a display", "code"),
    Invariant(
        "que-4",
        lambda v: not (has(v, "answerOption") and has(v, "answerValueSet")),
        "List answers or name a value set, not both",
        "answerValueSet",
    ),
    Invariant("que-5", only_for(LISTED_ANSWERS, "answerOption", "answerValueSet"), "Remove the answers of this type"),
    Invariant("que-6", none_for("display", names=("required", "repeats")), "Remove required and repeats of a display"),
    Invariant(
        "que-8", none_for("group", "display", names=("initial",)), "Remove initial of a group or display", "initial"
    ),
    Invariant("que-9", none_for("display", names=("readOnly",)), "Remove readOnly of a display", "readOnly"),
    Invariant(
        "que-10", only_for(WRITTEN_ANSWERS, "maxLength"), "Remove maxLength: the type is not written", "maxLength"
    ),
    Invariant(
        "que-11",
        lambda v: not (has(v, "answerOption") and has(v, "initial")),
        "Mark the answerOption as initialSelected instead of an initial value",
        "initial",
    ),
    Invariant(
        "que-12",
        lambda v: len(v.get("enableWhen", ())) < 3 or has(v, "enableBehavior"),
        "Say whether all or any of the conditions enable the item",
        "enableBehavior",
    ),
    Invariant(
        "que-13",
        lambda v: v.get("repeats") is True or len(v.get("initial", ())) < 2,
        "Give one initial value where the item does not repeat",
        "initial",
    ),
)
CONTAINS = (
    Invariant("vsd-6", lambda v: has(v, "code", "display"), "Give a code or a display"),
    Invariant("vsd-9", lambda v: has(v, "code") or v.get("abstract") is True, "Give a code, or say abstract"),
    Invariant("vsd-10", lambda v: not has(v, "code") or has(v, "system"), "Add the system of the code", "system"),
)
INCLUDE = (
    Invariant("vsd-1", lambda v: has(v, "valueSet", "system"), "Name a value set or a system"),
    Invariant(
        "vsd-2", lambda v: has(v, "system") or not has(v, "concept", "filter"), "Name the system of the codes", "system"
    ),
    Invariant(
        "vsd-3", lambda v: not (has(v, "concept") and has(v, "filter")), "List concepts or filter them, not both"
    ),
)
FURTHER: Mapping[str, tuple[Invariant, ...]] = {
    "Age": (Invariant("age-1", lambda v: in_ucum(v) and v.get("value", 1) > 0, "Give a positive time, coded in UCUM"),),
    "Distance": (Invariant("dis-1", in_ucum, "Give a length, coded in UCUM"),),
    "Duration": (
        Invariant(
            "drt-1",
            lambda v: not has(v, "code") or (v.get("system") == UCUM and has(v, "value")),
            "Give a time, coded in UCUM",
        ),
    ),
    "Expression": (
        Invariant("exp-1", lambda v: has(v, "expression", "reference"), "Give the expression or a reference to it"),
    ),
    "Appointment": (
        Invariant(
            "app-4",
            lambda v: not has(v, "cancelationReason") or v.get("status") in ("cancelled", "noshow"),
            "Give a reason only for an appointment that was cancelled or missed",
            "cancelationReason",
        ),
    ),
    "AuditEvent.entity": (
        Invariant("sev-1", lambda v: not (has(v, "name") and has(v, "query")), "Give a name or a query, not both"),
    ),
    "CodeSystem": (Invariant("csd-1", differ(codes), "Give each concept a code of its own", "concept"),),
    "ConceptMap.group.element.target": (
        Invariant(
            "cmd-1",
            lambda v: has(v, "comment") or v.get("equivalence") not in ("narrower", "inexact"),
            "Comment on a map that is narrower or inexact",
            "comment",
        ),
    ),
    "ConceptMap.group.unmapped": (
        Invariant("cmd-2", lambda v: v.get("mode") != "fixed" or has(v, "code"), "Add the fixed code", "code"),
        Invariant("cmd-3", lambda v: v.get("mode") != "other-map" or has(v, "url"), "Add the url of the map", "url"),
    ),
    "Consent": (Invariant("ppc-1", lambda v: has(v, "policy", "policyRule"), "Give a policy or a policyRule"),),
    "FamilyMemberHistory": (
        Invariant(
            "fhs-2",
            lambda v: not has(v, "estimatedAge") or has_choice(v, "age"),
            "Give the age that is estimated",
            "estimatedAge",
        ),
    ),
    "Goal.target": (
        Invariant("gol-1", lambda v: not has_choice(v, "detail") or has(v, "measure"), "Add the measure", "measure"),
    ),
    "InsurancePlan": (
        Invariant("ipn-1", lambda v: has(v, "identifier", "name"), "Give the plan a name or identifier"),
    ),
    "List": (
        Invariant(
            "lst-1",
            lambda v: not (has(v, "emptyReason") and has(v, "entry")),
            "Give a reason for an empty list only",
            "emptyReason",
        ),
        Invariant("lst-2", no_entry("deleted", "changes"), "Use deleted where the mode is changes", "entry"),
        Invariant("lst-3", no_entry("date", "working"), "Use dates where the mode is working", "entry"),
    ),
    "MedicationAdministration.dosage": (
        Invariant("mad-1", lambda v: has(v, "dose") or has_choice(v, "rate"), "Give a dose or a rate"),
    ),
    "MedicationDispense": (
        Invariant(
            "mdd-1",
            in_order("whenPrepared", "whenHandedOver"),
            "Let it be prepared before it is handed over",
            "whenHandedOver",
        ),
    ),
    "NamingSystem": (
        Invariant(
            "nsd-1",
            lambda v: v.get("kind") != "root" or all(each.get("type") != "uuid" for each in v.get("uniqueId", ())),
            "Give a root no uuid",
            "uniqueId",
        ),
        Invariant(
            "nsd-2",
            differ(lambda v: (each.get("type") for each in v.get("uniqueId", ()) if each.get("preferred") is True)),
            "Prefer one identifier of each type",
            "uniqueId",
        ),
    ),
    "Questionnaire": (Invariant("que-2", differ(link_ids), "Give each item a linkId of its own", "item"),),
    "Questionnaire.item": ITEM,
    "Questionnaire.item.enableWhen": (
        Invariant(
            "que-7",
            lambda v: v.get("operator") != "exists" or has(v, "answerBoolean"),
            "Answer `exists` with a boolean",
            "answer",
        ),
    ),
    "SearchParameter": (
        Invariant("spd-1", lambda v: not has(v, "xpath") or has(v, "xpathUsage"), "Add the xpathUsage", "xpathUsage"),
        Invariant(
            "spd-2", lambda v: not has(v, "chain") or v.get("type") == "reference", "Chain references only", "chain"
        ),
    ),
    "Task": (Invariant("inv-1", in_order("authoredOn", "lastModified"), "Let it be authored before it is modified"),),
    "ValueSet.compose.include": INCLUDE,
    "ValueSet.expansion.contains": CONTAINS,
}
INVARIANTS: Mapping[str, tuple[Invariant, ...]] = {
    type: (*CENTRAL.get(type, ()), *FURTHER.get(type, ())) for type in {**CENTRAL, **FURTHER}
}
"""All of them."""
