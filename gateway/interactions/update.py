"""FHIR update interaction, as create and conditional update too (http.html#update, #upsert, #cond-update)."""

from __future__ import annotations

from starlette.responses import Response

from gateway.definitions.contract import Resource
from gateway.faults import Invalid
from gateway.interactions.changes import Changes, check_id, check_identity, check_type
from gateway.interactions.conditions import criteria_of, target_of_update
from gateway.interactions.exchange import Exchange
from gateway.interactions.preferences import written_response
from gateway.interactions.validation import receive_valid
from gateway.negotiation import match_version
from gateway.store.contract import Stored

ABSENT_ONLY = "*"


async def update(exchange: Exchange) -> Response:
    """PUT [base]/[type]/[id]"""
    exchange.require(exchange.type, "u")
    id = check_id(exchange.id)
    if_match, absent = _preconditions(exchange)
    resource = await receive_valid(
        exchange.request, exchange.services.definitions, lambda resource: check_identity(resource, exchange.type, id)
    )
    stored, created = await exchange.commit(lambda changes: changes.update(resource, if_match, absent=absent))
    return written_response(exchange, stored, created=created)


async def update_by_criteria(exchange: Exchange) -> Response:
    """PUT [base]/[type]?criteria"""
    exchange.require(exchange.type, "u")
    exchange.require(exchange.type, "s")
    criteria = criteria_of(exchange.request)
    if_match, absent = _preconditions(exchange)
    resource = await receive_valid(
        exchange.request, exchange.services.definitions, lambda resource: _check_fits(resource, exchange.type)
    )

    def work(changes: Changes) -> tuple[Stored, bool]:
        id = target_of_update(changes, exchange.type, criteria, resource.get("id"))
        return changes.update({**resource, "id": id}, if_match, absent=absent)

    stored, created = await exchange.commit(work)
    return written_response(exchange, stored, created=created)


def _check_fits(resource: Resource, type: str) -> None:
    check_type(resource, type)
    if "id" in resource:
        check_id(resource["id"], f"{type}.id")


def _preconditions(exchange: Exchange) -> tuple[int | None, bool]:
    """The version of If-Match, and whether nothing may be there (If-None-Match: *)."""
    headers = exchange.request.headers
    if_none_match = headers.get("if-none-match")
    if if_none_match is not None and if_none_match.strip() != ABSENT_ONLY:
        raise Invalid("If-None-Match: an update takes * only; name a version by If-Match", "If-None-Match")
    return match_version(headers.get("if-match"), "If-Match"), if_none_match is not None
