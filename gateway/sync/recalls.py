"""Charts that are fetched by their keys: at once when a webhook named them, with the next pull when they were unlocked.

What is asked for stands in the database until it was applied, so a process that dies forgets none of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from sqlmodel import Session

from gateway.auth.authority import Realm
from gateway.faults import Fault
from gateway.store.contract import Transaction
from gateway.sync import log, stays
from gateway.sync.journal import durable
from gateway.sync.orders import Order
from gateway.sync.patience import Patience
from gateway.sync.pull import NOTHING, Counts, Pull
from gateway.sync.runners import Runners
from gateway.sync.stays import Recall
from gateway.translation.announced import Announcing
from gateway.translation.contract import Account, Moment, PullPage
from gateway.translation.runner import Runner

AT_ONCE = 50
MAX_ROUNDS = 1000


class Recalls:
    """The charts of all connections that wait to be fetched."""

    def __init__(self, pull: Pull) -> None:
        self.pull = pull

    async def fetch(self, realm: Realm, name: str, runner: Runner, moment: Moment) -> tuple[Counts, bool]:
        """Fetch and apply the next ones; what became of them, and whether there may be more."""
        rows, account = await self.pull.store.session_read(lambda session: self._wanted(session, realm, name))
        translator = runner.translator
        if not rows or not isinstance(translator, Announcing):
            return dict(NOTHING), False
        known = self.pull.known(rows[0].connection)
        charts = await runner.run(translator.fetch(account, [row.key for row in rows], known, moment))

        def apply(tx: Transaction, racing: bool) -> Counts:
            # They are no part of what a pull that is under way is about.
            page = PullPage(charts, None, more=False, gone=0)
            counts = self.pull.apply(tx, realm, name, page, None, racing=racing)
            with Session(tx.connection) as session:
                stays.fetched(session, rows[0].connection, rows)
            return counts

        return await self.pull.write(realm, apply), len(rows) == AT_ONCE

    def _wanted(self, session: Session, realm: Realm, name: str) -> tuple[list[Recall], Account]:
        row = self.pull.connections.get(session, realm, name)
        rows = stays.recalled(session, row.id or 0, AT_ONCE)
        session.expunge_all()
        return rows, self.pull.connections.account(session, realm, row)


class FetchWorkflow:
    """Fetches beside a pull that may be long."""

    def __init__(
        self,
        recalls: Recalls,
        runners: Runners,
        patience: Patience,
        realm: Callable[[Order], Realm],
        moment: Callable[[], Awaitable[Moment]],
    ) -> None:
        self.recalls = recalls
        self.runners = runners
        self.patience = patience
        self.realm = realm
        self.moment = moment

    async def run(self, order: Order) -> dict[str, Any]:
        """The counts; what could not be fetched is left to the next pull, with `error`."""
        moment = await durable("moment", self.moment)
        total: Counter[str] = Counter(NOTHING)
        try:
            for _ in range(MAX_ROUNDS):
                counts, more = await self._round(order, moment)
                total.update(counts)
                if not more:
                    break
        except Fault as fault:
            said = str(fault)
            await durable("failed", lambda: self._failed(order, said))
            return {**total, "error": said}
        return dict(total)

    async def _round(self, order: Order, moment: Moment) -> tuple[Counts, bool]:
        async def fetch() -> tuple[Counts, bool]:
            realm = self.realm(order)
            runner, _, _ = await self.runners.runner(realm, order.connection)
            return await self.recalls.fetch(realm, order.connection, runner, moment)

        return await durable("fetch", lambda: self.patience.attempted(fetch))

    async def _failed(self, order: Order, reason: str) -> None:
        def write(session: Session) -> None:
            row = self.recalls.pull.connections.get(session, self.realm(order), order.connection)
            now = int(self.runners.clock() * 1_000_000)
            log.write(session, row, now, direction="pull", operation="fetch", status="failed", detail=reason)

        await self.recalls.pull.store.session_write(write)
