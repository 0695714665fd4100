"""Exports and imports as DBOS workflows: begun where they were enqueued, gone on with after a crash, tidied away.

A step works on some pages. What a page makes is written together with the job's place, so a step that is repeated
goes on behind the last page that was written, and repeats none.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

import structlog
from dbos import DBOS
from prometheus_client import Gauge

from gateway.auth.authority import Realm
from gateway.bulk import jobs
from gateway.bulk.export import Export
from gateway.bulk.importing import Import
from gateway.bulk.orders import AT_ONCE, BULK, Order, options
from gateway.bulk.tables import BulkJob
from gateway.faults import Fault
from gateway.services import Services
from gateway.store.contract import Transaction
from gateway.sync.journal import durable
from gateway.sync.patience import Patience
from gateway.sync.tidying import BROKEN

MAX_RECOVERIES = 20
PAGES_A_STEP = 20
EVERY_FIVE_MINUTES = "*/5 * * * *"
REMOVED_AT_ONCE, JOBS_AT_ONCE = 500, 100
GIVEN_UP = "It was cut off again and again and is given up; ask for it anew"
BULK_JOBS = Gauge("crosswalk_bulk_jobs_unfinished", "Bulk exports and imports that wait or are under way")
log = structlog.get_logger()


class Work(Protocol):
    """One kind of job."""

    async def start(self, job: BulkJob, realm: Realm) -> None: ...

    async def go_on(self, job: BulkJob, realm: Realm) -> bool: ...


class BulkWorkflows:
    """Implements sync.DurableWork."""

    queues: Mapping[str, int] = {BULK: AT_ONCE}

    def __init__(self, services: Services, patience: Patience | None = None) -> None:
        self.services = services
        self.patience = patience or Patience()
        self.kinds: dict[str, Work] = {"export": Export(services), "import": Import(services)}

    def register(self) -> None:
        async def bulk(order: Order) -> None:
            await self.run(order)

        async def tidy(scheduled: datetime, context: object) -> None:
            await durable("tidy", self.tidy)

        DBOS.workflow(name=BULK, max_recovery_attempts=MAX_RECOVERIES)(bulk)
        self.run_tidy = DBOS.workflow(name="bulk-tidy")(tidy)

    def schedules(self) -> list[dict[str, Any]]:
        wanted = {"schedule_name": "bulk-tidy", "workflow_fn": self.run_tidy, "schedule": EVERY_FIVE_MINUTES}
        return [{**wanted, "context": None}]

    async def run(self, order: Order) -> None:
        try:
            await self._step("start", lambda: self.start(order))
            while await self._step("pages", lambda: self.pages(order)):
                pass
        except Fault as fault:
            reason = str(fault)
            await self._step("fail", lambda: self.fail(order, reason))

    async def start(self, order: Order) -> None:
        job = await self._job(order, "accepted")
        if job is not None:
            await self.kinds[job.kind].start(job, self._realm(order))

    async def pages(self, order: Order) -> bool:
        """Whether there is more to do; an ended job is done."""
        for _ in range(PAGES_A_STEP):
            job = await self._job(order, "running")
            if job is None or not await self.kinds[job.kind].go_on(job, self._realm(order)):
                return False
        return True

    async def fail(self, order: Order, reason: str) -> None:
        def work(transaction: Transaction) -> bool:
            return jobs.fail(transaction.connection, order.job, reason)

        if await self.services.store.write(order.org, work):
            log.error("a bulk job failed", job=order.job, reason=reason)

    async def tidy(self) -> None:
        await self.end_broken()
        await self.remove_ended()
        BULK_JOBS.set(await self.services.store.session_read(lambda session: jobs.unfinished(session.connection())))

    async def end_broken(self) -> None:
        broken = await self.services.sync.client.list_workflows_async(
            name=BULK, status=BROKEN, load_input=False, load_output=False, limit=JOBS_AT_ONCE, sort_desc=True
        )
        for workflow in broken:
            id = workflow.workflow_id
            await self.services.store.session_write(lambda session: jobs.fail(session.connection(), id, GIVEN_UP))  # noqa: B023

    async def remove_ended(self) -> None:
        store, now = self.services.store, self.services.clock()
        for id in await store.session_read(lambda session: jobs.ended(session.connection(), now, JOBS_AT_ONCE)):
            while not await store.session_write(
                lambda session: jobs.remove_some(session.connection(), id, REMOVED_AT_ONCE)  # noqa: B023
            ):
                pass

    async def _step(self, name: str, work: Callable[[], Awaitable[Any]]) -> Any:
        return await durable(name, lambda: self.patience.attempted(work))

    async def _job(self, order: Order, status: str) -> BulkJob | None:
        return await self.services.store.session_read(lambda session: jobs.get(session, order.job, status))

    def _realm(self, order: Order) -> Realm:
        return Realm(order.org, order.slug, self.services.settings.public_url)


def enqueue(services: Services, transaction: Transaction, order: Order) -> None:
    """The job is worked on exactly when the transaction that made it commits."""
    services.sync.client.enqueue_in_transaction(transaction.connection, options(order), order)
