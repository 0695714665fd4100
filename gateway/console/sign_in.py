"""Signing in and out."""

from __future__ import annotations

import anyio
import structlog
from sqlmodel import Session, select
from starlette.requests import Request
from starlette.responses import Response

from gateway.auth import attempts
from gateway.auth.tables import UserAccount
from gateway.auth.users import account_name, is_password_of
from gateway.console import session
from gateway.console.pages import page, see_other
from gateway.console.visit import Visit, read_form
from gateway.services import Services
from gateway.store.tables import Organisation

WRONG = "That organisation, e-mail address and password do not belong together."
HASHING = anyio.CapacityLimiter(2)
"""Passwords looked at at once: each takes 64 MiB while it lasts."""
log = structlog.get_logger()


async def show(request: Request) -> Response:
    """GET /console/sign-in"""
    services: Services = request.app.state.services
    return _form(request, services, org=request.query_params.get("org", "")[:64])


async def sign_in(request: Request) -> Response:
    """POST /console/sign-in"""
    services: Services = request.app.state.services
    form = await read_form(request)
    session.check_csrf(services.sync.box, request.cookies.get(session.FORM_COOKIE, ""), request.headers, form)
    org, email = form.get("org", "").strip(), account_name(form.get("email", ""))
    key = attempts.attempt_key(org, email, request.client.host if request.client else "")
    now = services.clock()
    if wait := await services.store.session_write(lambda s: attempts.count_try(s, key, now)):
        log.warning("sign_in_paused", org=org[:64])
        minutes = -(-wait // 60)
        said = f"Too many tries. Wait {minutes} minute{'s' if minutes > 1 else ''}, then try again."
        return _form(request, services, 429, {"Retry-After": str(wait)}, org=org, email=email, error=said)
    user = await services.store.session_read(lambda s: _user(s, org, email))
    password = form.get("password", "")
    if not await anyio.to_thread.run_sync(is_password_of, user, password, limiter=HASHING) or user is None:
        log.info("sign_in_refused", org=org[:64])
        return _form(request, services, 401, org=org, email=email, error=WRONG)
    return await _opened(services, user, key)


async def _opened(services: Services, user: UserAccount, key: str) -> Response:
    token, now = session.new_token(services.auth.random), services.clock()

    def write(s: Session) -> None:
        attempts.clear_tries(s, key)
        session.open_session(s, user, token, now)

    await services.store.session_write(write)
    log.info("sign_in", org=user.org, user=user.email)
    response = see_other("/console/")
    session.set_cookie(response, services.settings, session.COOKIE, f"{user.org}.{token}")
    session.drop_cookie(response, services.settings, session.FORM_COOKIE)
    return response


async def sign_out(visit: Visit) -> Response:
    """POST /console/sign-out"""
    await visit.services.store.session_write(lambda s: session.end_session(s, visit.user))
    visit.did("sign out")
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
    csrf = session.csrf_token(services.sync.box, token)
    response = page("sign_in.html", status, headers, csrf=csrf, org=org, email=email, error=error)
    session.set_cookie(response, services.settings, session.FORM_COOKIE, token)
    return response


def _user(session: Session, org: str, email: str) -> UserAccount | None:
    wanted = select(UserAccount).join(Organisation).where(Organisation.slug == org, UserAccount.email == email)
    return session.exec(wanted).first()
