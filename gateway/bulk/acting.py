"""An exchange without a request: who a workflow or a command acts for."""

from __future__ import annotations

from starlette.requests import Request

from gateway.auth.authority import Realm
from gateway.auth.scopes import Scopes
from gateway.auth.verification import Caller
from gateway.interactions.exchange import Exchange
from gateway.services import Services

EVERYTHING = Scopes.parse("system/*.cruds")
NO_REQUEST = {"type": "http", "method": "POST", "headers": [], "query_string": b"", "path_params": {}}


def acting(services: Services, realm: Realm, client: str) -> Exchange:
    """The gateway itself, at the request of the client: what an administrator loads, no scope or label holds back."""
    caller = Caller(realm.org, realm.slug, client, EVERYTHING)
    return Exchange(Request(NO_REQUEST), services, realm, caller, unlimited=True)


def acting_for(services: Services, realm: Realm, client: str, scopes: Scopes, purposes: frozenset[str]) -> Exchange:
    """The client, with what it was allowed when it asked."""
    return Exchange(
        Request(NO_REQUEST), services, realm, Caller(realm.org, realm.slug, client, scopes, purposes=purposes)
    )
