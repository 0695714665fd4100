"""The durable workflows: pushes, pulls and the schedule that starts pulls. The same code runs on every node.

A push workflow is about one commit and one connection. Its database parts and each step of the translator's flow are
journaled by DBOS: after a crash it goes on behind the last step that was done, with the replies it had. What an EMR
could not take for now is queued again with a growing delay; what it refused waits for a person.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from dbos import DBOS, DBOSClient, EnqueueOptions, WorkflowHandleAsync
from sqlmodel import Session, select

from gateway.auth.authority import Realm
from gateway.faults import Fault
from gateway.store.contract import Store, Transaction
from gateway.store.tables import Organisation
from gateway.sync.connections import Connections
from gateway.sync.journal import REPEATED, journaled
from gateway.sync.probe import test_connection
from gateway.sync.pull import NOTHING, Counts, Pull
from gateway.sync.push import Begun, Push, is_retryable
from gateway.sync.runners import Runners
from gateway.sync.tables import Connection
from gateway.telemetry import PUSHES
from gateway.translation.contract import Moment, Pushed

T = TypeVar("T")
PUSH_QUEUE = "push"
PULL_QUEUE = "pull"
DELAYS = (10, 30, 120, 600, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600)
"""Seconds before each new attempt of a push: a little over a day in all."""
MAX_PAGES = 100_000


@dataclass(frozen=True, slots=True)
class Order:
    """What a workflow is to do, as its queue keeps it."""

    org: int
    slug: str
    connection: str
    patients: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    attempt: int = 1
    force: bool = False


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
    ) -> None:
        self.store = store
        self.connections = connections
        self.push = push
        self.pull = pull
        self.runners = runners
        self.client = client
        self.clock = clock

    def register(self) -> None:
        """DBOS marks the functions that it is given, so it gets functions and not bound methods."""

        async def push(order: Order) -> dict[str, Any]:
            return await self._push(order)

        async def pull(order: Order) -> dict[str, Any]:
            return await self._pull(order)

        async def test(order: Order) -> dict[str, Any]:
            return await test_connection(self.runners, self._realm(order), order.connection)

        async def poll(scheduled: datetime, context: object) -> None:
            await self._poll(scheduled)

        self.run_push = DBOS.workflow(name="push")(push)
        self.run_pull = DBOS.workflow(name="pull")(pull)
        self.run_test = DBOS.workflow(name="test")(test)
        self.run_poll = DBOS.workflow(name="poll")(poll)

    def enqueue_push(self, tx: Transaction, realm: Realm, row: Connection, patients: list[str], delay: float) -> None:
        """The outbox's way in: the push exists exactly when the transaction commits."""
        order = Order(realm.org, realm.slug, row.name, tuple(patients))
        self.client.enqueue_in_transaction(tx.connection, self._options("push", PUSH_QUEUE, order, delay), order)

    async def enqueue_pull(self, order: Order, workflow_id: str | None = None) -> str:
        options = self._options("pull", PULL_QUEUE, order, 0)
        if workflow_id is not None:
            options["workflow_id"] = workflow_id
        handle: WorkflowHandleAsync[dict[str, Any]] = await self.client.enqueue_async(options, order)
        return handle.workflow_id

    async def push_now(self, order: Order) -> dict[str, Any]:
        """Run a push in this process and wait for it. Sync has to be working."""
        handle = await DBOS.start_workflow_async(self.run_push, order)
        return await handle.get_result()

    async def pull_now(self, order: Order) -> dict[str, Any]:
        handle = await DBOS.start_workflow_async(self.run_pull, order)
        return await handle.get_result()

    async def test_now(self, order: Order) -> dict[str, Any]:
        handle = await DBOS.start_workflow_async(self.run_test, order)
        return await handle.get_result()

    async def ask(self, name: str, order: Order) -> dict[str, Any]:
        """Have a process that works on the queues do it, and wait for what it answers."""
        queue = PUSH_QUEUE if name == "push" else PULL_QUEUE
        handle: WorkflowHandleAsync[dict[str, Any]] = await self.client.enqueue_async(
            self._options(name, queue, order, 0), order
        )
        return await handle.get_result(polling_interval_sec=0.2)

    def _realm(self, order: Order) -> Realm:
        """Addresses are those of the process that does the work, whoever asked for it."""
        return Realm(order.org, order.slug, self.connections.auth.settings.public_url)

    def _options(self, name: str, queue: str, order: Order, delay: float) -> EnqueueOptions:
        options: EnqueueOptions = {
            "workflow_name": name,
            "queue_name": queue,
            "queue_partition_key": f"{order.slug}/{order.connection}",
        }
        if delay:
            options["delay_seconds"] = delay
        return options

    async def _push(self, order: Order) -> dict[str, Any]:
        """Push each patient; answers the last one's status and external id."""
        result: dict[str, Any] = {"status": "unchanged"}
        for index, patient in enumerate(order.patients):
            result, again = await self._push_one(order, patient)
            if again:
                # The EMR is not there for now: the rest would only run into the same.
                await self._again(order, order.patients[index:])
                break
        return result

    async def _push_one(self, order: Order, patient: str) -> tuple[dict[str, Any], bool]:
        try:
            begun = await self._step("begin", lambda: self._begin(order, patient, DBOS.workflow_id or ""))
        except Fault as fault:
            return await self._failed(order, patient, fault)
        if begun is None:
            return {"status": "unchanged"}, False
        try:
            pushed = await self._translate(order, begun)
        except Fault as fault:
            return await self._failed(order, patient, fault)
        await self._step("succeed", lambda: self._succeed(order, begun, pushed))
        waiting = pushed.external_id is None
        result = {"status": "in-progress" if waiting else "completed"}
        return (result if waiting else {**result, "external_id": pushed.external_id}), False

    async def _translate(self, order: Order, begun: Begun) -> Pushed:
        moment = await self._step("moment", self._moment)
        runner, translator, account = await self.runners.runner(self._realm(order), order.connection)
        return await runner.run(translator.push(account, begun.chart, begun.link, moment), journaled)

    async def _failed(self, order: Order, patient: str, fault: Fault) -> tuple[dict[str, Any], bool]:
        again = _delay(order.attempt) if is_retryable(fault) else None
        await self._step("fail", lambda: self._fail(order, patient, fault, again))
        return {"status": "failed" if again is None else "requested", "reason": str(fault)}, again is not None

    async def _again(self, order: Order, patients: tuple[str, ...]) -> None:
        later = replace(order, patients=patients, attempt=order.attempt + 1)
        delay = _delay(order.attempt) or DELAYS[-1]
        workflow_id = f"{DBOS.workflow_id}-again"

        async def enqueue() -> None:
            options = self._options("push", PUSH_QUEUE, later, delay)
            options["workflow_id"] = workflow_id
            await self.client.enqueue_async(options, later)

        await self._step("again", enqueue)

    async def _begin(self, order: Order, patient: str, holder: str) -> Begun | None:
        return await self.store.write(
            order.org,
            lambda tx: self.push.begin(tx, self._realm(order), order.connection, patient, holder, force=order.force),
        )

    async def _succeed(self, order: Order, begun: Begun, pushed: Pushed) -> None:
        def work(tx: Transaction) -> None:
            self.push.succeed(tx, self._realm(order), order.connection, begun, pushed, order.attempt)

        await self.store.write(order.org, work)
        PUSHES.labels(order.connection, "completed" if pushed.external_id else "waiting").inc()

    async def _fail(self, order: Order, patient: str, fault: Fault, again: float | None) -> None:
        def work(tx: Transaction) -> None:
            self.push.fail(tx, self._realm(order), order.connection, patient, fault, order.attempt, again)

        await self.store.write(order.org, work)
        PUSHES.labels(order.connection, "failed" if again is None else "retry").inc()

    async def _moment(self) -> Moment:
        return Moment(datetime.fromtimestamp(self.clock(), UTC), secrets.token_hex(16))

    async def _step(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        async def step() -> T:  # DBOS tells coroutine functions from others by inspection
            return await work()

        return await DBOS.run_step_async({"name": name}, step)

    async def _pull(self, order: Order) -> dict[str, Any]:
        """Pull until nothing is left; the counts of all pages. Each page is a step of its own."""
        realm, name = self._realm(order), order.connection
        cursor = await self._step("started", lambda: self._write(realm, lambda tx: self.pull.started(tx, realm, name)))
        total = Counter(NOTHING)
        types, moment = frozenset(order.types), await self._step("moment", self._moment)
        error: str | None = None
        for _ in range(MAX_PAGES):
            try:
                counts, cursor, more = await self._page(realm, name, moment, types, cursor)
            except Fault as fault:
                error = str(fault)
                break
            total.update(counts)
            if not more:
                break
        finished = dict(total)
        await self._step(
            "finished", lambda: self._write(realm, lambda tx: self.pull.finished(tx, realm, name, finished, error))
        )
        return {**finished, "error": error} if error else dict(finished)

    async def _page(
        self, realm: Realm, name: str, moment: Moment, types: frozenset[str], cursor: str | None
    ) -> tuple[Counts, str | None, bool]:
        async def page() -> tuple[Counts, str | None, bool]:
            runner, _, _ = await self.runners.runner(realm, name)
            return await self.pull.page(realm, name, runner, moment, types, cursor)

        return await DBOS.run_step_async({**REPEATED, "name": "page"}, page)

    async def _write(self, realm: Realm, work: Callable[[Transaction], Any]) -> Any:
        return await self.store.write(realm.org, work)

    async def _poll(self, scheduled: datetime) -> None:
        """Queue a pull for every connection whose time has come. The workflow id makes it one per due minute."""
        for realm, name in await self._step("due", self._due):
            await self.enqueue_pull(
                Order(realm.org, realm.slug, name), f"poll-{realm.slug}-{name}-{scheduled:%Y%m%d%H%M}"
            )

    async def _due(self) -> list[tuple[Realm, str]]:
        return await self.runners.in_session(self._due_connections)

    def _due_connections(self, session: Session) -> list[tuple[Realm, str]]:
        now, public_url = self.clock() * 1_000_000, self.connections.auth.settings.public_url
        rows = session.exec(select(Connection, Organisation.slug).join(Organisation, Connection.org == Organisation.id))  # type: ignore[arg-type]
        return [(Realm(row.org, slug, public_url), row.name) for row, slug in rows if self._is_due(row, now)]

    def _is_due(self, row: Connection, now: float) -> bool:
        settings = self.connections.effective_settings(row)
        minutes = float(settings.get("poll_minutes", "60"))
        since = row.pull_started or row.created
        return settings["pull"] == "true" and now - since >= minutes * 60_000_000


def _delay(attempt: int) -> float | None:
    """Seconds until the next attempt; None when all were used up."""
    return DELAYS[attempt - 1] if attempt <= len(DELAYS) else None
