"""One step of a browser through the authorization pages: what is asked, by whom, and who is there to answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode, urlsplit

import anyio
import structlog
from sqlmodel import Session
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import Response

from gateway.auth import sessions
from gateway.auth.authority import Realm
from gateway.auth.authorization_request import Asked, Declined, seal, unseal
from gateway.auth.forms import read_form
from gateway.auth.grant_tables import IdentityProvider
from gateway.auth.keys import MICROSECONDS
from gateway.auth.pages import page, to_application
from gateway.auth.sessions import SignedIn
from gateway.auth.tables import Client, UserAccount
from gateway.faults import Fault, NotFound
from gateway.outcome import answer_for
from gateway.services import Services
from gateway.store.tables import Organisation

MAX_FIELDS = 300
"""A scope of some two hundred words has a box each."""
AGAIN = frozenset({"login", "select_account"})
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Visit:
    """Where a browser stands. `user` goes with `signed_in`."""

    request: Request
    services: Services
    realm: Realm
    asked: Asked
    client: Client
    org_name: str
    provider: str | None
    signed_in: SignedIn | None
    user: UserAccount | None

    def page(self, template: str, status: int = 200, headers: dict[str, str] | None = None, **values: Any) -> Response:
        shown = {
            "here": self.realm.path,
            "org_name": self.org_name,
            "client_name": self.client.name,
            "sealed": seal(self.services.auth, self.realm, self.asked),
            **values,
        }
        if self.signed_in is not None:
            shown = {"csrf": self.csrf(self.signed_in.token), "email": self.signed_in.email, **shown}
        return page(template, status, headers, target=self.asked.redirect_uri, **shown)

    def csrf(self, token: str) -> str:
        return sessions.csrf_token(self.services.auth.box, token)

    def declined(self, error: str, description: str) -> Declined:
        return Declined(error, description, self.asked.redirect_uri, self.asked.state)

    def asking(self, asked: Asked) -> Visit:
        return replace(self, asked=asked)

    @property
    def must_sign_in(self) -> bool:
        """Nobody is signed in, or the application wants to see it done (OpenID Connect Core, 3.1.2.1)."""
        if self.signed_in is None or self.user is None:
            return True
        age = self.services.clock() - self.signed_in.created
        too_old = self.asked.max_age is not None and age > (self.asked.max_age + 1) * MICROSECONDS
        before = self.signed_in.created < self.asked.issued
        return before and (too_old or bool(self.asked.prompt & AGAIN))


async def arrived(request: Request, services: Services, realm: Realm, asked: Asked, cookie: str | None = None) -> Visit:
    """`cookie` is that of a session just opened; else it is the browser's."""
    cookie = cookie or request.cookies.get(sessions.COOKIE, "")
    now = services.clock()

    def read(session: Session) -> Visit:
        client = session.get(Client, (realm.org, asked.client_id))
        if client is None or client.disabled is not None or asked.redirect_uri not in client.redirect_uris:
            raise NotFound("The application is not registered here any more")
        organisation, provider = session.get_one(Organisation, realm.org), session.get(IdentityProvider, realm.org)
        signed_in = sessions.find_session(session, cookie, now)
        signed_in = signed_in if signed_in is not None and signed_in.org == realm.org else None
        user = session.get(UserAccount, (realm.org, signed_in.email)) if signed_in else None
        name = provider.name if provider else None
        return Visit(request, services, realm, asked, client, organisation.name, name, signed_in, user)

    return await services.store.session_read(read)


async def posted(request: Request) -> tuple[Visit, dict[str, str]]:
    """A form of one of our pages. That it is one of them is for the handler to check, by the right cookie."""
    services: Services = request.app.state.services
    realm = await realm_of(request, services)
    form = await read_form(request, MAX_FIELDS)
    return await arrived(request, services, realm, unseal(services.auth, realm, form.get("request", ""))), form


def check_form(visit: Visit, form: dict[str, str]) -> None:
    """Raises Forbidden for a form that was not made for this session."""
    if visit.signed_in is not None:
        sessions.check_csrf(visit.services.auth.box, visit.signed_in.token, visit.request.headers, form)


async def realm_of(request: Request, services: Services) -> Realm:
    return await anyio.to_thread.run_sync(services.auth.realm, request.path_params["org"])


def decline(realm: Realm, declined: Declined, org_name: str) -> Response:
    """RFC 6749, 4.1.2.1: to the application, or to the person where no application is known."""
    log.info("authorization_declined", org=realm.slug, error=declined.error)
    if declined.redirect_uri is None:
        said = declined.description or "The request is not one that can be answered."
        return page("stopped.html", 400, org_name=org_name, said=said, code=declined.error)
    return to_application(answer_address(realm, declined.redirect_uri, declined.state, _error(declined)))


def answer_address(realm: Realm, redirect_uri: str, state: str | None, answer: dict[str, str]) -> str:
    """With `iss`, so that a client of several servers knows whose answer it is (RFC 9207)."""
    params = {**answer, **({"state": state} if state else {}), "iss": realm.fhir_base}
    return f"{redirect_uri}{'&' if urlsplit(redirect_uri).query else '?'}{urlencode(params)}"


def _error(declined: Declined) -> dict[str, str]:
    described = {"error_description": declined.description} if declined.description else {}
    return {"error": declined.error, **described}


Step = Callable[[Request], Awaitable[Response]]


def step(handler: Step) -> Step:
    """A handler whose Declined becomes its answer."""

    async def serve(request: Request) -> Response:
        try:
            return await handler(request)
        except Declined as declined:
            services: Services = request.app.state.services
            realm = await realm_of(request, services)
            row = await services.store.session_read(lambda session: session.get_one(Organisation, realm.org))
            return decline(realm, declined, row.name)

    serve.__doc__ = handler.__doc__
    return serve


def of_fault(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, Fault)  # noqa: S101 — registered for Fault only
    said = "; ".join(issue.diagnostics for issue in fault.issues)
    return page("stopped.html", answer_for(fault).status, org_name="Crosswalk", said=said, code="")


def of_http(request: Request, exception: Exception) -> Response:
    assert isinstance(exception, HTTPException)  # noqa: S101 — registered for HTTPException only
    headers = dict(exception.headers or {})
    return page(
        "stopped.html", exception.status_code, headers, org_name="Crosswalk", said=f"{exception.detail}.", code=""
    )


ERRORS = Middleware(ExceptionMiddleware, handlers={Fault: of_fault, HTTPException: of_http})
