"""FHIR create interaction, conditional create included (http.html#create, #ccreate)."""

from __future__ import annotations

from starlette.responses import Response

from gateway.faults import Invalid
from gateway.interactions.changes import Changes
from gateway.interactions.exchange import Exchange, location, resource_response
from gateway.interactions.validation import check_valid
from gateway.negotiation import receive_resource
from gateway.store.contract import Stored


async def create(exchange: Exchange) -> Response:
    """POST [base]/[type]"""
    exchange.require(exchange.type, "c")
    resource = await receive_resource(exchange.request)
    if resource["resourceType"] != exchange.type:
        raise Invalid(f"The URL is of a {exchange.type}, the body is not", "resourceType")
    check_valid(exchange.services.definitions, resource)
    criteria = exchange.request.headers.get("if-none-exist")
    if criteria is not None:
        exchange.require(exchange.type, "s")

    def work(changes: Changes) -> tuple[Stored, bool]:
        found = None if criteria is None else changes.match(exchange.type, criteria, "If-None-Exist")
        return (found, False) if found else (changes.create(resource), True)

    stored, created = await exchange.commit(work)
    headers = {"Location": location(exchange.base, stored)}
    return resource_response(stored, 201 if created else 200, headers)
