"""FHIR transaction and batch interactions (http.html#transaction)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import anyio
import msgspec
import structlog
from sqlalchemy import Connection
from starlette.responses import Response

from gateway.audit.in_bundles import bring_up_to_date, check_about_events
from gateway.audit.noting import note, note_parts
from gateway.definitions.contract import Resource
from gateway.faults import Fault, Invalid
from gateway.interactions.bundle_audit import carried_out, part_of, refused
from gateway.interactions.bundle_entries import READING, Entry, entries_of, read_entry
from gateway.interactions.bundle_reads import read_alone, read_within
from gateway.interactions.changes import Changes
from gateway.interactions.exchange import Exchange, encode, location
from gateway.interactions.preferences import OUTCOME, REPRESENTATION, outcome_body, preference
from gateway.interactions.transaction import Outcome, TransactionRun, naming
from gateway.interactions.validation import check_entry, check_shell
from gateway.negotiation import CONTENT_TYPE, check_sends_resource, parse_resource, read_body
from gateway.outcome import UNKNOWN, answer_for, outcome_of, unforeseen_outcome
from gateway.store.document import instant
from gateway.store.given_out import accounted
from gateway.telemetry import frames

log = structlog.get_logger()


async def bundle(exchange: Exchange) -> Response:
    """POST [base]"""
    format = check_sends_resource(exchange.request)
    body = await read_body(exchange.request)
    resource = await anyio.to_thread.run_sync(parse_resource, body, format)
    if resource["resourceType"] != "Bundle":
        raise Invalid("Only a Bundle is posted to the base; post other resources to their type", "resourceType")
    type = resource.get("type")
    process = PROCESSES.get(type) if isinstance(type, str) else None
    if process is None:
        raise Invalid("The Bundle's type is transaction or batch", "Bundle.type")
    return await process(exchange, resource)


async def transaction(exchange: Exchange, resource: Resource) -> Response:
    scope = exchange.request.scope
    try:
        outcomes = await perform_transaction(exchange, resource)
    except Fault as fault:
        note_parts(scope, refused(exchange.base, resource, fault))
        raise
    note_parts(scope, carried_out(exchange.base, entries_of(resource), outcomes))
    return _response("transaction-response", [_answer(exchange, outcome) for outcome in outcomes])


async def perform_transaction(
    exchange: Exchange, resource: Resource, also: Callable[[Connection], None] = lambda connection: None
) -> list[Outcome]:
    """All entries or none, and `also` what else belongs to it; also the road of `crosswalk import`."""
    if resource.get("type") != "transaction":
        raise Invalid("The Bundle's type is transaction", "Bundle.type")

    def prepare() -> list[Entry]:
        check_shell(exchange.services.definitions, resource)
        return [_checked(exchange, index, entry, "transaction") for index, entry in enumerate(entries_of(resource))]

    def perform(changes: Changes) -> list[Outcome]:
        outcomes = _run(exchange, changes, entries)
        also(changes.transaction.connection)
        return outcomes

    entries = await anyio.to_thread.run_sync(prepare)
    await bring_up_to_date(exchange, entries)
    return await exchange.commit(perform)


def _run(exchange: Exchange, changes: Changes, entries: list[Entry]) -> list[Outcome]:
    return TransactionRun(changes, entries, partial(read_within, exchange)).outcomes()


async def batch(exchange: Exchange, resource: Resource) -> Response:
    """Each entry by itself, in a transaction of its own; one that fails does not touch the others."""
    note(exchange.request.scope, {"kind": "batch"})
    check_shell(exchange.services.definitions, resource)
    answers = [await _batch_entry(exchange, index, entry) for index, entry in enumerate(entries_of(resource))]
    return _response("batch-response", answers)


async def _batch_entry(exchange: Exchange, index: int, raw: object) -> bytes:
    with accounted() as account:
        status, answer = await _batch_answer(exchange, index, raw)
    part = part_of(exchange.base, index, raw, status, (*account.given, *account.withheld))
    note_parts(exchange.request.scope, [part])
    return answer


async def _batch_answer(exchange: Exchange, index: int, raw: object) -> tuple[int, bytes]:
    try:
        entry = await anyio.to_thread.run_sync(_checked, exchange, index, raw, "batch")
        with naming(entry):
            outcome = await _outcome(exchange, entry)
            return int(outcome.status[:3]), _answer(exchange, outcome)
    except Fault as fault:
        status = answer_for(fault).status
        return status, _refusal(status, outcome_of(fault))
    except Exception as error:
        # What other entries have committed stays and has to be told.
        log.error("unforeseen", kind=type(error).__name__, at=frames(error))
        return UNKNOWN.status, _refusal(UNKNOWN.status, unforeseen_outcome())


async def _outcome(exchange: Exchange, entry: Entry) -> Outcome:
    if entry.method in READING:
        return await read_alone(exchange, entry)
    (outcome,) = await exchange.commit(lambda changes: _run(exchange, changes, [entry]))
    return outcome


def _refusal(status: int, outcome: Resource) -> bytes:
    return b'{"response":' + encode({"status": str(status), "outcome": outcome}) + b"}"


def _checked(exchange: Exchange, index: int, raw: object, type: str) -> Entry:
    """One entry, allowed and valid, or a fault that names it."""
    entry = read_entry(index, raw, exchange.base)
    for needed, action in entry.needs:
        exchange.require(needed, action, f"{entry.place}.request.url")
    if entry.if_none_exist is not None:
        exchange.require(entry.type, "s", f"{entry.place}.request.ifNoneExist")
    check_entry(exchange.services.definitions, type, index, raw)
    if entry.patch is not None:
        with naming(entry):
            entry.patch.ready(exchange.services.definitions, entry.type)
    check_about_events(exchange, entry)
    for link, searched, _ in entry.conditions:
        exchange.require(searched, "s", link.place)
    return entry


def _answer(exchange: Exchange, outcome: Outcome) -> bytes:
    stored, body = outcome.stored, outcome.body
    response: dict[str, Any] = {"status": outcome.status}
    if stored is not None:
        if not stored.deleted and not outcome.was_read:
            response["location"] = location(exchange.base, stored)
        response["etag"] = f'W/"{stored.version}"'
        response["lastModified"] = instant(stored.updated)
    if not outcome.was_read:
        wanted = preference(exchange.request, "return")
        if wanted == REPRESENTATION and stored is not None and exchange.sight.sees(stored):
            body = stored.body
        elif wanted == OUTCOME:
            response["outcome"] = msgspec.Raw(outcome_body(int(outcome.status[:3])))
    resource = b'"resource":' + body + b"," if body is not None else b""
    return b"{" + resource + b'"response":' + encode(response) + b"}"


def _response(type: str, answers: list[bytes]) -> Response:
    entries = b',"entry":[' + b",".join(answers) + b"]" if answers else b""
    return Response(
        b'{"resourceType":"Bundle","type":"' + type.encode() + b'"' + entries + b"}", media_type=CONTENT_TYPE
    )


PROCESSES: dict[str, Callable[[Exchange, Resource], Awaitable[Response]]] = {
    "transaction": transaction,
    "batch": batch,
}
