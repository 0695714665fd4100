"""A face's docs page: its operations by subject, each with a form that sends it.

The page is made from the description alone and holds nothing of any organisation; a token is typed into it and kept
nowhere. It loads nothing from elsewhere, and its policy forbids that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from gateway.console.pages import HEADERS
from gateway.console.pages import static as console_static
from gateway.translation.face import Face

STATIC = "/docs/static"
FOR_EVER = "public, max-age=31536000, immutable"


class Static(StaticFiles):
    """Files whose address changes with their content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if response.status_code == 200:
            response.headers.update({**HEADERS, "Cache-Control": FOR_EVER})
        return response


def coded(text: str) -> Markup:
    """Text with `code` between backticks, all of it escaped."""
    parts = (
        Markup("<code>{}</code>").format(part) if odd % 2 else escape(part) for odd, part in enumerate(text.split("`"))
    )
    return Markup("").join(parts)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("gateway.faces"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["coded"] = coded
    return made


@cache
def _version(name: str) -> str:
    return hashlib.sha256(files("gateway.faces").joinpath("static", name).read_bytes()).hexdigest()[:12]


def page(face: Face, description: dict[str, Any]) -> str:
    def static(name: str) -> str:
        return f"{face.root}{STATIC}/{name}?v={_version(name)}"

    template = _environment().get_template("docs.html")
    info = {"description": "", **description["info"]}
    tags = [(tag["name"], list(_of(tag["name"], face, description))) for tag in description["tags"]]
    return template.render(info=info, root=face.root, tags=tags, static=static, console=console_static)


def _of(tag: str, face: Face, description: dict[str, Any]) -> Iterator[dict[str, Any]]:
    lead = f"{face.root}/{{{face.org}}}"
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            if tag in operation["tags"]:
                shown = path.removeprefix(lead)
                yield {"method": method.upper(), "path": path, "shown": shown, "operation": operation}
