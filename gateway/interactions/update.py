"""FHIR update interaction, update as create included (http.html#update, #upsert)."""

from __future__ import annotations

from starlette.responses import Response

from gateway.interactions.changes import check_id, identity_mismatch
from gateway.interactions.exchange import Exchange, location, resource_response
from gateway.interactions.validation import check_valid
from gateway.negotiation import match_version, receive_resource


async def update(exchange: Exchange) -> Response:
    """PUT [base]/[type]/[id]"""
    exchange.require(exchange.type, "u")
    resource = await receive_resource(exchange.request)
    identity_mismatch(resource, exchange.type, check_id(exchange.id))
    check_valid(exchange.services.definitions, resource)
    if_match = match_version(exchange.request.headers.get("if-match"))
    stored, created = await exchange.commit(lambda changes: changes.update(resource, if_match))
    headers = {"Location": location(exchange.base, stored)}
    return resource_response(stored, 201 if created else 200, headers)
