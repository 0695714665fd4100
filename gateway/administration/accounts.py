"""The accounts at EMRs: connections and their mappings."""

from __future__ import annotations

from gateway.administration.asked import ChangedConnection, NewConnection, NewMapping, OldMapping, Pull, Push, Unlock
from gateway.administration.errand import Errand, Json
from gateway.commands import connection, mapping
from gateway.faults import Invalid
from gateway.sync.connections import Changed
from gateway.sync.workflows import Order

MAX_LOG = 10_000


async def connections(errand: Errand) -> Json:
    """GET connections"""
    return await connection.list_connections(errand.services, errand.org)


async def add(errand: Errand) -> Json:
    """POST connections"""
    asked = errand.posted(NewConnection)
    changed = Changed(asked.set, asked.secret)
    return await connection.add_connection(
        errand.services, errand.org, asked.name, asked.translator, asked.base_url, changed
    )


async def change(errand: Errand) -> Json:
    """POST connections/[name]"""
    asked = errand.posted(ChangedConnection)
    return await connection.change_connection(
        errand.services, errand.org, errand.name, Changed(asked.set, asked.secret)
    )


async def test(errand: Errand) -> Json:
    """POST connections/[name]/test"""
    return await _done(errand, "test", Order(errand.realm.org, errand.org, errand.name))


async def pull(errand: Errand) -> Json:
    """POST connections/[name]/pull"""
    order = await connection.pull_order(errand.services, errand.org, errand.name, errand.posted(Pull).resource)
    counts = await _done(errand, "pull", order)
    told = {name: counts[name] for name in connection.COUNTS}
    return {**told, "error": counts["error"]} if counts.get("error") else told


async def push(errand: Errand) -> Json:
    """POST connections/[name]/push"""
    asked = errand.posted(Push)
    order = await connection.push_order(errand.services, errand.org, errand.name, asked.patient)
    return await _done(errand, "push", order)


async def unlock(errand: Errand) -> Json:
    """POST connections/[name]/unlock"""
    asked = errand.posted(Unlock)
    return await connection.unlock_record(errand.services, errand.org, errand.name, asked.patient)


async def log(errand: Errand) -> Json:
    """GET connections/[name]/log"""
    text = errand.request.query_params.get("limit", "50")
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= MAX_LOG):
        raise Invalid(f"Write a number from 1 to {MAX_LOG}", "limit")
    return await connection.log_of_connection(errand.services, errand.org, errand.name, int(text))


async def mappings(errand: Errand) -> Json:
    """GET connections/[name]/mappings"""
    return await mapping.mappings_of(errand.services, errand.org, errand.name)


async def put_mapping(errand: Errand) -> Json:
    """POST connections/[name]/mappings"""
    asked = errand.posted(NewMapping)
    return await mapping.put_mapping(errand.services, errand.org, errand.name, asked.kind, asked.source, asked.to)


async def drop_mapping(errand: Errand) -> Json:
    """DELETE connections/[name]/mappings: the row is named by `kind` and `from`, in the query or in the body."""
    asked = errand.named(OldMapping)
    return await mapping.drop_mapping(errand.services, errand.org, errand.name, asked.kind, asked.source)


async def _done(errand: Errand, what: str, order: Order) -> Json:
    """The queue's workers do it, as for the command line; the answer waits for them."""
    await errand.services.sync.runners.runner(errand.realm, order.connection)
    return await errand.services.sync.workflows.ask(what, order)
