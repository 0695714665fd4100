"""The application: every route of the gateway on one screen."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.administration.routes import ROUTES as ADMIN_ROUTES
from gateway.audit.endpoints import audit_routes
from gateway.audit.watching import Auditing
from gateway.auth.endpoints import ROUTES as AUTH_ROUTES
from gateway.auth.endpoints import smart_discovery
from gateway.bulk.routes import bulk_routes
from gateway.console.routes import ROUTES as CONSOLE_ROUTES
from gateway.cors import BrowserApplications
from gateway.deadline import Deadline
from gateway.envelope import Envelope, database_response, fault_response, http_exception_response
from gateway.faces.plugins import load_faces
from gateway.faces.routes import face_routes, installed_routes
from gateway.faults import Fault
from gateway.interactions.bundle import bundle
from gateway.interactions.capabilities import capabilities
from gateway.interactions.create import create
from gateway.interactions.delete import delete, delete_by_criteria
from gateway.interactions.exchange import endpoint
from gateway.interactions.history import history_of_instance, history_of_system, history_of_type
from gateway.interactions.patch import patch, patch_by_criteria
from gateway.interactions.read import read
from gateway.interactions.search_system import (
    search_compartment,
    search_compartment_by_post,
    search_system,
    search_system_by_post,
)
from gateway.interactions.search_type import search_by_post, search_type
from gateway.interactions.subscription_status import status_of_one, status_of_several
from gateway.interactions.undeclared import undeclared
from gateway.interactions.update import update, update_by_criteria
from gateway.interactions.validate import validate_of_instance, validate_of_type
from gateway.interactions.via import (
    via_capabilities,
    via_operation,
    via_page,
    via_read,
    via_search,
    via_search_by_post,
)
from gateway.interactions.vread import vread
from gateway.operations.everything import everything
from gateway.operations.match import match
from gateway.operations.meta import meta_of_instance, meta_of_system, meta_of_type, meta_of_version
from gateway.operations.meta_changes import meta_add, meta_delete
from gateway.rendering import Rendering
from gateway.routing import at
from gateway.services import Services
from gateway.sync.hooks import receive_hook
from gateway.translation.face import Face

BASE = "/fhir/r4/{org}"
TYPE = BASE + "/{type:type}"
RESOURCE = TYPE + "/{id:id}"
PATIENT = BASE + "/Patient/{id:id}"
VIA = BASE + "/via/{connection}"
OPERATION = "/${operation}"
OF_TYPE = {
    "GET": endpoint(search_type),
    "POST": endpoint(create),
    "PUT": endpoint(update_by_criteria),
    "PATCH": endpoint(patch_by_criteria),
    "DELETE": endpoint(delete_by_criteria),
}
META = {
    BASE: meta_of_system,
    TYPE: meta_of_type,
    RESOURCE: meta_of_instance,
    f"{RESOURCE}/_history/{{vid}}": meta_of_version,
}

ROUTES: list[BaseRoute] = [
    *audit_routes(BASE),
    # Routes are tried in this order; the one asked for most stands first.
    at(RESOURCE, GET=endpoint(read), PUT=endpoint(update), PATCH=endpoint(patch), DELETE=endpoint(delete)),
    at(f"{BASE}/metadata", GET=capabilities),
    at(f"{RESOURCE}/_history/{{vid}}", GET=endpoint(vread)),
    *(at(path, **OF_TYPE) for path in (TYPE, f"{TYPE}/")),
    at(f"{RESOURCE}/_history", GET=endpoint(history_of_instance)),
    at(f"{TYPE}/_history", GET=endpoint(history_of_type)),
    at(f"{BASE}/_history", GET=endpoint(history_of_system)),
    at(f"{TYPE}/_search", POST=endpoint(search_by_post)),
    *(at(path, GET=endpoint(search_system), POST=endpoint(bundle)) for path in (BASE, f"{BASE}/")),
    *AUTH_ROUTES,
    *CONSOLE_ROUTES,
    *ADMIN_ROUTES,
    at(f"{VIA}/metadata", GET=via_capabilities),
    *(at(path, GET=endpoint(via_page)) for path in (VIA, f"{VIA}/")),
    at(f"{VIA}/.well-known/smart-configuration", GET=smart_discovery),
    *(at(path, GET=endpoint(via_search)) for path in (f"{VIA}/{{type:type}}", f"{VIA}/{{type:type}}/")),
    at(f"{VIA}/{{type:type}}/_search", POST=endpoint(via_search_by_post)),
    at(f"{VIA}/{{type:type}}/{{id}}", GET=endpoint(via_read, negotiated=False)),
    at(f"{VIA}/{{type:type}}/{{id}}/${{operation}}", GET=endpoint(via_operation)),
    at("/hooks/{org}/{connection}/{hook}/{token}", POST=receive_hook),
    at(f"{TYPE}/$validate", POST=endpoint(validate_of_type)),
    at(f"{RESOURCE}/$validate", GET=endpoint(validate_of_instance), POST=endpoint(validate_of_instance)),
    at(f"{BASE}/Patient/$match", POST=endpoint(match)),
    at(f"{PATIENT}/$everything", GET=endpoint(everything), POST=endpoint(everything)),
    *(at(f"{place}/$meta", GET=endpoint(of), POST=endpoint(of)) for place, of in META.items()),
    at(f"{RESOURCE}/$meta-add", POST=endpoint(meta_add)),
    at(f"{RESOURCE}/$meta-delete", POST=endpoint(meta_delete)),
    at(f"{BASE}/Subscription/$status", GET=endpoint(status_of_several), POST=endpoint(status_of_several)),
    at(f"{BASE}/Subscription/{{id:id}}/$status", GET=endpoint(status_of_one), POST=endpoint(status_of_one)),
    *bulk_routes(BASE),
    *(at(place + OPERATION, GET=endpoint(undeclared), POST=endpoint(undeclared)) for place in (BASE, TYPE, RESOURCE)),
    at(f"{BASE}/_search", POST=endpoint(search_system_by_post)),
    at(f"{RESOURCE}/{{compartment:type}}", GET=endpoint(search_compartment)),
    at(f"{RESOURCE}/{{compartment:type}}/_search", POST=endpoint(search_compartment_by_post)),
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


def create_app(
    services: Services | None, lifespan: Lifespan | None = None, faces: tuple[Face, ...] | None = None
) -> Starlette:
    """The ASGI application over services that are open already, or that its lifespan opens and puts in place.

    `faces`: None for all that are installed.
    """
    of_faces = installed_routes() if faces is None else face_routes(faces)
    app = Starlette(
        routes=[*ROUTES, *OPERATIONS, *of_faces],
        middleware=[Middleware(layer) for layer in (Envelope, Auditing, Deadline, BrowserApplications, Rendering)],
        exception_handlers={
            Fault: fault_response,
            HTTPException: http_exception_response,
            SQLAlchemyError: database_response,
        },
        lifespan=lifespan,
    )
    # A redirect to the address with or without its last slash would be built from the Host header.
    app.router.redirect_slashes = False
    app.state.faces = load_faces() if faces is None else faces
    if services is not None:
        provide(app, services)
    return app


def provide(app: Starlette, services: Services) -> None:
    """Put the services where handlers find them."""
    app.state.services = services
    app.state.auth = services.auth
