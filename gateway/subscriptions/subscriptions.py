"""Subscriptions as a whole: what the FHIR face, the store and the process that works on the queues ask of them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

import httpx
from dbos import DBOS
from sqlmodel import Session

from gateway.auth.authority import Realm
from gateway.auth.secrets import SecretBox
from gateway.auth.verification import Caller
from gateway.definitions.contract import Definitions
from gateway.settings import Settings
from gateway.store.contract import Stored
from gateway.store.store import SqlStore
from gateway.subscriptions.admission import Guard
from gateway.subscriptions.delivery import Delivery, error_of
from gateway.subscriptions.lifecycle import ERROR
from gateway.subscriptions.notification import State
from gateway.subscriptions.orders import NOTIFY, NOTIFY_QUEUE, Enqueue, Wake
from gateway.subscriptions.secrecy import Secrecy
from gateway.subscriptions.sending import Sender
from gateway.subscriptions.sweeping import Sweeping
from gateway.subscriptions.tables import ProgressRow, SubscriptionRow
from gateway.subscriptions.witness import SubscriptionWitness
from gateway.sync.journal import durable
from gateway.sync.patience import Patience

MAX_RECOVERIES = 100
ROUNDS = 50
"""Batches of one workflow; then another goes on, so that no journal grows without end."""
A_DAY = Patience(delays=(5, 30, 120, 600, 1800, 3600, 2 * 3600, 4 * 3600, 6 * 3600, 11 * 3600))
"""A little over a day in all."""


class Subscriptions:
    """Over an open store; it is the store's witness from then on."""

    def __init__(
        self,
        store: SqlStore,
        definitions: Definitions,
        settings: Settings,
        box: SecretBox,
        http: httpx.AsyncClient,
        enqueue: Enqueue,
        clock: Callable[[], float] = time.time,
        patience: Patience = A_DAY,
    ) -> None:
        self.store = store
        self.definitions = definitions
        self.settings = settings
        self.enqueue = enqueue
        self.secrecy = Secrecy(box, secrets.token_bytes)
        self.delivery = Delivery(store, definitions, self.secrecy, Sender(http, clock), patience, enqueue, self._base)
        self.sweeping = Sweeping(store, enqueue, clock)
        store.witnesses.append(SubscriptionWitness(definitions, store.database.compile, enqueue, self._base))

    def guard(self, realm: Realm, caller: Caller) -> Guard:
        """For one transaction in which that caller writes."""
        allow_private = self.settings.allow_private_upstreams
        return Guard(self.definitions, self.secrecy, allow_private, realm, caller)

    async def states(self, org: int, found: Sequence[Stored]) -> list[State]:
        """How the Subscriptions stand, for $status."""

        def read(session: Session) -> list[State]:
            return [state for each in found if (state := self._state(session, org, each)) is not None]

        return await self.store.session_read(read)

    # --- the process that works on the queues; see sync.DurableWork ---------------------------------------------------

    queues: Mapping[str, int] = MappingProxyType({NOTIFY_QUEUE: 1})

    def register(self) -> None:
        """DBOS marks the functions that it is given, so it gets a function and not a bound method."""

        async def notify(wake: Wake) -> None:
            await self._notify(wake)

        DBOS.workflow(name=NOTIFY, max_recovery_attempts=MAX_RECOVERIES)(notify)
        self.sweeping.register()

    def schedules(self) -> list[dict[str, Any]]:
        return self.sweeping.schedules()

    async def _notify(self, wake: Wake) -> None:
        for _ in range(ROUNDS):
            if not await durable(wake.purpose, partial(self.delivery.perform, wake)):
                return
            wake = Wake(wake.org, wake.id, "events")
        await durable("again", partial(self.store.write, wake.org, lambda tx: self.enqueue(tx, wake, 0)))

    def _state(self, session: Session, org: int, stored: Stored) -> State | None:
        row = session.get(SubscriptionRow, (org, stored.id))
        if row is None:
            return None
        progress = session.get(ProgressRow, (org, stored.id))
        error = error_of(stored.body) if row.status == ERROR else None
        base, events = self._base(row.slug), progress.events if progress else 0
        return State(base, row.id, row.status, row.topic, row.content, events, error)

    def _base(self, slug: str) -> str:
        return f"{self.settings.public_url}/fhir/r4/{slug}"
