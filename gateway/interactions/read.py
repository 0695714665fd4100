"""FHIR read interaction (http.html#read)."""

from __future__ import annotations

from starlette.responses import Response

from gateway.interactions.changes import present
from gateway.interactions.exchange import Exchange, resource_response


async def read(exchange: Exchange) -> Response:
    """GET [base]/[type]/[id]"""
    exchange.require(exchange.type, "r")
    stored = await exchange.services.store.read(exchange.realm.org, exchange.type, exchange.id)
    return resource_response(present(stored))
