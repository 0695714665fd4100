"""Signing in and out."""

from __future__ import annotations

import structlog
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.audit.noting import note
from gateway.auth import sessions
from gateway.auth.leaving import EVERYWHERE, leave
from gateway.auth.password_sign_in import open_for, try_password
from gateway.auth.tables import UserAccount
from gateway.auth.users import account_name
from gateway.console import session
from gateway.console.pages import page, see_other
from gateway.console.visit import FOR_STAFF, Visit, read_form
from gateway.services import Services

WRONG = "That organisation, e-mail address and password do not belong together."
log = structlog.get_logger()


async def show(request: Request) -> Response:
    """GET /console/sign-in"""
    services: Services = request.app.state.services
    return _form(request, services, org=request.query_params.get("org", "")[:64])


async def sign_in(request: Request) -> Response:
    """POST /console/sign-in"""
    services: Services = request.app.state.services
    form = await read_form(request)
    session.check_csrf(services.auth.box, request.cookies.get(session.FORM_COOKIE, ""), request.headers, form)
    org, email = form.get("org", "").strip(), account_name(form.get("email", ""))
    tried = await try_password(services, request, org, email, form.get("password", ""))
    if tried.wait:
        return _form(request, services, 429, {"Retry-After": str(tried.wait)}, org=org, email=email, error=tried.said)
    if tried.user is None:
        return _form(request, services, 401, org=org, email=email, error=WRONG)
    if tried.user.patient is not None:
        return _form(request, services, 403, org=org, email=email, error=FOR_STAFF)
    return await _opened(services, request, org, tried.user)


async def _opened(services: Services, request: Request, org: str, user: UserAccount) -> Response:
    cookie = f"{user.org}.{await open_for(services, request, org, user)}"
    log.info("console_sign_in", org=user.org, user=user.email)
    response = see_other("/console/")
    session.set_cookie(response, services.settings, session.COOKIE, cookie)
    session.drop_cookie(response, services.settings, session.FORM_COOKIE)
    # Whoever launches an application from the console need not sign in again for it.
    sessions.set_lax_cookie(response, services.settings, f"/oauth/{org}", sessions.COOKIE, cookie)
    return response


async def sign_out(visit: Visit) -> Response:
    """POST /console/sign-out"""
    everywhere, now = EVERYWHERE in visit.form, visit.services.clock()

    def end(s: Session) -> None:
        leave(s, visit.user, everywhere=everywhere, now=now)

    await visit.services.store.session_write(end)
    visit.did("sign out everywhere" if everywhere else "sign out")
    note(visit.request.scope, {"told": EVERYWHERE if everywhere else ""})
    response = see_other("/console/sign-in")
    session.drop_cookie(response, visit.services.settings, session.COOKIE)
    return response


def _form(
    request: Request,
    services: Services,
    status: int = 200,
    headers: dict[str, str] | None = None,
    *,
    org: str = "",
    email: str = "",
    error: str | None = None,
) -> Response:
    token = request.cookies.get(session.FORM_COOKIE) or session.new_token(services.auth.random)
    csrf = session.csrf_token(services.auth.box, token)
    response = page("sign_in.html", status, headers, csrf=csrf, org=org, email=email, error=error)
    session.set_cookie(response, services.settings, session.FORM_COOKIE, token)
    return response
