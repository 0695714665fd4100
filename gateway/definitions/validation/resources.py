"""Resources within resources (https://hl7.org/fhir/R4/references.html#contained), each checked as what it claims."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from gateway.definitions.validation.findings import FINE, Check, Finding, Findings, Scope, one

NOT_INSIDE = ("versionId", "lastUpdated", "security")


def type_of(value: Any, types: frozenset[str]) -> str | None:
    """The resource type, when it is one of R4."""
    name = value.get("resourceType") if isinstance(value, dict) else None
    return name if isinstance(name, str) and name in types else None


def ids_within(resource: dict[str, Any]) -> list[str]:
    contained = resource.get("contained")
    inner = [value.get("id") for value in contained if isinstance(value, dict)] if isinstance(contained, list) else []
    return [id for id in inner if isinstance(id, str)]


def resource_check(checks: Mapping[str, Check], types: frozenset[str]) -> Check:
    """A whole resource: the root, Bundle.entry.resource, Parameters.parameter.resource."""

    def check(value: Any, depth: int, scope: Scope) -> Findings:
        type = type_of(value, types)
        if type is None:
            return untyped(value)
        ids = ids_within(value)
        found = checks[type](value, depth, Scope(frozenset(ids)))
        return found or repeated(ids)

    return check


def contained_check(checks: Mapping[str, Check], types: frozenset[str]) -> Check:
    def check(value: Any, depth: int, scope: Scope) -> Findings:
        type = type_of(value, types)
        if type is None:
            return untyped(value)
        return misplaced(value) or checks[type](value, depth, scope) or versioned(value)

    return check


def untyped(value: Any) -> Findings:
    if not isinstance(value, dict):
        return one("Send a resource, as a JSON object", "structure")
    return one("Set resourceType to a resource type of R4", "structure", ".resourceType")


def repeated(ids: list[str]) -> Findings:
    if len(ids) == len(set(ids)):
        return FINE
    double = next(number for number, id in enumerate(ids) if Counter(ids[: number + 1])[id] > 1)
    return one("Give each contained resource an id of its own", "invariant", ".contained", f"[{double}]", ".id")


def misplaced(value: dict[str, Any]) -> Findings:
    if "contained" in value:
        return one("Move this up: contained resources contain none themselves (dom-2)", "structure", ".contained")
    if "id" not in value:
        return one("Add an id, so that the resource can be referred to", "required", ".id")
    return FINE


def versioned(value: dict[str, Any]) -> Findings:
    """dom-4 and dom-5: a contained resource has no life of its own."""
    meta = value.get("meta", {})
    advice = "Remove this from the contained resource (dom-4, dom-5)"
    return [Finding(advice, "invariant", [f".meta.{name}"]) for name in NOT_INSIDE if name in meta]
