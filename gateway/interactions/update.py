"""FHIR update interaction, update as create included (http.html#update, #upsert)."""

from __future__ import annotations

from starlette.responses import Response

from gateway.interactions.changes import check_id, check_identity
from gateway.interactions.exchange import Exchange
from gateway.interactions.preferences import written_response
from gateway.interactions.validation import receive_valid
from gateway.negotiation import match_version


async def update(exchange: Exchange) -> Response:
    """PUT [base]/[type]/[id]"""
    exchange.require(exchange.type, "u")
    id = check_id(exchange.id)
    if_match = match_version(exchange.request.headers.get("if-match"), "If-Match")
    resource = await receive_valid(
        exchange.request, exchange.services.definitions, lambda resource: check_identity(resource, exchange.type, id)
    )
    stored, created = await exchange.commit(lambda changes: changes.update(resource, if_match))
    return written_response(exchange, stored, created=created)
