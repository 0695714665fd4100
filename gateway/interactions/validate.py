"""FHIR operation $validate on a type and on an instance (https://hl7.org/fhir/R4/resource-operation-validate.html).

The answer is 200 with the whole list, warnings and advice included, for a resource that breaks rules too: the
operation has then done its work. What cannot be answered, as a profile that this server does not know, is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import anyio
from starlette.responses import Response

from gateway.definitions.contract import Definitions, Resource
from gateway.faults import Invalid, Issue, NotSupported
from gateway.interactions.changes import present
from gateway.interactions.demands import demands_of
from gateway.interactions.exchange import Exchange, json_response
from gateway.negotiation import check_sends_resource, parse_resource, read_body
from gateway.outcome import operation_outcome
from gateway.store import document

ACTIONS = {"create": "c", "update": "u", "delete": "d", "profile": "r", None: "r"}
"""Mode → the scope that the client would need to do it."""
FINE = Issue("The resource keeps all rules that were checked", (), "informational", "information")
DELETABLE = Issue("The resource can be deleted", (), "informational", "information")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a call of $validate asks."""

    resource: Resource | None
    mode: str | None
    profile: str | None


async def validate_of_type(exchange: Exchange) -> Response:
    """POST [base]/[type]/$validate"""
    asked = await read_call(exchange)
    if asked.mode == "delete":
        raise Invalid("mode=delete asks about a stored resource; call $validate at its own address", "mode")
    if asked.resource is None:
        raise Invalid("Send the resource, as the body or as the parameter `resource`", "resource")
    return await examined(exchange, asked, asked.resource)


async def validate_of_instance(exchange: Exchange) -> Response:
    """GET or POST [base]/[type]/[id]/$validate"""
    asked = await read_call(exchange)
    if asked.resource is not None and asked.mode != "delete":
        return await examined(exchange, asked, asked.resource, exchange.id)
    exchange.require(exchange.type, "r")
    stored = present(await exchange.store.read(exchange.type, exchange.id))
    if asked.mode == "delete":
        return json_response(operation_outcome((DELETABLE,)))
    return await examined(exchange, asked, document.decode(stored.body))


async def read_call(exchange: Exchange) -> Asked:
    """The parameters, wherever they stand; refuses what the operation does not take."""
    query = dict(exchange.request.query_params)
    body = await read_body(exchange.request)
    sent: Resource | None = None
    if body:
        sent = await anyio.to_thread.run_sync(parse_resource, body, check_sends_resource(exchange.request))
    values: dict[str, Any] = {name: query[name] for name in ("mode", "profile") if name in query}
    if sent is not None and sent["resourceType"] == "Parameters" and exchange.type != "Parameters":
        values |= parameters_of(sent)
    elif sent is not None:
        values["resource"] = sent
    asked = Asked(values.get("resource"), values.get("mode"), values.get("profile"))
    check_call(exchange, asked)
    return asked


def parameters_of(sent: Resource) -> dict[str, Any]:
    """Of a Parameters resource; each takes its value as the operation's definition types it."""
    found: dict[str, Any] = {}
    parameters = sent.get("parameter")
    for number, parameter in enumerate(parameters if isinstance(parameters, list) else ()):
        name = parameter.get("name") if isinstance(parameter, dict) else None
        keys = TAKEN.get(name) if isinstance(name, str) else None
        value = next((parameter[key] for key in keys or () if key in parameter), None)
        if name is None or not isinstance(value, dict if name == "resource" else str) or name in found:
            raise Invalid("Send resource, mode and profile, each once", f"Parameters.parameter[{number}]")
        found[name] = value
    return found


TAKEN: Mapping[str, tuple[str, ...]] = {
    "resource": ("resource",),
    "mode": ("valueCode", "valueString"),
    "profile": ("valueUri", "valueCanonical", "valueUrl", "valueString"),
}
"""Parameter → where its value may stand."""


def check_call(exchange: Exchange, asked: Asked) -> None:
    if asked.mode not in ACTIONS:
        raise Invalid("mode is create, update, delete or profile", "mode")
    exchange.require(exchange.type, ACTIONS[asked.mode])
    if asked.mode == "profile" and asked.profile is None:
        raise Invalid("mode=profile asks about a profile; name it", "profile")
    if asked.profile is not None:
        known_profile(exchange.services.definitions, exchange.type, asked.profile)


def known_profile(definitions: Definitions, type: str, profile: str) -> str:
    """The profile's url; R4: a server that cannot check against the profile says so."""
    url = profile.partition("|")[0]
    if url not in definitions.profiles_on(type) and url != f"http://hl7.org/fhir/StructureDefinition/{type}":
        raise NotSupported("This server knows no such profile of the type; GET metadata lists those it has", "profile")
    return url


async def examined(exchange: Exchange, asked: Asked, resource: Resource, id: str | None = None) -> Response:
    definitions = exchange.services.definitions
    nominated = known_profile(definitions, exchange.type, asked.profile) if asked.profile else None
    demanded = await demands_of(exchange.services, exchange.realm.org)
    urls = dict.fromkeys([*demanded.get(exchange.type, ()), *([nominated] if nominated else [])])
    known = [url for url in urls if url in definitions.profiles_on(exchange.type)]

    def work() -> tuple[Issue, ...]:
        return (*mismatched(exchange, asked, resource, id), *definitions.examine(resource, {exchange.type: known}))

    issues = await anyio.to_thread.run_sync(work)
    return json_response(operation_outcome(issues or (FINE,), "invalid"))


def mismatched(exchange: Exchange, asked: Asked, resource: Resource, id: str | None) -> tuple[Issue, ...]:
    """What the interaction would refuse before it looks at the rules."""
    if resource.get("resourceType") != exchange.type:
        return (Issue(f"The URL is of a {exchange.type}, the resource is not", ("resourceType",), "invalid"),)
    if asked.mode == "update" and id is not None and resource.get("id") != id:
        return (Issue("The resource's id is not the id in the URL", (f"{exchange.type}.id",), "value"),)
    return ()
