"""AuditEvents over HTTP: read and search, for those who administer an organisation; nobody writes one there."""

from __future__ import annotations

from collections.abc import Callable

from sqlmodel import Session
from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.audit.access import decoded
from gateway.audit.rendering import audit_event
from gateway.audit.rows import event
from gateway.audit.searching import AUDIT_EVENT, asked, search
from gateway.auth.scopes import EVERY_TYPE
from gateway.auth.users import Role
from gateway.auth.verification import Caller
from gateway.faults import Forbidden, MethodNotAllowed
from gateway.formats import CONTENT_TYPE
from gateway.interactions.changes import present
from gateway.interactions.exchange import Exchange, endpoint
from gateway.interactions.read import conditional_response
from gateway.interactions.search_type import Params, page_body, plan, posted_params, url_params
from gateway.interactions.subset import subset_of_one
from gateway.routing import at
from gateway.store import document
from gateway.store.contract import Stored

NEEDED = (
    "AuditEvents are for administrators: a client needs the scopes gateway/admin and system/AuditEvent.rs, "
    "a user the role admin and the scope user/AuditEvent.rs"
)

UNWRITABLE = "AuditEvents are written by the gateway alone, and stay as they are"


def audit_routes(base: str) -> list[BaseRoute]:
    """These stand before the routes of every type."""
    place, one = f"{base}/{AUDIT_EVENT}", f"{base}/{AUDIT_EVENT}/{{id:id}}"
    unwritable = dict.fromkeys(("PUT", "PATCH", "DELETE"), endpoint(unwritten))
    return [
        at(one, GET=endpoint(read_event), **unwritable),
        *(
            at(path, GET=endpoint(search_events), POST=endpoint(unwritten), **unwritable)
            for path in (place, f"{place}/")
        ),
        at(f"{place}/_search", POST=endpoint(search_events_by_post)),
        at(f"{one}/_history/1", GET=endpoint(read_event)),
    ]


async def unwritten(exchange: Exchange) -> Response:
    raise MethodNotAllowed(UNWRITABLE)


async def read_event(exchange: Exchange) -> Response:
    """GET [base]/AuditEvent/[id]"""
    check_allowed(exchange, "r")
    subset = subset_of_one(exchange.request.query_params.multi_items())
    services, id = exchange.services, exchange.request.path_params["id"]
    await services.audit.flush()
    stored = present(await services.store.session_read(lambda session: stored_event(exchange, session, id)))
    return conditional_response(exchange.request, stored, subset.body(services.definitions, stored.body))


async def search_events(exchange: Exchange) -> Response:
    """GET [base]/AuditEvent?…"""
    return await _answer(exchange, url_params(exchange))


async def search_events_by_post(exchange: Exchange) -> Response:
    """POST [base]/AuditEvent/_search"""
    check_allowed(exchange, "s")
    return await _answer(exchange, await posted_params(exchange))


async def _answer(exchange: Exchange, params: Params) -> Response:
    check_allowed(exchange, "s")
    find = searched(exchange, params)
    await exchange.services.audit.flush()
    return Response(await exchange.services.store.session_read(find), media_type=CONTENT_TYPE)


def searched(exchange: Exchange, params: Params) -> Callable[[Session], bytes]:
    """Makes the searchset; what is wrong with the search is said at once."""
    planned = plan(exchange, AUDIT_EVENT, params)
    realm, definitions = exchange.realm, exchange.services.definitions
    wanted = asked(definitions, realm.org, exchange.base, realm.public_url, planned.query)
    return lambda session: page_body(exchange, planned, search(session, wanted))


def check_allowed(exchange: Exchange, action: str) -> None:
    """Raises Forbidden."""
    if not (_administers(exchange.caller) and _reaches(exchange.caller, action)):
        raise Forbidden(NEEDED)


def _administers(caller: Caller) -> bool:
    """A client by its scope, a person by their role."""
    return caller.scopes.admin if caller.user_email is None else caller.user_role == Role.ADMIN


def _reaches(caller: Caller, action: str) -> bool:
    context = "system" if caller.user_email is None else "user"
    wide = (each for each in caller.scopes.resources if each.context == context and not each.query)
    return any(each.type in (AUDIT_EVENT, EVERY_TYPE) and action in each.actions for each in wide)


def stored_event(exchange: Exchange, session: Session, id: str) -> Stored | None:
    body = event(session, exchange.realm.org, id)
    if body is None:
        return None
    access = decoded(body)
    made = document.encode(audit_event(access, exchange.realm.public_url))
    return Stored(0, AUDIT_EVENT, access.id, 1, access.at, deleted=False, body=made)
