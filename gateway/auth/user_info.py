"""The userinfo endpoint: what the bearer of a user's token may know of them (OpenID Connect Core, 5.3)."""

from __future__ import annotations

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.auth.bearer import authenticate
from gateway.auth.code_grant import Holder
from gateway.auth.grant_tables import AccessGrant
from gateway.auth.grants import user_of
from gateway.auth.id_token import about_user
from gateway.auth.verification import Caller
from gateway.auth.visit import realm_of
from gateway.faults import Forbidden
from gateway.services import Services


async def user_info(request: Request) -> Response:
    """GET and POST /oauth/{org}/userinfo"""
    services: Services = request.app.state.services
    caller = await authenticate(request, request.path_params["org"])
    realm = await realm_of(request, services)
    holder = await _holder(services, caller)
    return JSONResponse(about_user(realm, holder, str(caller.scopes)))


async def _holder(services: Services, caller: Caller) -> Holder:
    """Raises Forbidden for tokens that are nobody's, or not for this."""

    def read(session: Session) -> Holder | None:
        grant = session.get(AccessGrant, (caller.org, caller.grant or ""))
        user = user_of(session, grant) if grant is not None else None
        return Holder(grant, user) if grant is not None and user is not None else None

    holder = await services.store.session_read(read)
    if holder is None or "openid" not in caller.scopes.plain:
        raise Forbidden("This needs a token that a user granted with the scope openid")
    return holder
