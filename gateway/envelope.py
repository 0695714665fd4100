"""The outermost layer of every request: its id, headers and log line, and the answer to anything that went wrong."""

from __future__ import annotations

import re
import time
from functools import cache
from uuid import uuid4

import structlog
from prometheus_client import Counter, Histogram
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.faces.refusals import refusal, unforeseen
from gateway.faults import DatabaseBusy, EmrBusy, Fault, Issue, MethodNotAllowed, NotFound, Throttled, Unauthenticated
from gateway.interactions.exchange import json_response
from gateway.interactions.via_answer import BrokenOff
from gateway.outcome import UNKNOWN, operation_outcome
from gateway.services import Services
from gateway.settings import Settings
from gateway.store.trouble import busy, is_passing
from gateway.telemetry import REQUESTS, SECONDS, frames
from gateway.unread import Unread

PLAUSIBLE_ID = re.compile(rb"[A-Za-z0-9._\-]{8,128}")
REQUEST_ID = b"x-request-id"
ALWAYS = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
)
VARIES = (b"vary", b"Accept, Accept-Encoding, Authorization")
"""Beside what else an answer says of it: lists of several field lines are one list (RFC 9110, 5.3)."""
STRICT = (b"strict-transport-security", b"max-age=31536000")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""A client may invent others; metrics do not count each by its name."""
CLOSING = (b"connection", b"close")
CLIENT_GONE = 499
"""Never sent: the client hung up before there was an answer."""
log = structlog.get_logger()


class Envelope:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        id = _request_id(scope["headers"])
        scope["request_id"] = id.decode()
        structlog.contextvars.bind_contextvars(request_id=scope["request_id"])
        started, status = time.perf_counter(), 0

        settings = _settings(scope)
        body = Unread(scope["headers"], receive, (settings.body_seconds or None) if settings is not None else None)

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                await body.take()
                status = message["status"]
                message["headers"] = _complete(message["headers"], id)
                if settings is not None and settings.public_url.startswith("https:"):  # a proxy in front ends the TLS
                    message["headers"].append(STRICT)
                if body.left and scope.get("http_version") == "1.1":
                    message["headers"].append(CLOSING)
            await send(message)

        try:
            await self.app(scope, body.receive, sending)
        except ClientDisconnect:
            status = status or CLIENT_GONE
        except BrokenOff:
            raise  # told already; the server has to break the connection off
        except Exception as error:
            log.error("unforeseen", kind=type(error).__name__, at=frames(error))
            if status:
                raise  # half an answer is on its way: the server has to break the connection off
            await unforeseen(scope)(scope, body.receive, sending)
        finally:
            _account(scope, status, time.perf_counter() - started)
            structlog.contextvars.clear_contextvars()


def _request_id(headers: list[tuple[bytes, bytes]]) -> bytes:
    """The client's own id when it is plausible, else a new one (interfaces.md, 7)."""
    for name, value in headers:
        if name == REQUEST_ID and PLAUSIBLE_ID.fullmatch(value):
            return value
    return str(uuid4()).encode()


def _complete(headers: list[tuple[bytes, bytes]], request_id: bytes) -> list[tuple[bytes, bytes]]:
    present = {name for name, _ in headers}
    always = (header for header in ALWAYS if header[0] not in present)
    return [*headers, (REQUEST_ID, request_id), VARIES, *always]


def _settings(scope: Scope) -> Settings | None:
    """None while the services are not open yet."""
    services: Services | None = getattr(getattr(scope.get("app"), "state", None), "services", None)
    return services.settings if services is not None else None


@cache
def _meters(method: str, template: str, status: int) -> tuple[Counter, Histogram]:
    """Looking them up by their labels takes longer than counting."""
    return REQUESTS.labels(method, template, status), SECONDS.labels(method, template)


def _account(scope: Scope, status: int, seconds: float) -> None:
    method = scope["method"] if scope["method"] in METHODS else "other"
    template = getattr(scope.get("route"), "path", "unmatched")
    answered, took = _meters(method, template, status)
    answered.inc()
    took.observe(seconds)
    log.info("request", method=method, route=template, status=status, ms=round(seconds * 1000, 1))


async def fault_response(request: Request, fault: Exception) -> Response:
    """Every Fault, by the one table of outcome.py. Starlette calls handlers that are not async in a thread."""
    assert isinstance(fault, Fault)  # noqa: S101 — registered for Fault only
    headers = {}
    if isinstance(fault, Unauthenticated):
        headers["WWW-Authenticate"] = fault.challenge
    if isinstance(fault, EmrBusy | DatabaseBusy | Throttled) and fault.after:
        headers["Retry-After"] = str(int(fault.after) + 1)
    return refusal(request.scope, fault, headers)


async def database_response(request: Request, error: Exception) -> Response:
    """What reaches here from sessions of the engine: a DatabaseBusy, when it passes by itself."""
    if not is_passing(error):
        raise error
    log.warning("database busy", kind=type(error).__name__)
    return await fault_response(request, busy())


async def http_exception_response(request: Request, exception: Exception) -> Response:
    """Starlette's own refusals: no such route, method not allowed."""
    assert isinstance(exception, HTTPException)  # noqa: S101 — registered for HTTPException only
    headers = dict(exception.headers or {})
    if exception.status_code == 404:
        return refusal(request.scope, NotFound("There is nothing at this address"), headers)
    if exception.status_code == 405:
        headers["Allow"] = allowed = ", ".join(sorted(headers.get("Allow", "").split(", ")))
        return refusal(request.scope, MethodNotAllowed(f"This address takes {allowed}"), headers)
    outcome = operation_outcome((Issue(exception.detail),), UNKNOWN.code)
    return json_response(outcome, exception.status_code, headers)
