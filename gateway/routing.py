"""How the route table says what stands at an address: the names that types and ids can have, and one route per address.

A route holds all methods of its address, so that a 405 names every one of them (RFC 9110, 15.5.6).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.convertors import StringConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Handler = Callable[[Request], Awaitable[Response]]


class TypeName(StringConvertor):
    """`metadata`, `via`, `_history`, `$operation` and `.well-known` are no types."""

    regex = r"(?!(?:metadata|via)(?:/|$))[^/_$.][^/]*"


class LogicalId(StringConvertor):
    """`_search`, `_history` and `$operation` are no ids."""

    regex = r"[^/_$][^/]*"


register_url_convertor("type", TypeName())
register_url_convertor("id", LogicalId())


def at(path: str, **handlers: Handler) -> Route:
    """One address; the keywords are its methods."""

    async def serve(request: Request) -> Response:
        # What HEAD answers is what GET answers; rendering.py leaves its body out (RFC 9110, 9.3.2).
        return await handlers["GET" if request.method == "HEAD" else request.method](request)

    # Starlette adds HEAD to GET by itself.
    return Route(path, next(iter(handlers.values())) if len(handlers) == 1 else serve, methods=list(handlers))
