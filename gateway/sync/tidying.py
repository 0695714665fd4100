"""What is done now and then: old journals and log lines are deleted, and pushes that came to no end are brought to one.

A push workflow ends in an error only when even its failure could not be written, and is given up by DBOS when its
process went down with it again and again. Its Task would say `in-progress` for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import structlog
from dbos import DBOS, DBOSClient, WorkflowStatus
from sqlalchemy import delete
from sqlmodel import Session, col

from gateway.auth.authority import Realm
from gateway.faces.repeated import KEPT_DAYS, forget_old
from gateway.faults import Fault
from gateway.store.contract import Transaction
from gateway.store.store import SqlStore
from gateway.sync import tasks
from gateway.sync.connections import Connections
from gateway.sync.journal import durable
from gateway.sync.mishaps import Mistake
from gateway.sync.orders import Order
from gateway.sync.push import Push
from gateway.sync.tables import LogEntry

EVERY_TEN_MINUTES = "*/10 * * * *"
JOURNAL_DAYS = 2
LOG_DAYS = 400
AT_ONCE = 500
ENDED = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
BROKEN = ["ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
GIVEN_UP = Mistake("the push was cut off again and again and is given up; push the patient anew once that is mended")
log = structlog.get_logger()


class Tidying:
    """The scheduled clean-up."""

    def __init__(
        self, store: SqlStore, connections: Connections, push: Push, client: DBOSClient, clock: Callable[[], float]
    ) -> None:
        self.store = store
        self.connections = connections
        self.push = push
        self.client = client
        self.clock = clock

    def register(self) -> None:
        async def tidy(scheduled: datetime, context: object) -> None:
            await durable("tidy", self.tidy)

        self.run_tidy = DBOS.workflow(name="tidy")(tidy)

    def schedules(self) -> list[dict[str, Any]]:
        wanted = {"schedule_name": "tidy", "workflow_fn": self.run_tidy, "schedule": EVERY_TEN_MINUTES}
        return [{**wanted, "context": None}]

    async def tidy(self) -> None:
        await self.end_broken_pushes()
        await self.delete_old_journals()
        await self.delete_old_log_lines()
        await self.forget_old_requests()

    async def end_broken_pushes(self) -> None:
        broken = await self.client.list_workflows_async(name="push", status=BROKEN, load_output=False, limit=AT_ONCE)
        for workflow in broken:
            try:
                await self._end(workflow, _order(workflow))
            except Fault as fault:
                log.error("a broken push cannot be told", workflow=workflow.workflow_id, reason=str(fault))
            await self.client.delete_workflows_async([workflow.workflow_id])

    async def _end(self, workflow: WorkflowStatus, order: Order) -> None:
        realm = Realm(order.org, order.slug, self.connections.auth.settings.public_url)

        def work(tx: Transaction) -> None:
            for patient in order.patients:
                if tasks.status(tx, realm, order.connection, patient) in ("requested", "in-progress"):
                    self.push.fail(
                        tx, realm, order.connection, patient, GIVEN_UP, order.attempt, None, workflow.workflow_id
                    )

        await self.store.write(order.org, work)

    async def delete_old_journals(self) -> None:
        """They hold charts, if sealed: what is done is not kept longer than it can be of use."""
        before = datetime.fromtimestamp(self.clock() - JOURNAL_DAYS * 86_400, UTC).isoformat()
        while True:
            old = await self.client.list_workflows_async(
                status=ENDED, completed_before=before, load_input=False, load_output=False, limit=AT_ONCE
            )
            if not old:
                return
            await self.client.delete_workflows_async([workflow.workflow_id for workflow in old])

    async def delete_old_log_lines(self) -> None:
        before = int((self.clock() - LOG_DAYS * 86_400) * 1_000_000)

        def work(session: Session) -> None:
            session.connection().execute(delete(LogEntry).where(col(LogEntry.time) < before))

        await self.store.session_write(work)

    async def forget_old_requests(self) -> None:
        """What requests with an idempotency key were answered."""
        before = int((self.clock() - KEPT_DAYS * 86_400) * 1_000_000)
        await self.store.session_write(lambda session: forget_old(session, before))


def _order(workflow: WorkflowStatus) -> Order:
    inputs: Any = workflow.input
    order: Order = inputs["args"][0]
    return order
