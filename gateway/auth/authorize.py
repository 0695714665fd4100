"""The authorization endpoint and the pages behind it: sign in, choose a patient, decide (SMART App Launch 2.2).

Every step judges anew, from the sealed request and the database, where the visit stands; no page is proof that the
ones before it were seen.
"""

from __future__ import annotations

import anyio
import msgspec
import structlog
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.audit.noting import note
from gateway.auth import consent, launches, patient_choice, sessions
from gateway.auth.authorization_request import judge
from gateway.auth.forms import read_fields
from gateway.auth.grants import Decision, open_grant
from gateway.auth.leaving import EVERYWHERE, leave
from gateway.auth.pages import to_application
from gateway.auth.password_sign_in import open_for, try_password
from gateway.auth.patient_choice import Found, Listing
from gateway.auth.scopes import Scopes
from gateway.auth.tables import UserAccount
from gateway.auth.visit import Visit, answer_address, arrived, check_form, posted, realm_of, step
from gateway.services import Services

MAX_PARAMS = 50
log = structlog.get_logger(__name__)


@step
async def authorize(request: Request) -> Response:
    """GET and POST /oauth/{org}/authorize"""
    services: Services = request.app.state.services
    realm = await realm_of(request, services)
    by_post = request.method == "POST"
    fields = await read_fields(request, MAX_PARAMS) if by_post else request.query_params.multi_items()
    asked = await anyio.to_thread.run_sync(judge, services.auth, realm, fields)
    return await proceed(await arrived(request, services, realm, asked))


@step
async def sign_in(request: Request) -> Response:
    """POST /oauth/{org}/sign-in"""
    visit, form = await posted(request)
    sessions.check_csrf(visit.services.auth.box, request.cookies.get(sessions.FORM_COOKIE, ""), request.headers, form)
    email, org = form.get("email", ""), visit.realm.slug
    tried = await try_password(visit.services, request, org, email, form.get("password", ""))
    if tried.wait:
        return sign_in_page(visit, 429, {"Retry-After": str(tried.wait)}, email=email, error=tried.said)
    if tried.user is None:
        return sign_in_page(visit, 401, email=email, error=tried.said)
    return await signed_in(visit, tried.user)


async def signed_in(visit: Visit, user: UserAccount) -> Response:
    """On with the visit, in a session of its own."""
    cookie = f"{user.org}.{await open_for(visit.services, visit.request, visit.realm.slug, user)}"
    response = await proceed(await arrived(visit.request, visit.services, visit.realm, visit.asked, cookie))
    settings, path = visit.services.settings, visit.realm.path
    sessions.set_lax_cookie(response, settings, path, sessions.COOKIE, cookie)
    sessions.drop_lax_cookie(response, settings, path, sessions.FORM_COOKIE)
    return response


@step
async def sign_out(request: Request) -> Response:
    """POST /oauth/{org}/sign-out"""
    visit, form = await posted(request)
    check_form(visit, form)
    if (leaving := visit.signed_in) is not None:
        everywhere, now = EVERYWHERE in form, visit.services.clock()
        note(request.scope, {"user": leaving.email, "told": EVERYWHERE if everywhere else ""})
        await visit.services.store.session_write(lambda s: leave(s, leaving, everywhere=everywhere, now=now))
    response = await proceed(await arrived(request, visit.services, visit.realm, visit.asked))
    sessions.drop_lax_cookie(response, visit.services.settings, visit.realm.path, sessions.COOKIE)
    return response


@step
async def choose_patient(request: Request) -> Response:
    """POST /oauth/{org}/patient: a search of the picker, or the choice"""
    visit, form = await posted(request)
    check_form(visit, form)
    if visit.must_sign_in or visit.user is None or not consent.may_choose_patients(visit.user):
        return await proceed(visit)
    exchange = patient_choice.looking(visit.services, visit.realm, visit.client, visit.user)
    if (id := form.get("patient")) and visit.asked.launch is None and await patient_choice.one(exchange, id):
        return await proceed(visit.asking(msgspec.structs.replace(visit.asked, patient=id)))
    return picker_page(visit, await patient_choice.search(exchange, form), form)


@step
async def decide(request: Request) -> Response:
    """POST /oauth/{org}/consent"""
    visit, form = await posted(request)
    check_form(visit, form)
    if form.get("decision") == "deny":
        raise visit.declined("access_denied", "The user said no.")
    return await proceed(visit, form if form.get("decision") == "allow" else None)


