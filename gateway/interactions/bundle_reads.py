"""The GET and HEAD entries of Bundles: reads, vreads, searches, histories and operations, alone or in a transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlmodel import Session

from gateway.access.seen import SeenTransaction
from gateway.audit.in_bundles import event_of, events_of, is_of_trail
from gateway.interactions.bundle_entries import Entry
from gateway.interactions.changes import present
from gateway.interactions.exchange import Exchange
from gateway.interactions.history import PlannedHistory, history_body, plan_history
from gateway.interactions.read import has_version
from gateway.interactions.search_authority import value_sets, value_sets_within
from gateway.interactions.search_system import Several, plan_compartment, plan_system
from gateway.interactions.search_type import page_body, plan
from gateway.interactions.subset import subset_of_one
from gateway.interactions.transaction import Outcome
from gateway.operations.in_bundles import called
from gateway.search.criteria import Codes
from gateway.search.query import Query
from gateway.store.contract import Page, Stored, Transaction
from gateway.store.given_out import accounted, told_all

FOUND = "200 OK"


async def read_alone(exchange: Exchange, entry: Entry) -> Outcome:
    """Of a batch: what is committed now."""
    store = exchange.store
    if is_of_trail(entry.target):
        await exchange.services.audit.flush()
        return await exchange.services.store.session_read(lambda session: _of_trail(exchange, entry, session))
    if entry.target.operation is not None:
        return whole(entry, await store.within(lambda seen: called(exchange, entry, seen)))
    if entry.target.version is not None:
        return read_outcome(exchange, entry, await store.vread(entry.type, entry.id or "", entry.target.version))
    if entry.target.history:
        planned = _history(exchange, entry)
        return whole(entry, history_body(exchange, planned, await store.history(planned.query)))
    if entry.target.is_of_several:
        several = _several(exchange, entry, await value_sets(exchange, entry.params))
        return whole(entry, several.body(exchange, [await store.search(query) for query in several.queries]))
    if entry.id is not None:
        return read_outcome(exchange, entry, await store.read(entry.type, entry.id))
    searched = plan(exchange, entry.type, entry.params, codes=await value_sets(exchange, entry.params))
    return whole(entry, page_body(exchange, searched, await store.search(searched.query)))


def read_within(exchange: Exchange, entry: Entry, transaction: Transaction) -> Outcome:
    """Of a transaction: what it has written, too."""
    with accounted() as account:
        outcome = _within(exchange, entry, SeenTransaction(transaction, exchange.sight))
    return replace(outcome, given=tuple(account.given))


def _within(exchange: Exchange, entry: Entry, seen: SeenTransaction) -> Outcome:
    if is_of_trail(entry.target):
        with Session(seen.transaction.connection) as session:
            return _of_trail(exchange, entry, session)
    if entry.target.operation is not None:
        return whole(entry, called(exchange, entry, seen.connected))
    if entry.target.version is not None:
        return read_outcome(exchange, entry, seen.vread(entry.type, entry.id or "", entry.target.version))
    if entry.target.history:
        planned = _history(exchange, entry)
        return whole(entry, history_body(exchange, planned, seen.history(planned.query)))
    codes = value_sets_within(exchange, entry.params, seen)
    if entry.target.is_of_several:
        several = _several(exchange, entry, codes)
        return whole(entry, several.body(exchange, [_found(seen, query) for query in several.queries]))
    if entry.id is not None:
        return read_outcome(exchange, entry, seen.read(entry.type, entry.id))
    searched = plan(exchange, entry.type, entry.params, codes=codes)
    return whole(entry, page_body(exchange, searched, _found(seen, searched.query)))


def _of_trail(exchange: Exchange, entry: Entry, session: Session) -> Outcome:
    if entry.id is None:
        return whole(entry, events_of(exchange, entry, session))
    return read_outcome(exchange, entry, event_of(exchange, entry, session))


def _found(seen: SeenTransaction, query: Query) -> Page:
    page = seen.search(query)
    told_all((*page.matches, *page.included))
    return page


def read_outcome(exchange: Exchange, entry: Entry, stored: Stored | None) -> Outcome:
    """The resource, or 304 where ifNoneMatch or ifModifiedSince hold (bundle.html#http)."""
    stored = present(stored)
    if entry.if_none_match is not None:
        known = has_version(entry.if_none_match, stored.version)
    else:
        known = entry.if_modified_since is not None and stored.updated <= entry.if_modified_since
    if known:
        return Outcome("304 Not Modified", stored, was_read=True)
    body = subset_of_one(entry.params).body(exchange.services.definitions, stored.body)
    return Outcome(FOUND, stored, _body(entry, body), was_read=True)


def whole(entry: Entry, body: bytes) -> Outcome:
    """A searchset or history."""
    return Outcome(FOUND, None, _body(entry, body), was_read=True)


def _body(entry: Entry, body: bytes) -> bytes | None:
    return None if entry.method == "HEAD" else body


def _several(exchange: Exchange, entry: Entry, codes: Mapping[str, Codes]) -> Several:
    id, searched = entry.id, entry.target.compartment
    if id is None or searched is None:
        return plan_system(exchange, entry.params, codes)
    return plan_compartment(exchange, entry.type, id, searched, entry.params, codes)


def _history(exchange: Exchange, entry: Entry) -> PlannedHistory:
    return plan_history(exchange, entry.target.type, entry.id, entry.params)
