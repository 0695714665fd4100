"""Pages: templates filled in, with the headers that every answer of the console has.

Everything that a template prints is escaped. No page holds a script or style of its own, and the policy forbids them:
text that got past the escaping would still not run.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gateway.console import words

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
HTMX = '{"allowEval":false,"includeIndicatorStyles":false,"historyCacheSize":0,"responseHandling":[{"code":"204","swap":false},{"code":"...","swap":true}]}'  # noqa: E501
"""No inline styles, no eval; answers of every status are shown, where they say themselves."""


@cache
def environment() -> Environment:
    made = Environment(
        loader=PackageLoader("gateway.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(static=static, words=words, htmx_config=HTMX)
    return made


@cache
def static(name: str) -> str:
    """The address of a static file, which changes with its content."""
    content = files("gateway.console").joinpath("static", name).read_bytes()
    return f"/console/static/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"


def page(template: str, status: int = 200, headers: dict[str, str] | None = None, **values: Any) -> Response:
    return HTMLResponse(environment().get_template(template).render(values), status, {**HEADERS, **(headers or {})})


def see_other(address: str) -> Response:
    """To a page of the console, by its path: never built from the Host header."""
    return RedirectResponse(address, 303, HEADERS)