async def proceed(visit: Visit, allowed: dict[str, str] | None = None) -> Response:
    """The next page, or back to the application; `allowed` is the consent page as the user left it."""
    if visit.must_sign_in or visit.user is None:
        _need_page(visit, "login_required")
        return sign_in_page(visit, email=visit.asked.login_hint)
    user = visit.user
    if visit.asked.email not in (None, user.email):
        raise visit.declined("access_denied", "The launch is another user's.")
    if _has_to_choose(visit, user):
        _need_page(visit, "interaction_required")
        return picker_page(visit, Listing(), {})
    patient = await _patient(visit, user)
    scopes = consent.offered(visit.asked, user, patient.id if patient else None)
    if not consent.gives_access(str(scopes)):
        raise visit.declined("invalid_scope", "Nothing of what is requested can be granted by this user.")
    if allowed is not None:
        return await _granted(visit, user, patient, consent.chosen(scopes, allowed), remember=True)
    return await _consent(visit, user, patient, scopes)


async def _consent(visit: Visit, user: UserAccount, patient: Found | None, scopes: Scopes) -> Response:
    client, asked, email = visit.client, visit.asked, user.email
    if await visit.services.store.session_read(lambda s: consent.is_remembered(s, client, asked, email, scopes)):
        return await _granted(visit, user, patient, str(scopes), remember=False)
    _need_page(visit, "consent_required")
    place = asked.redirect_uri.partition("?")[0]
    return visit.page("consent.html", patient=patient, choices=consent.choices(scopes), place=place)


async def _granted(visit: Visit, user: UserAccount, patient: Found | None, scope: str, *, remember: bool) -> Response:
    if not consent.gives_access(scope):
        raise visit.declined("access_denied", "The user granted nothing.")
    services, asked, org, now = visit.services, visit.asked, visit.realm.org, visit.services.clock()
    decision = _decision(visit, user, patient, scope)

    def write(session: Session) -> str | None:
        if asked.launch is not None and not launches.use(session, org, asked.launch, now=now):
            return None
        if remember:
            consent.remember(session, visit.client, user.email, scope, now)
        return open_grant(session, org, decision, now=now, random=services.auth.random)

    code = await services.store.session_write(write)
    if code is None:
        raise visit.declined("invalid_request", "The launch was used already, or is too old.")
    log.info("authorization_granted", org=visit.realm.slug, client=asked.client_id)
    return to_application(answer_address(visit.realm, asked.redirect_uri, asked.state, {"code": code}))


def _decision(visit: Visit, user: UserAccount, patient: Found | None, scope: str) -> Decision:
    asked, signed_in = visit.asked, visit.signed_in
    assert signed_in is not None  # noqa: S101 — there is a user
    return Decision(
        client_id=asked.client_id,
        email=user.email,
        scope=scope,
        patient=patient.id if patient else None,
        encounter=asked.encounter,
        fhir_user=consent.fhir_user_of(user),
        context=asked.context,
        session=sessions.digest_of(signed_in.token),
        authenticated=signed_in.created,
        redirect_uri=asked.redirect_uri,
        nonce=asked.nonce,
        code_challenge=asked.code_challenge,
    )


def _has_to_choose(visit: Visit, user: UserAccount) -> bool:
    wanted = consent.needs_patient(visit.asked) and visit.asked.patient is None and visit.asked.launch is None
    return wanted and consent.may_choose_patients(user)


async def _patient(visit: Visit, user: UserAccount) -> Found | None:
    """Whom the access is about: the launch's, the chosen one, or the user themselves. Raises Declined."""
    id = visit.asked.patient
    if not consent.may_choose_patients(user):
        if id not in (None, user.patient):
            raise visit.declined("access_denied", "The user has no access to the patient of this launch.")
        id = user.patient if consent.needs_patient(visit.asked) else id
    if id is None:
        return None
    found = await patient_choice.one(patient_choice.looking(visit.services, visit.realm, visit.client, user), id)
    if found is None:
        raise visit.declined("access_denied", "The patient of this launch is not here, or not the user's to see.")
    return found


def _need_page(visit: Visit, error: str) -> None:
    """OpenID Connect Core, 3.1.2.6: with prompt=none, no page is shown."""
    if "none" in visit.asked.prompt:
        raise visit.declined(error, "A page has to be shown to the user.")


def sign_in_page(
    visit: Visit, status: int = 200, headers: dict[str, str] | None = None, *, email: str = "", error: str | None = None
) -> Response:
    services = visit.services
    token = visit.request.cookies.get(sessions.FORM_COOKIE) or sessions.new_token(services.auth.random)
    shown = {"csrf": visit.csrf(token), "email": email, "error": error, "provider": visit.provider}
    response = visit.page("sign_in.html", status, headers, **shown)
    sessions.set_lax_cookie(response, services.settings, visit.realm.path, sessions.FORM_COOKIE, token)
    return response


def picker_page(visit: Visit, listing: Listing, sought: dict[str, str]) -> Response:
    shown = {name: sought.get(name, "") for name in patient_choice.FIELDS}
    searched = any(value.strip() for value in shown.values()) or bool(listing.patients)
    return visit.page("patient.html", listing=listing, sought=shown, searched=searched)
