"""FHIR create interaction, conditional create included (http.html#create, #ccreate)."""

from __future__ import annotations

from starlette.responses import Response

from gateway.interactions.changes import Changes, check_type
from gateway.interactions.exchange import Exchange
from gateway.interactions.preferences import written_response
from gateway.interactions.validation import receive_valid
from gateway.store.contract import Stored

CONDITION = "If-None-Exist"


async def create(exchange: Exchange) -> Response:
    """POST [base]/[type]"""
    exchange.require(exchange.type, "c")
    criteria = exchange.request.headers.get(CONDITION)
    if criteria is not None:
        exchange.require(exchange.type, "s", CONDITION)
    resource = await receive_valid(
        exchange.request, exchange.services.definitions, lambda resource: check_type(resource, exchange.type)
    )

    def work(changes: Changes) -> tuple[Stored, bool]:
        found = None if criteria is None else changes.match(exchange.type, criteria, CONDITION)
        return (found, False) if found else (changes.create(resource), True)

    stored, created = await exchange.commit(work)
    return written_response(exchange, stored, created=created)
