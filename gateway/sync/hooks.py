"""Inbound webhooks of EMRs: a mere trigger. Whatever the body says, the news is fetched through the EMR's own API.

A body may name charts; those are fetched at once, beside the pull of everything that is news. Where the vendor has
published what bodies say, one of another form is refused, and nothing is pulled beside what it names.
"""

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
from gateway.sync.announcements import News
from gateway.translation.announced import Announcing, Telling
from gateway.translation.contract import Translator

MAX_BODY = 256 * 1024
NOTHING = "There is nothing at this address"
log = structlog.get_logger()


async def receive_hook(request: Request) -> Response:
    """POST /hooks/[org]/[connection]/[hook]/[token]: queues what it leads to and answers once that is committed."""
    services: Services = request.app.state.services
    connection, hook = request.path_params["connection"], request.path_params["hook"]
    body = await read_body(request, MAX_BODY)
    realm, translator = await _admitted(services, request.path_params)
    news = _news(translator, hook, body)
    await services.sync.announcements.take(realm, connection, news)
    log.info("webhook", org=realm.slug, connection=connection, hook=hook, told=news.hook, named=len(news.keys))
    return Response(status_code=202)


def _news(translator: Translator, hook: str, body: bytes) -> News:
    """Raises Malformed."""
    if isinstance(translator, Telling):
        heard = translator.heard(body)
        return News(heard.hook, heard.keys, pulls=False)
    return News(hook, tuple(translator.named(body)) if isinstance(translator, Announcing) else ())


async def _admitted(services: Services, place: Mapping[str, str]) -> tuple[Realm, Translator]:
    """Whose address it is and who reads what it says. What is wrong with another address is not told."""
    try:
        realm = await anyio.to_thread.run_sync(services.auth.realm, place["org"])
        token, translator = await services.sync.hook(realm, place["connection"], place["hook"])
    except NotFound:
        raise NotFound(NOTHING) from None
    if not hmac.compare_digest(token.encode(), place["token"].encode()):
        raise NotFound(NOTHING)
    return realm, translator
