"""Inbound webhooks of EMRs: a mere trigger. Whatever the body says, the news is fetched through the EMR's own API."""

from __future__ import annotations

import hmac

import anyio
import structlog
from starlette.requests import Request
from starlette.responses import Response

from gateway.faults import NotFound
from gateway.negotiation import read_body
from gateway.sync.workflows import Order

MAX_BODY = 256 * 1024
log = structlog.get_logger()


async def receive_hook(request: Request) -> Response:
    """POST /hooks/[org]/[connection]/[hook]/[token]: queues a pull and answers at once."""
    services = request.app.state.services
    place = request.path_params
    await read_body(request, MAX_BODY)
    realm = await anyio.to_thread.run_sync(services.auth.realm, place["org"])
    token = await services.sync.hook_token(realm, place["connection"], place["hook"])
    if token is None or not hmac.compare_digest(token.encode(), place["token"].encode()):
        raise NotFound("There is nothing at this address")
    await services.sync.workflows.enqueue_pull(Order(realm.org, realm.slug, place["connection"]))
    log.info("webhook", org=realm.slug, connection=place["connection"], hook=place["hook"])
    return Response(status_code=202)
