"""One request of an administrator's client, and the check that stands before each of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.auth.authority import Realm
from gateway.auth.bearer import authenticate
from gateway.auth.scopes import ADMIN
from gateway.faults import Forbidden, Invalid, UnsupportedMedia
from gateway.formats import media_type
from gateway.negotiation import parse_json, read_body
from gateway.services import Services

MAX_BODY = 256 * 1024
T = TypeVar("T")
Json = dict[str, Any]
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Errand:
    """What is to be done at one organisation; the client has shown that it may."""

    services: Services
    realm: Realm
    request: Request
    body: bytes

    @property
    def org(self) -> str:
        return self.realm.slug

    @property
    def name(self) -> str:
        name: str = self.request.path_params["name"]
        return name

    def posted(self, shape: type[T]) -> T:
        """Raises Invalid, which names the member."""
        return _shaped(parse_json(self.body) if self.body.strip() else {}, shape)

    def named(self, shape: type[T]) -> T:
        """Of a DELETE, whose body need not arrive (RFC 9110, 9.3.5). Raises Invalid."""
        query = dict(self.request.query_params)
        return _shaped(query, shape) if query else self.posted(shape)


def _shaped(given: Any, shape: type[T]) -> T:
    try:
        return msgspec.convert(given, shape)
    except msgspec.ValidationError as error:
        said, _, place = str(error).partition(" - at `$")
        raise Invalid(said, *([place.strip("`.")] if place else [])) from None


Doing = Callable[[Errand], Awaitable[Json]]


def errand(doing: Doing, *, status: int = 200) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint for clients with the scope gateway/admin."""

    async def serve(request: Request) -> Response:
        services: Services = request.app.state.services
        caller = await authenticate(request, request.path_params["org"])
        if not caller.scopes.admin:
            raise Forbidden(f"This needs a token with the scope {ADMIN}")
        body = await read_body(request, MAX_BODY)
        if body and media_type(request.headers.get("content-type", "")) != "application/json":
            raise UnsupportedMedia("Content-Type: send application/json")
        realm = Realm(caller.org, caller.org_slug, services.settings.public_url)
        answer = await doing(Errand(services, realm, request, body))
        if request.method != "GET":
            log.info("administration", org=realm.slug, client=caller.client_id, did=doing.__name__)
        return JSONResponse(answer, status)

    serve.__doc__ = doing.__doc__
    return serve
