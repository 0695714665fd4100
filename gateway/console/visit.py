"""One request of a signed-in user, and the check that stands before every page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import Response

from gateway.audit.noting import note
from gateway.auth.authority import Realm
from gateway.auth.forms import read_form as read_form
from gateway.auth.users import Role
from gateway.console import session
from gateway.console.pages import HEADERS, page, see_other
from gateway.console.session import SignedIn
from gateway.faults import Forbidden
from gateway.services import Services

SIGN_IN = "/console/sign-in"
MAX_DIGITS = 18
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Visit:
    """Who asks, and for what. `form` is empty unless something is posted."""

    request: Request
    services: Services
    realm: Realm
    user: SignedIn
    form: dict[str, str]

    @property
    def by_htmx(self) -> bool:
        """A part of the page is wanted, not a whole one."""
        return "hx-request" in self.request.headers

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        token = session.csrf_token(self.services.sync.box, self.user.token)
        return page(template, status, user=self.user, csrf=token, may_act=self.reaches(Role.OPERATOR), **values)

    def reaches(self, role: Role) -> bool:
        return self.user.role.reaches(role)

    def number(self, name: str) -> int | None:
        """A whole number from the address; None where there is none."""
        text = self.request.query_params.get(name, "")
        return int(text) if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS else None

    def did(self, what: str, **about: str) -> None:
        """A line for the audit of operators' actions."""
        log.info("console", did=what, org=self.realm.slug, user=self.user.email, **about)


FOR_STAFF = "The console is for an organisation's staff: it tells of every patient's deliveries"
Handler = Callable[[Visit], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


def for_role(role: Role, handler: Handler, *, watching: bool = False) -> Endpoint:
    """An endpoint for users with that role. `watching`: the page asks by itself, which keeps no session alive."""

    async def serve(request: Request) -> Response:
        services: Services = request.app.state.services
        user = await signed_in(request, services)
        if user is None:
            return to_sign_in(request)
        if user.patient is not None:
            raise Forbidden(FOR_STAFF)
        note(request.scope, {"org": user.slug, "user": user.email})
        form = await read_form(request) if request.method == "POST" else {}
        if request.method == "POST":
            session.check_csrf(services.sync.box, user.token, request.headers, form)
        if not user.role.reaches(role):
            raise Forbidden(f"This needs the role {role}; yours is {user.role}")
        if not watching:
            await _touch(services, user)
        realm = Realm(user.org, user.slug, services.settings.public_url)
        return await handler(Visit(request, services, realm, user, form))

    return serve


async def signed_in(request: Request, services: Services) -> SignedIn | None:
    cookie = request.cookies.get(session.COOKIE)
    if cookie is None:
        return None
    now = services.clock()
    return await services.store.session_read(lambda s: session.find_session(s, cookie, now))


async def _touch(services: Services, user: SignedIn) -> None:
    now = services.clock()
    if now - user.seen >= session.TOUCH_US:
        await services.store.session_write(lambda s: session.touch(s, user, now))


def to_sign_in(request: Request) -> Response:
    """The whole page has to go there, also when htmx asked for a part of it."""
    if "hx-request" in request.headers:
        return Response(status_code=401, headers={**HEADERS, "HX-Redirect": SIGN_IN})
    return see_other(SIGN_IN)
