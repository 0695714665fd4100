"""Inbound webhooks of EMRs: a mere trigger. Whatever the body says, the news is fetched through the EMR's own API."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

import anyio
import structlog
from starlette.requests import Request
from starlette.responses import Response

from gateway.auth.authority import Realm
from gateway.faults import NotFound
from gateway.negotiation import read_body
from gateway.services import Services
from gateway.sync.orders import Order

MAX_BODY = 256 * 1024
NOTHING = "There is nothing at this address"
log = structlog.get_logger()


async def receive_hook(request: Request) -> Response:
    """POST /hooks/[org]/[connection]/[hook]/[token]: queues a pull and answers at once."""
    services: Services = request.app.state.services
    connection, hook = request.path_params["connection"], request.path_params["hook"]
    await read_body(request, MAX_BODY)
    realm, pulls = await _admitted(services, request.path_params)
    if pulls:
        await services.sync.workflows.enqueue_pull(Order(realm.org, realm.slug, connection))
    log.info("webhook", org=realm.slug, connection=connection, hook=hook, pulls=pulls)
    return Response(status_code=202)


async def _admitted(services: Services, place: Mapping[str, str]) -> tuple[Realm, bool]:
    """Whose address it is and whether its connection pulls. What is wrong with another address is not told."""
    try:
        realm = await anyio.to_thread.run_sync(services.auth.realm, place["org"])
        token, pulls = await services.sync.hook(realm, place["connection"], place["hook"])
    except NotFound:
        raise NotFound(NOTHING) from None
    if not hmac.compare_digest(token.encode(), place["token"].encode()):
        raise NotFound(NOTHING)
    return realm, pulls
