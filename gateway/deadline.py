"""ASGI middleware: no request is worked on for ever, and what a client has under way is counted down at its end."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.faces.refusals import refusal
from gateway.faults import DatabaseBusy, Issue
from gateway.limits import UNDER_WAY
from gateway.services import Services

TOO_LONG = "The request took longer than {} seconds and is given up; whether it changed anything can be read"
RETRY_S = "5"


class Deadline:
    """Until an answer has begun; a download may take what it takes."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        services: Services = scope["app"].state.services
        seconds = services.settings.request_seconds

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                limit.reschedule(None)
            await send(message)

        try:
            async with asyncio.timeout(seconds or None) as limit:
                await self.app(scope, receive, sending)
        except TimeoutError:
            if not limit.expired():
                raise
            fault = DatabaseBusy((Issue(TOO_LONG.format(seconds), (), "timeout"),))
            await refusal(scope, fault, {"Retry-After": RETRY_S})(scope, receive, send)
        finally:
            if (client := scope.get(UNDER_WAY)) is not None:
                services.auth.limits.end(client)
