"""The pages of the authorization server: plain HTML without any script, in the console's clothes.

A form's answer can be a redirect to the application, and browsers hold `form-action` against the target of a redirect
too: the policy of each page names the application's origin, or its scheme where it is a native one.
"""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gateway.console.pages import static

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


@cache
def environment() -> Environment:
    made = Environment(
        loader=PackageLoader("gateway.auth"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(static=static)
    return made


def page(
    template: str, status: int = 200, headers: dict[str, str] | None = None, *, target: str = "", **values: Any
) -> Response:
    """`target` is the redirect URI to which the page may lead."""
    text = environment().get_template(template).render(values)
    return HTMLResponse(text, status, {**NO_STORE, "Content-Security-Policy": policy(target), **(headers or {})})


def policy(target: str) -> str:
    parts = (
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        f"form-action 'self' {_origin(target)}".rstrip(),
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
    return "; ".join(parts)


def _origin(target: str) -> str:
    parts = urlsplit(target)
    if parts.scheme in ("http", "https"):
        return f"{parts.scheme}://{parts.netloc}"
    return f"{parts.scheme}:" if parts.scheme else ""


def to_application(address: str) -> Response:
    """303: whatever was posted here, the application is asked by GET."""
    return RedirectResponse(address, 303, NO_STORE)
