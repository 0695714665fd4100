"""Conflicts of a connection: seen, with their values by who may read the resource, and settled."""

from __future__ import annotations

from gateway.administration.asked import Posted
from gateway.administration.errand import Errand, Json
from gateway.auth.bearer import authenticate
from gateway.bulk.acting import acting
from gateway.commands import conflict
from gateway.faults import Invalid
from gateway.interactions.exchange import Exchange
from gateway.sync.conflicts import ConflictRow


class Settling(Posted, frozen=True):
    """As `connection settle` takes it."""

    take: str


async def listed(errand: Errand) -> Json:
    """GET connections/[name]/conflicts?all=true"""
    asked = errand.request.query_params
    if asked.get("all", "false") not in ("true", "false"):
        raise Invalid("Write true or false", "all")
    caller = await authenticate(errand.request, errand.org)
    exchange = Exchange(errand.request, errand.services, errand.realm, caller)

    async def may(row: ConflictRow) -> bool:
        return exchange.sight.allows(row.type, "r") and await exchange.store.read(row.type, row.local_id) is not None

    return await conflict.conflicts_of(errand.services, errand.org, errand.name, may, all_=asked.get("all") == "true")


async def settle(errand: Errand) -> Json:
    """POST connections/[name]/conflicts/[conflict]"""
    asked, number = errand.posted(Settling), errand.request.path_params["conflict"]
    if not (number.isascii() and number.isdigit() and len(number) <= 18):
        raise Invalid("A conflict is named by its number", "conflict")
    caller = await authenticate(errand.request, errand.org)
    exchange = acting(errand.services, errand.realm, caller.client_id)
    return await conflict.settle_conflict(exchange, errand.name, int(number), asked.take, f"client {caller.client_id}")
