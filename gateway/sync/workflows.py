"""The durable workflows: pushes, pulls, tests and the schedule that starts pulls. The same code runs on every node."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from dbos import DBOS, DBOSClient, WorkflowHandleAsync

from gateway.auth.authority import Realm
from gateway.store.contract import Store, Transaction
from gateway.sync.connections import Connections
from gateway.sync.look import Look
from gateway.sync.orders import PULL_QUEUE, PUSH_QUEUE, Order, options
from gateway.sync.patience import Patience
from gateway.sync.pull import Pull
from gateway.sync.pull_workflow import Polling, PullWorkflow
from gateway.sync.push import Push
from gateway.sync.push_workflow import PushWorkflow
from gateway.sync.recalls import FetchWorkflow, Recalls
from gateway.sync.runners import Runners
from gateway.sync.tables import Connection
from gateway.sync.tested import prove
from gateway.translation.contract import Moment

__all__ = ["PULL_QUEUE", "PUSH_QUEUE", "Order", "Patience", "Workflows"]
EACH_MINUTE = "* * * * *"
MAX_RECOVERIES = 10
"""A workflow that took its process down so often is left to tidying.py."""


class Workflows:
    """Pushes and pulls as DBOS workflows. `register` has to run before DBOS is launched."""

    def __init__(
        self,
        store: Store,
        connections: Connections,
        push: Push,
        pull: Pull,
        runners: Runners,
        client: DBOSClient,
        clock: Callable[[], float],
        patience: Patience,
    ) -> None:
        self.connections = connections
        self.runners = runners
        self.store = store
        self.client = client
        self.clock = clock
        self.pushes = PushWorkflow(store, push, Look(pull), runners, client, patience, self._realm, self._moment)
        recalls = Recalls(pull)
        self.fetches = FetchWorkflow(recalls, runners, patience, self._realm, self._moment)
        self.pulls = PullWorkflow(store, pull, recalls, runners, patience, self._realm, self._moment)
        self.polling = Polling(connections, runners, client, clock)

    def register(self) -> None:
        """DBOS marks the functions that it is given, so it gets functions and not bound methods."""
        store = self.store

        async def push(order: Order) -> dict[str, Any]:
            return await self.pushes.run(order)

        async def pull(order: Order) -> dict[str, Any]:
            return await self.pulls.run(order)

        async def fetch(order: Order) -> dict[str, Any]:
            return await self.fetches.run(order)

        async def test(order: Order) -> dict[str, Any]:
            return await prove(store, self.runners, self._realm(order), order.connection)

        async def poll(scheduled: datetime, context: object) -> None:
            await self.polling.run(scheduled)

        self.run = {
            "push": DBOS.workflow(name="push", max_recovery_attempts=MAX_RECOVERIES)(push),
            "pull": DBOS.workflow(name="pull", max_recovery_attempts=MAX_RECOVERIES)(pull),
            "fetch": DBOS.workflow(name="fetch", max_recovery_attempts=MAX_RECOVERIES)(fetch),
            "test": DBOS.workflow(name="test")(test),
        }
        self.run_poll = DBOS.workflow(name="poll")(poll)

    def schedules(self) -> list[dict[str, Any]]:
        return [{"schedule_name": "poll", "workflow_fn": self.run_poll, "schedule": EACH_MINUTE, "context": None}]

    def enqueue_push(self, tx: Transaction, realm: Realm, row: Connection, patients: list[str], delay: float) -> None:
        """The outbox's way in: the push exists exactly when the transaction commits."""
        order = Order(realm.org, realm.slug, row.name, tuple(patients))
        self.client.enqueue_in_transaction(tx.connection, options("push", order, delay), order)

    async def enqueue_pull(self, order: Order) -> str:
        """Have a process that works on the queues pull; answers the workflow's id."""
        return await self.polling.enqueue(order)

    async def enqueue(self, order: Order, name: str) -> str:
        return await self.polling.enqueue(order, name=name)

    async def now(self, name: str, order: Order) -> dict[str, Any]:
        """Push, pull or test in this process and wait for it. Sync has to be working."""
        handle: WorkflowHandleAsync[dict[str, Any]] = await DBOS.start_workflow_async(self.run[name], order)
        return await handle.get_result()

    async def ask(self, name: str, order: Order) -> dict[str, Any]:
        """Have a process that works on the queues do it, and wait for what it answers."""
        handle: WorkflowHandleAsync[dict[str, Any]] = await self.client.enqueue_async(options(name, order), order)
        return await handle.get_result(polling_interval_sec=0.2)

    def _realm(self, order: Order) -> Realm:
        """Addresses are those of the process that does the work, whoever asked for it."""
        return Realm(order.org, order.slug, self.connections.auth.settings.public_url)

    async def _moment(self) -> Moment:
        return Moment(datetime.fromtimestamp(self.clock(), UTC), secrets.token_hex(16))
