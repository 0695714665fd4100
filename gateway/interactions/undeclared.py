"""What FHIR knows at an address below the base and this server does not declare: told so, instead of a bare 404."""

from __future__ import annotations

from starlette.responses import Response

from gateway.faults import NotFound, NotSupported
from gateway.interactions.exchange import Exchange


async def undeclared(exchange: Exchange) -> Response:
    """Operations"""
    type = exchange.request.path_params.get("type")
    if type is not None and type not in exchange.services.definitions.served:
        raise NotFound("This server has no such resource type; GET metadata lists those it has")
    raise NotSupported("This server declares no such interaction; GET metadata lists those it has")
