"""Who may see what: whose a Subscription is.

A Subscription tells where a client listens, so it is its own client's affair, and the administrators'. Its owner
stands in it as a tag, which makes it a matter of the ordinary search index.
"""

from __future__ import annotations

from gateway.auth.verification import Caller
from gateway.definitions.contract import Resource
from gateway.search.query import Condition, Criterion, TokenValue
from gateway.store import document
from gateway.store.contract import Stored
from gateway.subscriptions.names import OWNER, SUBSCRIPTION


def sees(caller: Caller, stored: Stored) -> bool:
    """Whether a caller whose scopes reach the type may know of this very resource."""
    if stored.type != SUBSCRIPTION or caller.scopes.admin or stored.deleted:
        return True
    return owner_of(document.decode(stored.body)) == caller.client_id


def sees_all(caller: Caller, type: str) -> bool:
    """Whether it may look through all resources of the type at once."""
    return type != SUBSCRIPTION or caller.scopes.admin


def only_visible(caller: Caller, type: str) -> tuple[Condition, ...]:
    """What a search of the type has to ask besides."""
    if sees_all(caller, type):
        return ()
    return (Criterion("_tag", "token", "", (TokenValue(OWNER, caller.client_id),)),)


def owner_of(resource: Resource) -> str | None:
    tags = resource.get("meta", {}).get("tag", [])
    return next((tag.get("code") for tag in tags if tag.get("system") == OWNER), None)


def owned(resource: Resource, client: str) -> Resource:
    """A copy that says whose it is, whatever it said."""
    meta = resource.get("meta") or {}
    others = [tag for tag in meta.get("tag", []) if tag.get("system") != OWNER]
    return {**resource, "meta": {**meta, "tag": [*others, {"system": OWNER, "code": client}]}}
