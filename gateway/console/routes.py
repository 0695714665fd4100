"""Every address of the console, and the role that it needs."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from gateway.auth.users import Role
from gateway.console import conflicts, connection, connections, keys, launch, question, sign_in
from gateway.console.errors import ERRORS
from gateway.console.pages import HEADERS, see_other
from gateway.console.visit import for_role

ONE = "/connections/{name}"


class Static(StaticFiles):
    """Files whose address changes with their content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update({**HEADERS, "Cache-Control": "public, max-age=31536000, immutable"})
        return response


async def front_door(request: Request) -> Response:
    return see_other("/console/")


PAGES: list[BaseRoute] = [
    Route("/", for_role(Role.VIEWER, connections.show_all)),
    Route("/sign-in", sign_in.show),
    Route("/sign-in", sign_in.sign_in, methods=["POST"]),
    Route("/sign-out", for_role(Role.VIEWER, sign_in.sign_out), methods=["POST"]),
    Route("/launch", for_role(Role.OPERATOR, launch.show)),
    Route("/launch", for_role(Role.OPERATOR, launch.search_or_launch), methods=["POST"]),
    Route("/keys", for_role(Role.OPERATOR, keys.show)),
    Route(ONE, for_role(Role.VIEWER, connection.show)),
    Route(f"{ONE}/row", for_role(Role.VIEWER, connections.show_row, watching=True)),
    Route(f"{ONE}/log", for_role(Role.VIEWER, connection.older)),
    Route(f"{ONE}/pull", for_role(Role.OPERATOR, connections.pull), methods=["POST"]),
    Route(f"{ONE}/test", for_role(Role.OPERATOR, connections.test), methods=["POST"]),
    Route(f"{ONE}/unlock", for_role(Role.OPERATOR, connection.unlock), methods=["POST"]),
    Route(f"{ONE}/answer", for_role(Role.OPERATOR, question.answer), methods=["POST"]),
    Route(f"{ONE}/conflicts", for_role(Role.VIEWER, conflicts.show)),
    Route(f"{ONE}/conflicts", for_role(Role.OPERATOR, conflicts.settle), methods=["POST"]),
    Route(f"{ONE}/mappings", for_role(Role.OPERATOR, connection.add_mapping), methods=["POST"]),
    Route(f"{ONE}/mappings/remove", for_role(Role.OPERATOR, connection.drop_mapping), methods=["POST"]),
    Mount("/static", Static(packages=[("gateway.console", "static")])),
]
ROUTES: list[BaseRoute] = [
    Route("/console", front_door),
    Mount("/console", Router(PAGES, redirect_slashes=False), middleware=[ERRORS]),
]
