"""The application: every route of the gateway on one screen."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.auth.endpoints import ROUTES as AUTH_ROUTES
from gateway.envelope import Envelope, fault_response, http_exception_response
from gateway.faults import Fault
from gateway.interactions.bundle import bundle
from gateway.interactions.capabilities import capabilities
from gateway.interactions.create import create
from gateway.interactions.delete import delete
from gateway.interactions.exchange import endpoint
from gateway.interactions.read import read
from gateway.interactions.search_type import search_by_post, search_type
from gateway.interactions.update import update
from gateway.interactions.via import via_capabilities, via_read, via_search
from gateway.interactions.vread import vread
from gateway.services import Services
from gateway.sync.hooks import receive_hook

BASE = "/fhir/r4/{org}"
VIA = BASE + "/via/{connection}"

ROUTES: list[BaseRoute] = [
    *AUTH_ROUTES,
    Route(f"{BASE}/metadata", capabilities),
    Route(f"{VIA}/metadata", via_capabilities),
    Route(f"{VIA}/{{type}}", endpoint(via_search), methods=["GET"]),
    Route(f"{VIA}/{{type}}/{{id}}", endpoint(via_read), methods=["GET"]),
    Route(BASE, endpoint(bundle), methods=["POST"]),
    Route(f"{BASE}/", endpoint(bundle), methods=["POST"]),
    Route(f"{BASE}/{{type}}", endpoint(search_type), methods=["GET"]),
    Route(f"{BASE}/{{type}}", endpoint(create), methods=["POST"]),
    Route(f"{BASE}/{{type}}/_search", endpoint(search_by_post), methods=["POST"]),
    Route(f"{BASE}/{{type}}/{{id}}", endpoint(read), methods=["GET"]),
    Route(f"{BASE}/{{type}}/{{id}}", endpoint(update), methods=["PUT"]),
    Route(f"{BASE}/{{type}}/{{id}}", endpoint(delete), methods=["DELETE"]),
    Route(f"{BASE}/{{type}}/{{id}}/_history/{{vid}}", endpoint(vread), methods=["GET"]),
    Route("/hooks/{org}/{connection}/{hook}/{token}", receive_hook, methods=["POST"]),
]

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]


async def healthz(request: Request) -> Response:
    return PlainTextResponse("ok\n")


async def readyz(request: Request) -> Response:
    services: Services = request.app.state.services
    problem = await services.readiness()
    return PlainTextResponse(f"{problem or 'ready'}\n", 503 if problem else 200)


async def metrics(request: Request) -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


OPERATIONS: list[BaseRoute] = [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]


def create_app(services: Services, lifespan: Lifespan | None = None) -> Starlette:
    """The ASGI application over services that are open already; `lifespan` starts and stops what runs beside it."""
    app = Starlette(
        routes=[*OPERATIONS, *ROUTES],
        middleware=[Middleware(Envelope)],
        exception_handlers={Fault: fault_response, HTTPException: http_exception_response},
        lifespan=lifespan,
    )
    app.state.services = services
    app.state.auth = services.auth
    return app
