"""The outermost layer of every request: its id, headers and log line, and the answer to anything that went wrong."""

from __future__ import annotations

import re
import time
import traceback
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.faults import EmrBusy, Fault, Issue, MethodNotAllowed, NotFound, Unauthenticated
from gateway.interactions.exchange import json_response
from gateway.outcome import UNKNOWN, answer_for, operation_outcome, outcome_of
from gateway.telemetry import REQUESTS, SECONDS

PLAUSIBLE_ID = re.compile(r"[A-Za-z0-9._\-]{8,128}")
ALWAYS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
log = structlog.get_logger()


class Envelope:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = scope["request_id"] = _request_id(Headers(scope=scope))
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started, status = time.perf_counter(), 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                for name, value in ALWAYS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self.app(scope, receive, sending)
        except Exception as error:
            log.error("unforeseen", kind=type(error).__name__, at=_frames(error))
            if status == 0:
                await unforeseen()(scope, receive, sending)
        finally:
            _account(scope, status, time.perf_counter() - started)
            structlog.contextvars.clear_contextvars()


def _request_id(headers: Headers) -> str:
    """The client's own id when it is plausible, else a new one (interfaces.md, 7)."""
    sent = headers.get("x-request-id", "")
    return sent if PLAUSIBLE_ID.fullmatch(sent) else str(uuid4())


def _frames(error: Exception) -> list[str]:
    """Where it happened; the message is left out, it may quote data."""
    return [f"{frame.name} {frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in _last(error)]


def _last(error: Exception) -> list[traceback.FrameSummary]:
    return traceback.extract_tb(error.__traceback__)[-6:]


def _account(scope: Scope, status: int, seconds: float) -> None:
    route = scope.get("route")
    template = getattr(route, "path", "unmatched")
    REQUESTS.labels(scope["method"], template, status).inc()
    SECONDS.labels(scope["method"], template).observe(seconds)
    log.info("request", method=scope["method"], route=template, status=status, ms=round(seconds * 1000, 1))


def fault_response(request: Request, fault: Exception) -> Response:
    """Every Fault, by the one table of outcome.py."""
    assert isinstance(fault, Fault)  # noqa: S101 — registered for Fault only
    headers = {}
    if isinstance(fault, Unauthenticated):
        headers["WWW-Authenticate"] = fault.challenge
    if isinstance(fault, EmrBusy) and fault.after:
        headers["Retry-After"] = str(int(fault.after) + 1)
    return json_response(outcome_of(fault), answer_for(fault).status, headers)


def http_exception_response(request: Request, exception: Exception) -> Response:
    """Starlette's own refusals: no such route, method not allowed."""
    assert isinstance(exception, HTTPException)  # noqa: S101 — registered for HTTPException only
    headers = dict(exception.headers or {})
    if exception.status_code == 404:
        return json_response(outcome_of(NotFound("There is nothing at this address")), 404, headers)
    if exception.status_code == 405:
        allowed = headers.get("Allow", "other methods")
        return json_response(outcome_of(MethodNotAllowed(f"This address takes {allowed}")), 405, headers)
    outcome = operation_outcome((Issue(exception.detail),), UNKNOWN.code)
    return json_response(outcome, exception.status_code, headers)


def unforeseen() -> Response:
    issue = Issue("Something went wrong here; nothing was changed. Tell the operator the X-Request-Id of this answer")
    return json_response(operation_outcome((issue,), UNKNOWN.code), UNKNOWN.status)
