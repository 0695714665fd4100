"""FHIR create interaction, conditional create included (http.html#create, #ccreate)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from gateway.faults import NotSupported
from gateway.interactions.changes import Changes, check_type
from gateway.interactions.exchange import Exchange
from gateway.interactions.preferences import written_response
from gateway.interactions.validation import receive_valid
from gateway.store.contract import Stored

CONDITION = "If-None-Exist"
NO_CRITERIA = frozenset({"_format", "_pretty"})


async def create(exchange: Exchange) -> Response:
    """POST [base]/[type]"""
    exchange.require(exchange.type, "c")
    criteria = exchange.request.headers.get(CONDITION)
    if criteria is not None:
        exchange.require(exchange.type, "s", CONDITION)
    check_unconditional(exchange.request)
    resource = await receive_valid(
        exchange.request, exchange.services.definitions, lambda resource: check_type(resource, exchange.type)
    )

    def work(changes: Changes) -> tuple[Stored, bool]:
        found = None if criteria is None else changes.match(exchange.type, criteria, CONDITION)
        return (found, False) if found else (changes.create(resource), True)

    stored, created = await exchange.commit(work)
    return written_response(exchange, stored, created=created)


def check_unconditional(request: Request) -> None:
    """Some clients write the condition of a conditional create here; ignoring it would make duplicates."""
    if request.scope["query_string"] and not NO_CRITERIA.issuperset(request.query_params):
        raise NotSupported(f"A create takes no criteria in its address; send them as {CONDITION}", CONDITION)
