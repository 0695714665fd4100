"""ASGI middleware: no request is worked on for ever, and what a client has under way is counted down at its end."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.faces.refusals import refusal
from gateway.faults import DatabaseBusy, Issue
from gateway.limits import UNDER_WAY
from gateway.services import Services

TOO_LONG = "The request took longer than {} seconds and is given up; whether it changed anything can be read"
RETRY_S = "5"
LIMIT = "deadline"
"""Where a request's ASGI scope has its TimeLimit."""


@dataclass(slots=True)
class TimeLimit:
    """How long a request may take, or a part of it."""

    timeout: asyncio.Timeout
    seconds: int
    text: str = TOO_LONG

    def begin_again(self, text: str) -> None:
        if self.timeout.when() is not None:
            self.timeout.reschedule(asyncio.get_running_loop().time() + self.seconds)
        self.text = text


def begin_again(scope: MutableMapping[str, Any], text: str) -> None:
    """The request is worked on in parts, each of which may take as long as others take in all.

    `text` is what is told when one does not end in time; the braces in it stand for the seconds.
    """
    limit: TimeLimit | None = scope.get(LIMIT)
    if limit is not None:
        limit.begin_again(text)


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
                told = scope[LIMIT] = TimeLimit(limit, seconds)
                await self.app(scope, receive, sending)
        except TimeoutError:
            if not limit.expired():
                raise
            fault = DatabaseBusy((Issue(told.text.format(seconds), (), "timeout"),))
            await refusal(scope, fault, {"Retry-After": RETRY_S})(scope, receive, send)
        finally:
            if (client := scope.get(UNDER_WAY)) is not None:
                services.auth.limits.end(client)
