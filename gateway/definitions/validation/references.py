"""What a Reference may point to (https://hl7.org/fhir/R4/references.html).

The target type is known where the reference is relative (`Patient/1`), conditional (`Patient?identifier=…`) or says its
`type`. Absolute URLs and URNs are taken as they are: the target may live elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from gateway.definitions.validation.findings import FINE, Check, Findings, Scope, one

RELATIVE = re.compile(
    r"(?P<type>[A-Z][A-Za-z]*)(?:/(?P<id>[A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?(?:#\S+)?|\?\S+)",
    re.ASCII,
)
ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:\S+", re.ASCII)
STRUCTURES = "http://hl7.org/fhir/StructureDefinition/"


def reference_check(check: Check, types: frozenset[str], targets: tuple[str, ...]) -> Check:
    """`check` sees to the shape of the Reference; this adds where it leads."""
    allowed = frozenset(targets) or types
    advice = f"Refer to one of: {', '.join(sorted(targets))}" if targets else "Refer to an R4 resource type"

    def target_check(value: Any, depth: int, scope: Scope) -> Findings:
        found = check(value, depth, scope)
        if found:
            return found
        reference = value.get("reference")
        if reference is None:
            return FINE if stated_type(value) in (None, *allowed) else one(advice, "structure", ".type")
        return resolved(reference, value, scope) or named(reference, value, allowed, advice)

    return target_check


def leads_to(types: frozenset[str], targets: tuple[str, ...]) -> Callable[[dict[str, Any]], bool]:
    """Whether a Reference surely leads where it may; a no means that the check has to look."""
    allowed = frozenset(targets) or types

    @lru_cache(maxsize=1024)
    def fits(reference: str) -> bool:
        relative = RELATIVE.fullmatch(reference)
        return relative["type"] in allowed if relative else ABSOLUTE.fullmatch(reference) is not None

    def leads(value: dict[str, Any]) -> bool:
        if "type" in value:
            return False
        reference = value.get("reference")
        return reference is None or fits(reference)

    return leads


def stated_type(value: dict[str, Any]) -> str | None:
    stated = value.get("type")
    return stated.removeprefix(STRUCTURES) if isinstance(stated, str) else None


def resolved(reference: str, value: dict[str, Any], scope: Scope) -> Findings:
    """ref-1: a local reference needs its contained resource."""
    if not reference.startswith("#"):
        return FINE
    if reference == "#" or reference[1:] in scope.contained_ids:
        return FINE
    return one("Refer to a resource under contained, or add it there", "invariant", ".reference")


def named(reference: str, value: dict[str, Any], allowed: frozenset[str], advice: str) -> Findings:
    stated = stated_type(value)
    relative = RELATIVE.fullmatch(reference)
    if relative is None:
        if not reference.startswith("#") and not ABSOLUTE.fullmatch(reference):
            return one("Send Type/id, an absolute URL, a urn: or #id", "value", ".reference")
        return FINE if stated is None or stated in allowed else one(advice, "structure", ".type")
    if relative["type"] not in allowed:
        return one(advice, "structure", ".reference")
    if stated is not None and stated != relative["type"]:
        return one("Make type and reference name the same resource type", "structure", ".type")
    return FINE
