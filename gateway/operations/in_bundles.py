"""The GET entries of Bundles that call an operation (http.html#transaction): $everything and $meta."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from gateway.interactions.bundle_entries import Entry
from gateway.interactions.changes import present
from gateway.interactions.exchange import Exchange, encode
from gateway.operations import everything, meta
from gateway.operations.parameters import Arguments, Takes, of_address
from gateway.store.contract import Stored
from gateway.store.history_sql import one_version
from gateway.store.record_sql import current


def called(exchange: Exchange, entry: Entry, connection: Connection) -> bytes:
    """What the operation answers; the connection sees what the same transaction has written."""
    if entry.target.operation == "everything":
        planned = everything.plan_everything(exchange, entry.id or "", _arguments(entry, everything.TAKES))
        return everything.everything_body(exchange, planned, connection)
    _arguments(entry, ())
    if entry.id is None:
        types = meta.searchable_types(exchange, entry.target.type)
        return encode(meta.returned(meta.meta_in_use(connection, exchange.realm.org, types)))
    exchange.require(entry.type, "r")
    stored = exchange.visible(_stored(connection, exchange.realm.org, entry, entry.id))
    return encode(meta.returned(meta.meta_of(present(stored))))


def _stored(connection: Connection, org: int, entry: Entry, id: str) -> Stored | None:
    if entry.target.version is not None:
        return one_version(connection, org, entry.type, id, entry.target.version)
    return current(connection, org, entry.type, id)


def _arguments(entry: Entry, takes: Sequence[Takes]) -> Arguments:
    return Arguments(list(of_address(entry.params, takes)), takes)
