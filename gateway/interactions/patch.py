"""FHIR patch interaction, by JSON Patch and by FHIRPath Patch, conditional patch included (http.html#patch)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import anyio
from starlette.responses import Response

from gateway.definitions.contract import Definitions, Resource
from gateway.faults import Invalid
from gateway.formats import FHIR_JSON, FHIR_XML, MEDIA_TYPES, media_type
from gateway.interactions.changes import Changes, check_id
from gateway.interactions.conditions import criteria_of, target_of_patch
from gateway.interactions.exchange import Exchange
from gateway.interactions.preferences import written_response
from gateway.interactions.validation import check_valid
from gateway.negotiation import check_sends, match_version, parse_json, parse_resource, read_body
from gateway.patching import fhirpath_patch, json_patch
from gateway.store.contract import Stored

JSON_PATCH = "application/json-patch+json"
TYPES = frozenset({JSON_PATCH, *MEDIA_TYPES})
FORMATS = (JSON_PATCH, FHIR_JSON, FHIR_XML)
"""As the CapabilityStatement says them."""
MOST_BYTES = 4 * 1024 * 1024
Apply = Callable[[Resource], Any]
"""May change the resource that it is given."""


@dataclass(frozen=True, slots=True)
class Patch:
    """A patch as it was sent: an array of JSON Patch, or a Parameters resource."""

    document: Any

    def ready(self, definitions: Definitions, type: str) -> Apply:
        """What it does to a resource of the type. Raises Malformed or Invalid."""
        if isinstance(self.document, dict):
            check_valid(definitions, self.document)
            steps = fhirpath_patch.operations(self.document, type)
            return lambda resource: fhirpath_patch.patched(resource, steps)
        operations = json_patch.operations(self.document)
        return lambda resource: json_patch.patched(resource, operations)


async def patch(exchange: Exchange) -> Response:
    """PATCH [base]/[type]/[id]"""
    exchange.require(exchange.type, "u")
    id = check_id(exchange.id)
    return await _patch(exchange, lambda changes: id)


async def patch_by_criteria(exchange: Exchange) -> Response:
    """PATCH [base]/[type]?criteria"""
    exchange.require(exchange.type, "u")
    exchange.require(exchange.type, "s")
    criteria = criteria_of(exchange.request)
    return await _patch(exchange, lambda changes: target_of_patch(changes, exchange.type, criteria).id)


async def _patch(exchange: Exchange, target: Callable[[Changes], str]) -> Response:
    if_match = match_version(exchange.request.headers.get("if-match"), "If-Match")
    apply = await _receive(exchange)
    stored = await exchange.commit(lambda changes: changes.patch(exchange.type, target(changes), apply, if_match))
    return written_response(exchange, readable(exchange, stored), created=False)


def readable(exchange: Exchange, stored: Stored) -> Stored:
    """Who may write and not read gets back nothing that it has not sent."""
    return stored if exchange.sight.sees(stored) else replace(stored, body=b"")


async def _receive(exchange: Exchange) -> Apply:
    request = exchange.request
    check_sends(request, TYPES, f"{JSON_PATCH}, or Parameters as {FHIR_JSON} or {FHIR_XML}")
    body = await read_body(request, MOST_BYTES)
    format = MEDIA_TYPES.get(media_type(request.headers["content-type"]))
    definitions, type = exchange.services.definitions, exchange.type

    def read() -> Apply:
        document = parse_json(body) if format is None else parse_resource(body, format)
        if format is not None and document["resourceType"] != "Parameters":
            raise Invalid(f"Send Parameters (FHIRPath Patch), or {JSON_PATCH}", "resourceType")
        return Patch(document).ready(definitions, type)

    return await anyio.to_thread.run_sync(read)
