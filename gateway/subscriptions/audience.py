"""What the client of a Subscription may be told: decided before every delivery, as the client is registered by then."""

from __future__ import annotations

from sqlmodel import Session

from gateway.access.seen import SeenConnection
from gateway.access.sight import Sight
from gateway.auth.scopes import Scopes, granted
from gateway.auth.tables import Client
from gateway.auth.verification import Caller
from gateway.definitions.contract import Definitions
from gateway.subscriptions.tables import EventRow, SubscriptionRow


class Refused(Exception):
    """Why a client may no longer be told of resources of the type."""


def sight_of(session: Session, definitions: Definitions, row: SubscriptionRow, *, base: str, now: int) -> Sight:
    """Raises Refused."""
    client = session.get(Client, (row.org, row.client))
    if client is None or client.disabled is not None:
        raise Refused("The client that made this Subscription is disabled or gone")
    scopes = granted(Scopes.parse(row.scopes), Scopes.parse(client.scopes))
    caller = Caller(row.org, row.slug, row.client, scopes, purposes=frozenset(client.purposes.split()))
    sight = Sight(definitions, caller, base, now)
    if not (sight.allows(row.resource_type, "r") and sight.allows(row.resource_type, "s")):
        raise Refused(f"The client's scopes no longer allow this: it needs system/{row.resource_type}.rs")
    return sight


def is_told_of(seen: SeenConnection, event: EventRow) -> bool:
    """Whether it sees the version, and the resource as it is now; of a deletion, what was deleted."""
    found = seen.vread(event.type, event.resource, event.version)
    return found is not None and seen.shows(found, "s")
