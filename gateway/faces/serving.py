"""Runs the operations of a face: who asks is known before anything of the request is looked at."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from gateway.audit.noting import note
from gateway.auth.authority import Realm
from gateway.auth.bearer import authenticate
from gateway.faces.asking import asked
from gateway.faces.records import SeenRecords
from gateway.faces.refusals import JSON
from gateway.interactions.changes import Changes
from gateway.interactions.exchange import Exchange
from gateway.services import Services
from gateway.translation.face import Asked, Face, Handler, Operation

Endpoint = Callable[[Request], Awaitable[Response]]
KINDS = {"GET": "read", "PUT": "update", "PATCH": "update", "DELETE": "delete"}
"""Method → the kind of event in the audit trail."""
CREATED = 201


def endpoint(face: Face, operation: Operation) -> Endpoint:
    async def serve(request: Request) -> Response:
        slug = request.path_params[face.org]
        note(request.scope, {"org": slug, "kind": kind_of(operation)})
        services: Services = request.app.state.services
        caller = await authenticate(request, slug)
        realm = Realm(caller.org, caller.org_slug, services.settings.public_url)
        exchange = Exchange(request, services, realm, caller)
        return answer(operation, await perform(exchange, operation, await asked(request, operation)))

    serve.__doc__ = operation.summary
    return serve


def kind_of(operation: Operation) -> str:
    if not operation.writes:
        return "search-type" if "}" not in operation.path.rpartition("/")[2] else "read"
    return "create" if operation.status == CREATED else KINDS.get(operation.method, "update")


async def perform(exchange: Exchange, operation: Operation, what: Asked) -> Any:
    """What the handler answers."""
    handle = operation.handle
    if handle is None:
        raise NotImplementedError(operation.name)
    if operation.writes:
        return await exchange.commit(lambda changes: written(exchange, handle, what, changes))
    now = exchange.services.clock()
    return await exchange.store.within(lambda seen: handle(what, SeenRecords(exchange, seen, now)))


def written(exchange: Exchange, handle: Handler, what: Asked, changes: Changes) -> Any:
    records = SeenRecords(exchange, changes.seen.connected, changes.transaction.now, changes)
    return handle(what, records)


def answer(operation: Operation, told: Any) -> Response:
    if told is None:
        return Response(status_code=operation.status)
    return Response(to_json(told), operation.status, media_type=JSON)
