"""FHIR delete interaction, conditional delete included (http.html#delete, #3.1.0.7.1)."""

from __future__ import annotations

from starlette.responses import Response

from gateway.interactions.changes import Changes
from gateway.interactions.conditions import criteria_of
from gateway.interactions.exchange import Exchange
from gateway.interactions.preferences import deleted_response
from gateway.negotiation import match_version
from gateway.store.contract import Stored


async def delete(exchange: Exchange) -> Response:
    """DELETE [base]/[type]/[id]"""
    exchange.require(exchange.type, "d")
    if_match = match_version(exchange.request.headers.get("if-match"), "If-Match")
    deleted = await exchange.commit(lambda changes: changes.delete(exchange.type, exchange.id, if_match))
    return deleted_response(exchange, deleted)


async def delete_by_criteria(exchange: Exchange) -> Response:
    """DELETE [base]/[type]?criteria"""
    exchange.require(exchange.type, "d")
    exchange.require(exchange.type, "s")
    criteria = criteria_of(exchange.request)
    if_match = match_version(exchange.request.headers.get("if-match"), "If-Match")

    def work(changes: Changes) -> Stored | None:
        found = changes.match(exchange.type, criteria)
        return changes.delete(exchange.type, found.id, if_match) if found else None

    return deleted_response(exchange, await exchange.commit(work))
