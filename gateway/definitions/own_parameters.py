"""Our own search parameters: the SearchParameter resources under profiles/crosswalk/, by what the index needs of them.

One with several bases has one expression that is right for each of them (`DomainResource.extension…`). A file that
cannot be what it says stops the start and is named: a parameter that finds nothing would be worse.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Any

from gateway.definitions.contract import SearchParameter
from gateway.faults import Misconfigured

KINDS = frozenset({"number", "date", "string", "token", "reference", "quantity", "uri"})
ByType = Mapping[str, Mapping[str, SearchParameter]]


def own_parameters(resources: Iterable[Mapping[str, Any]], types: Container[str], besides: ByType) -> ByType:
    """Type → code → search parameter; `besides` has those that ours may not stand in for.

    Raises Misconfigured.
    """
    found: dict[str, dict[str, SearchParameter]] = {}
    for resource in resources:
        parameter = parameter_of(resource)
        for type in resource.get("base") or refuse(resource, "base", "name the types that it is for"):
            if type not in types:
                refuse(resource, "base", "name types of R4")
            if parameter.code in {**besides.get(type, {}), **found.get(type, {})}:
                refuse(resource, "code", "take a code that its types do not have yet")
            found.setdefault(type, {})[parameter.code] = parameter
    return found


def parameter_of(resource: Mapping[str, Any]) -> SearchParameter:
    for name in ("code", "url", "expression"):
        if not isinstance(resource.get(name), str):
            refuse(resource, name, "give it")
    if resource.get("type") not in KINDS:
        refuse(resource, "type", f"use one of {', '.join(sorted(KINDS))}")
    targets = tuple(sorted(resource.get("target", ())))
    return SearchParameter(resource["code"], resource["type"], resource["url"], resource["expression"], targets)


def refuse(resource: Mapping[str, Any], element: str, advice: str) -> Any:
    file = f"profiles/crosswalk/SearchParameter-{resource.get('id', '')}.json"
    raise Misconfigured(f"{file} has a {element} that cannot be used: {advice}", f"SearchParameter.{element}")
