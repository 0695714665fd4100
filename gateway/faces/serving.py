"""Runs the operations of a face: who asks is known before anything of the request is looked at."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from gateway.audit.noting import note
from gateway.auth.authority import Realm
from gateway.auth.bearer import authenticate
from gateway.faces.asking import asked
from gateway.faces.records import SeenRecords
from gateway.faces.refusals import JSON
from gateway.faces.repeated import REPLAYED, repeatable
from gateway.faces.writing import Told, encoded, in_stages, once
from gateway.interactions.exchange import Exchange
from gateway.services import Services
from gateway.translation.face import Asked, Face, Operation

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
        return answer(operation, await perform(exchange, face, operation, await asked(request, operation)))

    serve.__doc__ = operation.summary
    return serve


def kind_of(operation: Operation) -> str:
    if not operation.writes:
        return "search-type" if "}" not in operation.path.rpartition("/")[2] else "read"
    return "create" if operation.status == CREATED else KINDS.get(operation.method, "update")


async def perform(exchange: Exchange, face: Face, operation: Operation, what: Asked) -> Told:
    if operation.stages is not None:
        request = await to_thread.run_sync(repeatable, exchange, face, operation, what)  # as much as it is
        return await in_stages(exchange, request, operation.stages(what))
    if (handle := operation.handle) is None:
        raise NotImplementedError(operation.name)
    if operation.writes:
        return await once(exchange, repeatable(exchange, face, operation, what), partial(handle, what))
    now = exchange.services.clock()
    answered = await exchange.store.look(lambda seen: handle(what, SeenRecords(exchange, seen, now)))
    return Told(encoded(answered))


def answer(operation: Operation, told: Told) -> Response:
    headers = REPLAYED if told.replayed else None
    if not told.body:
        return Response(None, operation.status, headers)
    return Response(told.body, operation.status, headers, JSON)
