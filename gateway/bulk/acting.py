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


def acting(services: Services, realm: Realm, client: str, scopes: Scopes = EVERYTHING) -> Exchange:
    return Exchange(Request(NO_REQUEST), services, realm, Caller(realm.org, realm.slug, client, scopes))
