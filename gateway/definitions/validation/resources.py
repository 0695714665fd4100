"""Resources within resources (https://hl7.org/fhir/R4/references.html#contained), each checked as what it claims."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from gateway.definitions.validation.findings import FINE, Check, Finding, Findings, Scope, one
from gateway.definitions.validation.objects import is_wrong

Profiled = Callable[[dict[str, Any], Scope], Findings]
"""What profiles have to say of a resource that its type has found right."""
NOT_INSIDE = ("versionId", "lastUpdated", "security")


def type_of(value: Any, types: frozenset[str]) -> str | None:
    """The resource type, when it is one of R4."""
    name = value.get("resourceType") if isinstance(value, dict) else None
    return name if isinstance(name, str) and name in types else None


def ids_within(resource: dict[str, Any]) -> list[str]:
    contained = resource.get("contained")
    inner = [value.get("id") for value in contained if isinstance(value, dict)] if isinstance(contained, list) else []
    return [id for id in inner if isinstance(id, str)]


def resource_check(checks: Mapping[str, Check], types: frozenset[str], profiled: Profiled) -> Check:
    """A whole resource: the root, Bundle.entry.resource, Parameters.parameter.resource."""

    def check(value: Any, depth: int, scope: Scope) -> Findings:
        type = type_of(value, types)
        if type is None:
            return untyped(value)
        ids = ids_within(value)
        inner = Scope(frozenset(ids), met_in(value, type, scope), scope.demanded, scope.advises)
        found = checks[type](value, depth, inner)
        if is_wrong(found):
            return found
        found = [*found, *(repeated(ids) or unused(ids, value))] if ids else found
        return [*found, *profiled(value, inner)] if asks(inner) else found

    return check


def contained_check(checks: Mapping[str, Check], types: frozenset[str], profiled: Profiled) -> Check:
    def check(value: Any, depth: int, scope: Scope) -> Findings:
        type = type_of(value, types)
        if type is None:
            return untyped(value)
        inner = Scope(scope.contained_ids, met_in(value, type, scope), scope.demanded, scope.advises)
        found = misplaced(value) or checks[type](value, depth, inner)
        if is_wrong(found):
            return found
        found = [*found, *versioned(value)]
        return [*found, *profiled(value, inner)] if asks(inner) else found

    return check


def met_in(value: dict[str, Any], type: str, scope: Scope) -> list[tuple[str, dict[str, Any]]] | None:
    """Extensions are noted for resources that profiles have a say in."""
    return [] if scope.advises or type in scope.demanded or claims_profile(value) else None


def claims_profile(value: dict[str, Any]) -> bool:
    meta = value.get("meta")
    return isinstance(meta, dict) and "profile" in meta


def asks(scope: Scope) -> bool:
    return scope.extensions is not None


def untyped(value: Any) -> Findings:
    if not isinstance(value, dict):
        return one("Send a resource, as a JSON object", "structure")
    return one("Set resourceType to a resource type of R4", "structure", ".resourceType")


def repeated(ids: list[str]) -> Findings:
    if len(ids) == len(set(ids)):
        return FINE
    double = next(number for number, id in enumerate(ids) if Counter(ids[: number + 1])[id] > 1)
    return one("Give each contained resource an id of its own", "invariant", ".contained", f"[{double}]", ".id")


def unused(ids: list[str], resource: dict[str, Any]) -> Findings:
    """dom-3: what is contained is referred to from the rest, or refers to it."""
    said = local_references(resource)
    idle = [
        number
        for number, value in enumerate(resource["contained"])
        if f"#{value['id']}" not in said and "#" not in local_references(value)
    ]
    advice = "Refer to this resource from the one around it, or remove it (dom-3)"
    return [Finding(advice, "invariant", [f"[{number}]", ".contained"]) for number in idle]


def local_references(value: Any) -> set[str]:
    """All `#id` within, whatever kind of reference, canonical or uri holds them."""
    if isinstance(value, str):
        return {value} if value.startswith("#") else set()
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {reference for item in inner for reference in local_references(item)}


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
