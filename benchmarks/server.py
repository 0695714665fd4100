"""The server under measurement: one Hypercorn process that holds a trivial Starlette route beside the gateway.

python -m benchmarks.server FD      serves on the listening socket that it inherited
"""

from __future__ import annotations

import asyncio
import socket
import sys
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.serving import application_for, serve_until_signalled
from gateway.settings import Settings
from gateway.telemetry import configure_logging

TRIVIAL = "/trivial"


async def trivial(request: Request) -> JSONResponse:
    return JSONResponse({"resourceType": "Patient"})


class Both:
    """Goes by the path before anything of either application runs."""

    def __init__(self, gateway: ASGIApp) -> None:
        self.gateway = gateway
        self.trivial = Starlette(routes=[Route(TRIVIAL, trivial)])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self.trivial if scope.get("path") == TRIVIAL else self.gateway
        await app(scope, receive, send)


def main() -> None:
    settings = Settings.from_environment()
    configure_logging(settings.log_level)
    both: Any = Both(application_for(settings))
    asyncio.run(serve_until_signalled(socket.socket(fileno=int(sys.argv[1])), both))


if __name__ == "__main__":
    main()
