"""What the console answers when something is refused or goes wrong: a page, or a line where htmx asked."""

from __future__ import annotations

import structlog
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import Response

from gateway.console.pages import page
from gateway.faults import Fault
from gateway.outcome import UNKNOWN, answer_for
from gateway.telemetry import frames

TITLES = {403: "Not allowed", 404: "Not found", 405: "Not possible"}
log = structlog.get_logger()


def of_fault(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, Fault)  # noqa: S101 — registered for Fault only
    said = "; ".join(": ".join((*issue.expression, issue.diagnostics)) for issue in fault.issues)
    return answer(request, answer_for(fault).status, said)


def of_http(request: Request, exception: Exception) -> Response:
    assert isinstance(exception, HTTPException)  # noqa: S101 — registered for HTTPException only
    said = "There is nothing at this address." if exception.status_code == 404 else exception.detail
    return answer(request, exception.status_code, said, dict(exception.headers or {}))


def unforeseen(request: Request, error: Exception) -> Response:
    log.error("unforeseen", kind=type(error).__name__, at=frames(error))
    said = f"Something went wrong here and was not done. Its number in the log is {request.scope.get('request_id')}."
    return answer(request, UNKNOWN.status, said)


def answer(request: Request, status: int, said: str, headers: dict[str, str] | None = None) -> Response:
    if "hx-request" in request.headers:
        aside = {"HX-Retarget": "#said", "HX-Reswap": "innerHTML"}
        return page("said.html", status, {**(headers or {}), **aside}, said=said, failed=True)
    return page("error.html", status, headers, title=TITLES.get(status, "That did not work"), said=said)


ERRORS = Middleware(ExceptionMiddleware, handlers={Fault: of_fault, HTTPException: of_http, Exception: unforeseen})
