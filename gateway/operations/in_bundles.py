"""The GET entries of Bundles that call an operation (http.html#transaction): $everything and $meta."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.access.seen import SeenConnection
from gateway.interactions.bundle_entries import Entry
from gateway.interactions.changes import present
from gateway.interactions.exchange import Exchange, encode
from gateway.operations import everything, meta
from gateway.operations.parameters import Arguments, Takes, of_address
from gateway.store.given_out import told


def called(exchange: Exchange, entry: Entry, seen: SeenConnection) -> bytes:
    """What the operation answers, of what the caller sees and the same transaction has written."""
    if entry.target.operation == "everything":
        planned = everything.plan_everything(exchange, entry.id or "", _arguments(entry, everything.TAKES))
        return everything.everything_body(exchange, planned, seen)
    _arguments(entry, ())
    if entry.id is None:
        types = meta.searchable_types(exchange, entry.target.type)
        return encode(meta.returned(meta.meta_in_use(seen, types)))
    exchange.require(entry.type, "r")
    version = entry.target.version
    stored = seen.read(entry.type, entry.id) if version is None else seen.vread(entry.type, entry.id, version)
    stored = present(stored)
    told(stored)
    return encode(meta.returned(meta.meta_of(stored)))


def _arguments(entry: Entry, takes: Sequence[Takes]) -> Arguments:
    return Arguments(list(of_address(entry.params, takes)), takes)
