"""What happens to a Subscription on its way into the store: understood or refused, its secrets kept, its owner named.

It runs within the transaction of the write, and its row is written with the resource: one cannot be without the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sqlmodel import Session

from gateway.access.sight import Sight
from gateway.auth.authority import Realm
from gateway.auth.tables import Client
from gateway.auth.verification import Caller
from gateway.definitions.contract import Definitions, Resource
from gateway.faults import Forbidden, NotSupported, Unprocessable
from gateway.search.dates import date_range
from gateway.store import document
from gateway.store.contract import Stored, Transaction
from gateway.subscriptions import visibility
from gateway.subscriptions.channel import Channel, read_channel
from gateway.subscriptions.criteria import Sought, read_criteria
from gateway.subscriptions.lifecycle import ERROR, OFF, drop_events, next_status
from gateway.subscriptions.names import OTHER_RELEASE, SUBSCRIPTION, extensions
from gateway.subscriptions.secrecy import Kept, Secrecy, given_secret, masked, with_secret
from gateway.subscriptions.tables import SubscriptionRow


@dataclass(slots=True)
class Guard:
    """Has the last word on the Subscriptions that one caller writes in one transaction."""

    definitions: Definitions
    secrecy: Secrecy
    allow_private: bool
    realm: Realm
    caller: Caller
    made: dict[str, str] = field(default_factory=dict)
    """Secrets that were made, to be shown once: id → secret."""

    def admitted(self, transaction: Transaction, resource: Resource) -> Resource:
        """What goes into the store. Raises a ClientFault."""
        if resource["resourceType"] != SUBSCRIPTION:
            return resource
        with Session(transaction.connection) as session:
            written = self._admitted(transaction, session, resource)
            session.flush()
            # The transaction is the store's: what the session began ends with it.
            session.expunge_all()
            return written

    def shown(self, stored: Stored) -> Stored:
        """What the writer is answered: with the secret, where it was made just now."""
        secret = self.made.get(stored.id) if stored.type == SUBSCRIPTION else None
        if secret is None:
            return stored
        return replace(stored, body=document.encode(with_secret(document.decode(stored.body), secret)))

    def check_delete(self, transaction: Transaction, type: str, id: str) -> None:
        """Raises Forbidden where the resource is another's."""
        if type == SUBSCRIPTION:
            self.check_own(transaction.read(type, id))

    def check_own(self, stored: Stored | None) -> None:
        """Raises Forbidden where the resource is another's."""
        if stored is not None and not visibility.sees(self.caller, stored):
            raise Forbidden("A Subscription is its own client's; no other may change it", SUBSCRIPTION)

    # --- one Subscription -----------------------------------------------------------------------------------------

    def _admitted(self, tx: Transaction, session: Session, resource: Resource) -> Resource:
        current, row = self._before(tx, session, resource["id"])
        check_extensions(resource)
        sought = read_criteria(self.definitions, resource, base=self.realm.fhir_base, now=tx.now)
        channel = read_channel(resource, allow_private=self.allow_private)
        ends = _ends(resource, tx.now)
        self._check_scopes(session, sought)
        before = self.secrecy.opened(row.secret, row.headers, row.org, row.id) if row else None
        kept = self.secrecy.kept(resource, channel.headers, before)
        if row is None and given_secret(resource) is None:
            self.made[resource["id"]] = kept.secret
        result = masked(resource, kept)
        moved = current is None or current["channel"] != result["channel"] or kept != before
        result["status"] = next_status(resource["status"], current["status"] if current else None, moved=moved)
        result = _with_error(result, current)
        row = session.merge(self._row(row, sought, channel, kept, result, ends))
        if row.status == OFF:
            drop_events(session, row.org, row.id)
        return visibility.owned(result, row.client)

    def _before(self, tx: Transaction, session: Session, id: str) -> tuple[Resource | None, SubscriptionRow | None]:
        stored = tx.read(SUBSCRIPTION, id)
        if stored is None or stored.deleted:
            return None, None
        self.check_own(stored)
        return document.decode(stored.body), session.get(SubscriptionRow, (self.realm.org, id))

    def _check_scopes(self, session: Session, sought: Sought) -> None:
        sight = Sight(self.definitions, self.caller, self.realm.fhir_base, 0)
        for action in "rs":
            if self.caller.user_email is not None or not sight.allows(sought.type, action):
                raise Forbidden(
                    f"The token's scopes do not allow this: it needs system/{sought.type}.rs", "Subscription.criteria"
                )
        if session.get(Client, (self.realm.org, self.caller.client_id)) is None:
            raise Unprocessable("A Subscription belongs to a registered client, which this is not", SUBSCRIPTION)

    def _row(
        self,
        row: SubscriptionRow | None,
        sought: Sought,
        channel: Channel,
        kept: Kept,
        resource: Resource,
        ends: int | None,
    ) -> SubscriptionRow:
        org, id = self.realm.org, resource["id"]
        secret, headers = self.secrecy.sealed(kept, org, id)
        own = row is None or row.client == self.caller.client_id
        return SubscriptionRow(
            org=org,
            id=id,
            slug=self.realm.slug,
            client=row.client if row else self.caller.client_id,
            scopes=row.scopes if row and not own else str(self.caller.scopes),
            status=resource["status"],
            resource_type=sought.type,
            criteria=sought.criteria,
            topic=sought.topic,
            endpoint=channel.endpoint,
            secret=secret,
            headers=headers,
            content=channel.content,
            mime=channel.mime,
            heartbeat=channel.heartbeat,
            timeout=channel.timeout,
            max_count=channel.max_count,
            ends=ends,
        )


def check_extensions(resource: Resource) -> None:
    """Elements of other releases, wherever they stand, and extensions that change what the resource means."""
    if "modifierExtension" in resource:
        raise NotSupported("No modifier extension of a Subscription is known here", "Subscription.modifierExtension")
    for place, element in _elements(SUBSCRIPTION, resource):
        for at, extension in enumerate(extensions(element)):
            if OTHER_RELEASE.search(str(extension.get("url"))):
                advice = "Extensions that stand for elements of another FHIR release are not taken; use the backport's"
                raise NotSupported(advice, f"{place}.extension[{at}]")


def _elements(place: str, value: object) -> list[tuple[str, object]]:
    """The value and all within it, each with its path."""
    found = [(place, value)]
    if isinstance(value, dict):
        for name, part in value.items():
            found += _elements(f"{place}.{name.removeprefix('_')}", part)
    elif isinstance(value, list):
        for at, part in enumerate(value):
            found += _elements(f"{place}[{at}]", part)
    return found


def _ends(resource: Resource, now: int) -> int | None:
    if "end" not in resource:
        return None
    end = date_range(resource["end"])[0]
    if end <= now and resource.get("status") != OFF:
        raise Unprocessable("The end has passed already; write a later one, or none", "Subscription.end")
    return end


def _with_error(resource: Resource, current: Resource | None) -> Resource:
    """The error is the server's to write."""
    result = {name: value for name, value in resource.items() if name != "error"}
    if resource["status"] == ERROR and current is not None and "error" in current:
        result["error"] = current["error"]
    return result
