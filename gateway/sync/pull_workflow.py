"""The pull workflow, and the schedule that queues it for every connection whose time has come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar

from dbos import DBOS, DBOSClient
from sqlmodel import Session, select

from gateway.auth.authority import Realm
from gateway.faults import Fault
from gateway.store.contract import Store, Transaction
from gateway.store.tables import Organisation
from gateway.sync.connections import Connections
from gateway.sync.journal import durable
from gateway.sync.orders import PULL_QUEUE, Order, options, partition_of
from gateway.sync.patience import Patience
from gateway.sync.pull import NOTHING, Counts, PageDone, Pull
from gateway.sync.recalls import Recalls
from gateway.sync.runners import Runners
from gateway.sync.tables import Connection
from gateway.translation.contract import Moment
from gateway.translation.runner import Runner

T = TypeVar("T")
MAX_PAGES = 100_000
LONGEST_WAIT_S = 600.0
DEFAULT_POLL_MINUTES = "60"


class PullWorkflow:
    """Pulls of all connections. Each page is a step of its own."""

    def __init__(
        self,
        store: Store,
        pull: Pull,
        recalls: Recalls,
        runners: Runners,
        patience: Patience,
        realm: Callable[[Order], Realm],
        moment: Callable[[], Awaitable[Moment]],
    ) -> None:
        self.store = store
        self.pull = pull
        self.recalls = recalls
        self.runners = runners
        self.patience = patience
        self.realm = realm
        self.moment = moment

    async def run(self, order: Order) -> dict[str, Any]:
        """Pull until nothing is left; the counts of all pages, and `error` when it was cut short."""
        cursor = await self._write("started", order, lambda tx, realm: self.pull.started(tx, realm, order.connection))
        moment = await durable("moment", self.moment)
        total: Counter[str] = Counter(NOTHING)
        error: str | None = None
        try:
            for _ in range(MAX_PAGES):
                page = await self._page(order, moment, cursor)
                cursor = page.cursor
                total.update(page.counts)
                if not page.more:
                    break
                if page.wait:
                    await DBOS.sleep_async(min(page.wait, LONGEST_WAIT_S))
        except Fault as fault:
            error = str(fault)
        counted = dict(total)
        await self._write(
            "finished", order, lambda tx, realm: self.pull.finished(tx, realm, order.connection, counted, error)
        )
        return {**counted, "error": error} if error else dict(counted)

    async def _page(self, order: Order, moment: Moment, cursor: str | None) -> PageDone:
        async def page() -> PageDone:
            realm = self.realm(order)
            runner, _, _ = await self.runners.runner(realm, order.connection)
            named = await self._named(realm, order, runner, moment)
            types = frozenset(order.types)
            done = await self.pull.page(realm, order.connection, runner, moment, types, cursor)
            return done._replace(counts=dict(Counter(done.counts) + Counter(named)))

        # A page that was journaled before an upgrade may say less.
        return PageDone(*await durable("page", lambda: self.patience.attempted(page)))

    async def _named(self, realm: Realm, order: Order, runner: Runner, moment: Moment) -> Counts:
        """Charts that were asked for by key come with the first page that finds them asked for."""
        if order.types and "Patient" not in order.types:
            return NOTHING
        counts, _ = await self.recalls.fetch(realm, order.connection, runner, moment)
        return counts

    async def _write(self, name: str, order: Order, work: Callable[[Transaction, Realm], T]) -> T:
        async def attempt() -> T:
            return await self.store.write(order.org, lambda tx: work(tx, self.realm(order)))

        return await durable(name, lambda: self.patience.attempted(attempt))


class Polling:
    """Queues pulls: on schedule, and when a webhook says that there is news."""

    def __init__(
        self, connections: Connections, runners: Runners, client: DBOSClient, clock: Callable[[], float]
    ) -> None:
        self.connections = connections
        self.runners = runners
        self.client = client
        self.clock = clock

    async def run(self, scheduled: datetime) -> None:
        """The workflow id makes it one pull per due minute, on however many nodes."""
        for order in await durable("due", self.due):
            await self.enqueue(order, f"poll-{order.slug}-{order.connection}-{scheduled:%Y%m%d%H%M}")

    async def enqueue(self, order: Order, workflow_id: str | None = None, name: str = "pull") -> str:
        """Queue a pull, unless one waits already: that one will bring the news too. Answers the workflow's id."""
        waiting = await self.client.list_queued_workflows_async(
            name=name, queue_name=PULL_QUEUE, status="ENQUEUED", load_input=False, load_output=False
        )
        for workflow in waiting:
            if workflow.queue_partition_key == partition_of(name, order) and not order.types:
                return workflow.workflow_id
        handle = await self.client.enqueue_async(options(name, order, workflow_id=workflow_id), order)  # type: ignore[var-annotated]
        return handle.workflow_id

    async def due(self) -> list[Order]:
        return await self.runners.in_session(self._due)

    def _due(self, session: Session) -> list[Order]:
        now = self.clock() * 1_000_000
        rows = session.exec(select(Connection, Organisation.slug).join(Organisation, Connection.org == Organisation.id))  # type: ignore[arg-type]
        return [Order(row.org, slug, row.name) for row, slug in rows if self._is_due(row, now)]

    def _is_due(self, row: Connection, now: float) -> bool:
        settings = self.connections.effective_settings(row)
        minutes = float(settings.get("poll_minutes", DEFAULT_POLL_MINUTES))
        since = row.pull_started or row.created
        return self.connections.is_usable(row) and settings["pull"] == "true" and now - since >= minutes * 60_000_000
