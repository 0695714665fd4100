"""FHIR transaction and batch interactions (http.html#transaction)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
from starlette.responses import Response

from gateway.definitions.contract import Resource
from gateway.faults import Fault, Invalid
from gateway.interactions.bundle_entries import Entry, entries_of, read_entry
from gateway.interactions.changes import Changes
from gateway.interactions.exchange import Exchange, encode
from gateway.interactions.references import conditional_types
from gateway.interactions.search_type import page_body, plan
from gateway.interactions.transaction import Outcome, TransactionRun, naming
from gateway.interactions.validation import check_valid
from gateway.negotiation import CONTENT_TYPE, check_sends_json, parse_resource, read_body
from gateway.outcome import answer_for, outcome_of
from gateway.store.contract import Transaction
from gateway.store.document import instant


async def bundle(exchange: Exchange) -> Response:
    """POST [base]"""
    check_sends_json(exchange.request)
    body = await read_body(exchange.request)
    resource = await anyio.to_thread.run_sync(parse_resource, body)
    if resource["resourceType"] != "Bundle":
        raise Invalid("Only a Bundle is posted to the base; post other resources to their type", "resourceType")
    process = PROCESSES.get(resource.get("type"))
    if process is None:
        raise Invalid("The Bundle's type is transaction or batch", "Bundle.type")
    return await process(exchange, resource)


async def transaction(exchange: Exchange, resource: Resource) -> Response:
    def prepare() -> list[Entry]:
        return [_checked(exchange, index, entry) for index, entry in enumerate(entries_of(resource))]

    entries = await anyio.to_thread.run_sync(prepare)
    outcomes = await exchange.commit(lambda changes: _run(exchange, changes, entries))
    return _response("transaction-response", [_answer(outcome) for outcome in outcomes])


def _run(exchange: Exchange, changes: Changes, entries: list[Entry]) -> list[Outcome]:
    def search(entry: Entry, transaction: Transaction) -> bytes:
        planned = plan(exchange, entry.type, entry.params)
        return page_body(exchange, planned, transaction.search(planned.query))

    return TransactionRun(changes, entries, search).outcomes()


async def batch(exchange: Exchange, resource: Resource) -> Response:
    """Each entry by itself, in a transaction of its own; one that fails does not touch the others."""
    answers = [await _batch_entry(exchange, index, entry) for index, entry in enumerate(entries_of(resource))]
    return _response("batch-response", answers)


async def _batch_entry(exchange: Exchange, index: int, raw: object) -> bytes:
    try:
        entry = await anyio.to_thread.run_sync(_checked, exchange, index, raw)
        (outcome,) = await exchange.commit(lambda changes: _run(exchange, changes, [entry]))
    except Fault as fault:
        status = answer_for(fault).status
        return b'{"response":' + encode({"status": str(status), "outcome": outcome_of(fault)}) + b"}"
    return _answer(outcome)


def _checked(exchange: Exchange, index: int, raw: object) -> Entry:
    """One entry, allowed and valid, or a fault that names it."""
    entry = read_entry(index, raw, exchange.base)
    with naming(entry):
        exchange.require(entry.type, entry.action, entry.place)
        if entry.resource is not None:
            check_valid(exchange.services.definitions, entry.resource, f"{entry.place}.resource")
        for type in _searched(entry):
            exchange.require(type, "s", entry.place)
    return entry


def _searched(entry: Entry) -> set[str]:
    """The types that an entry searches without being a search: conditional writes and references."""
    types = set(conditional_types(entry.resource)) if entry.resource else set()
    if entry.if_none_exist is not None:
        types.add(entry.type)
    return types


def _answer(outcome: Outcome) -> bytes:
    response: dict[str, str] = {"status": outcome.status}
    stored = outcome.stored
    if stored is not None:
        if not stored.deleted and outcome.body is None:
            response["location"] = f"{stored.type}/{stored.id}/_history/{stored.version}"
        response["etag"] = f'W/"{stored.version}"'
        response["lastModified"] = instant(stored.updated)
    resource = b'"resource":' + outcome.body + b"," if outcome.body is not None else b""
    return b"{" + resource + b'"response":' + encode(response) + b"}"


def _response(type: str, answers: list[bytes]) -> Response:
    entries = b',"entry":[' + b",".join(answers) + b"]" if answers else b""
    return Response(
        b'{"resourceType":"Bundle","type":"' + type.encode() + b'"' + entries + b"}", media_type=CONTENT_TYPE
    )


PROCESSES: dict[object, Callable[[Exchange, Resource], Awaitable[Response]]] = {
    "transaction": transaction,
    "batch": batch,
}
