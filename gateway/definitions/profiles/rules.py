"""The invariants of the profiles at hand, by the keys that their definitions give them (US Core 6.1.0, R4 vital signs).

They run on values whose type has found them right.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.definitions.validation.invariants import concept_has, has, has_choice
from gateway.faults import Severity

ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
UCUM = "http://unitsofmeasure.org"
SNOMED = "http://snomed.info/sct"
NDC = "http://hl7.org/fhir/sid/ndc"
IDENTIFIER_TYPE = "http://terminology.hl7.org/CodeSystem/v2-0203"
REPORTED = frozenset(("partial", "preliminary", "final", "amended", "corrected", "appended"))
ORDERS = frozenset(("order", "original-order", "reflex-order", "filler-order", "instance-order"))
Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """One invariant of a profile."""

    key: str
    holds: Callable[[Any], bool]
    what: str
    at: str = ""
    severity: Severity = "error"

    @property
    def advice(self) -> str:
        return f"{self.what}; {self.key}"


def to_the_day(value: Any) -> bool:
    """The rule is on dateTimes only, which of the choice are the values that are text."""
    return not isinstance(value, str) or len(value) >= len("YYYY-MM-DD")


def named_or_said_absent(name: Object) -> bool:
    absent = any(extension.get("url") == ABSENT for extension in name.get("extension", ()))
    return has(name, "family", "given") != absent


def has_result(value: Object) -> bool:
    return has(value, "component", "hasMember", "dataAbsentReason") or has_choice(value, "value")


def value_of(value: Any, name: str, system: str) -> bool:
    """Whether the value of that name is coded in that system.

    Where US Core puts the rule on value[x] itself, its expression finds no value within and holds of everything.
    """
    found = (value.get(name) if isinstance(value, dict) else None) or {}
    systems = [coding.get("system") for coding in found.get("coding", (found,))]
    return system in systems or not any(systems)


def matches(pattern: str) -> Callable[[Object], bool]:
    match = re.compile(pattern, re.ASCII).fullmatch
    return lambda value: not isinstance(value.get("value"), str) or match(value["value"]) is not None


def passes_luhn(identifier: Object) -> bool:
    """A National Provider Identifier ends in a check digit over itself with the prefix 80840."""
    value = identifier.get("value")
    if not isinstance(value, str) or not re.fullmatch("[0-9]{10}", value, re.ASCII):
        return True
    digits = [int(digit) for digit in value]
    doubled = sum(digit * 2 - (9 if digit > 4 else 0) for digit in digits[0:9:2])
    return (doubled + sum(digits[1:9:2]) + digits[9] + 24) % 10 == 0


def reported_with(name: str) -> Callable[[Object], bool]:
    return lambda value: value.get("status") not in REPORTED or has_choice(value, name)


def who_acts_for(agent: Object) -> bool:
    """The type of a reference is known where it is relative or stated."""
    who = agent.get("who", {})
    reference, stated = who.get("reference", ""), who.get("type")
    acts_alone = stated in ("Practitioner", "Device") or reference.startswith(("Practitioner/", "Device/"))
    return not acts_alone or has(agent, "onBehalfOf")


def is_member_id(identifier: Object) -> bool:
    return concept_has(identifier, "type", IDENTIFIER_TYPE, "MB")


def answered_once(value: Object) -> bool:
    """No two items with answers share a linkId among their siblings."""
    return all(len(ids) == len(set(ids)) for ids in answered(value))


def answered(value: Object) -> Iterator[list[str]]:
    items = [item for item in value.get("item", ()) if isinstance(item, dict)]
    yield [item["linkId"] for item in items if has(item, "answer") and "linkId" in item]
    for item in items:
        yield from answered(item)
        for answer in item.get("answer", ()):
            yield from answered(answer)


ALL = (
    Rule("us-core-1", to_the_day, "Give the time to the day at least"),
    Rule("us-core-2", has_result, "Add a value or a dataAbsentReason", "value"),
    Rule("us-core-3", lambda v: value_of(v, "valueQuantity", UCUM), "Use UCUM for the unit", "value"),
    Rule("us-core-4", lambda v: value_of(v, "valueCodeableConcept", SNOMED), "Use SNOMED CT", "value", "warning"),
    Rule(
        "us-core-5",
        lambda v: all(coding.get("system") != NDC for coding in v.get("vaccineCode", {}).get("coding", ())),
        "Use CVX, NDC only beside it",
        "vaccineCode",
        "warning",
    ),
    Rule(
        "us-core-7",
        lambda v: v.get("status") not in ("completed", "in-progress") or has_choice(v, "performed"),
        "Say when it was performed",
        "performed",
    ),
    Rule("us-core-8", reported_with("effective"), "Add the effective time", "effective"),
    Rule("us-core-9", reported_with("issued"), "Add the time of issue", "issued"),
    Rule("us-core-10", reported_with("effective"), "Add the effective time", "effective"),
    Rule(
        "us-core-13",
        lambda v: has(v, "practitioner", "organization", "healthcareService", "location"),
        "Add a practitioner, organization, healthcareService or location",
    ),
    Rule("us-core-14", lambda v: has(v, "name", "relationship"), "Add a name or a relationship"),
    Rule(
        "us-core-15",
        lambda v: has(v, "subscriberId") or any(is_member_id(i) for i in v.get("identifier", ())),
        "Add the member's identifier or subscriberId",
    ),
    Rule("us-core-16", matches("[0-9]{10}"), "A National Provider Identifier has ten digits", "value"),
    Rule("us-core-17", passes_luhn, "Correct the National Provider Identifier: its check digit is wrong", "value"),
    Rule("us-core-18", matches("[0-9]{2}D[0-9]{7}"), "A CLIA number is two digits, D and seven digits", "value"),
    Rule("us-core-19", matches("[0-9]{5}"), "A NAIC company code has five digits", "value"),
    Rule(
        "us-core-20",
        lambda v: v.get("status") != "completed" or has(v, "whenHandedOver"),
        "Say when it was handed over",
        "whenHandedOver",
    ),
    Rule(
        "us-core-21",
        lambda v: v.get("intent") not in ORDERS or has(v, "requester"),
        "Name the requester of the order",
        "requester",
    ),
    Rule("vs-1", to_the_day, "Give the time to the day at least"),
    Rule("vs-2", has_result, "Add a value or a dataAbsentReason", "value"),
    Rule("vs-3", lambda v: has(v, "dataAbsentReason") or has_choice(v, "value"), "Add a value", "value"),
    Rule("pd-1", lambda v: has(v, "telecom", "endpoint"), "Add a telecom or an endpoint"),
    Rule("provenance-1", who_acts_for, "Say on whose behalf the agent acts", "onBehalfOf"),
    Rule("sdcqr-1", lambda v: has(v, "subject"), "Name the subject", "subject", "warning"),
    Rule("sdcqr-2", answered_once, "Give the answers of one question in one item", "item"),
    Rule(
        "us-core-6",
        lambda v: has(v, "url", "data") or named_or_said_absent(v),
        "Give a family or given name, a url or data, or say why there is none",
    ),
)
RULES: Mapping[str, Rule] = {rule.key: rule for rule in ALL}
"""US Core 6.1.0 uses us-core-6 for two rules: one of names, one of attachments."""
