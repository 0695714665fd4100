"""FHIR vread interaction (http.html#vread)."""

from __future__ import annotations

import re

from starlette.responses import Response

from gateway.faults import NotFound
from gateway.interactions.changes import present
from gateway.interactions.exchange import Exchange, resource_response
from gateway.interactions.subset import subset_of_one

VERSION = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)


async def vread(exchange: Exchange) -> Response:
    """GET [base]/[type]/[id]/_history/[vid]"""
    exchange.require(exchange.type, "r")
    version = exchange.request.path_params["vid"]
    if not VERSION.fullmatch(version):
        raise NotFound("There is no such version; versions are whole numbers")
    subset = subset_of_one(exchange.request.query_params.multi_items())
    stored = present(await exchange.store.vread(exchange.type, exchange.id, int(version)))
    return resource_response(stored, subset.body(exchange.services.definitions, stored.body))
