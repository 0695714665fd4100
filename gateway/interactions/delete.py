"""FHIR delete interaction (http.html#delete)."""

from __future__ import annotations

from starlette.responses import Response

from gateway.interactions.exchange import Exchange
from gateway.negotiation import match_version


async def delete(exchange: Exchange) -> Response:
    """DELETE [base]/[type]/[id]"""
    exchange.require(exchange.type, "d")
    if_match = match_version(exchange.request.headers.get("if-match"), "If-Match")
    deleted = await exchange.commit(lambda changes: changes.delete(exchange.type, exchange.id, if_match))
    return Response(status_code=204, headers={"ETag": f'W/"{deleted.version}"'} if deleted else None)
