"""The push workflow: one commit and one connection, patient after patient.

Its database parts and each step of the translator's flow are journaled by DBOS: after a crash it goes on behind the
last step that was done, with the replies it had. What an EMR could not take for now is queued again with a growing
delay; what it refused, and what the gateway itself fails on, waits for a person.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar

from dbos import DBOS, DBOSClient
from dbos import error as dbos_errors

from gateway.auth.authority import Realm
from gateway.faults import Fault
from gateway.store.contract import Store, Transaction
from gateway.sync.deliveries import Ledger
from gateway.sync.journal import durable, unforeseen
from gateway.sync.look import Look, release
from gateway.sync.orders import Order, options
from gateway.sync.patience import Patience
from gateway.sync.push import Begun, Push, Waits
from gateway.sync.runners import Runners
from gateway.telemetry import PUSHES
from gateway.translation.contract import Moment, Pushed, Replies

T = TypeVar("T")
Result = dict[str, Any]
UNCHANGED: Result = {"status": "unchanged"}


class PushWorkflow:
    """Pushes of all connections."""

    def __init__(
        self,
        store: Store,
        push: Push,
        look: Look,
        runners: Runners,
        client: DBOSClient,
        patience: Patience,
        realm: Callable[[Order], Realm],
        moment: Callable[[], Awaitable[Moment]],
    ) -> None:
        self.store = store
        self.push = push
        self.look = look
        self.runners = runners
        self.client = client
        self.patience = patience
        self.realm = realm
        self.moment = moment

    async def run(self, order: Order) -> Result:
        """Push each patient; answers the last one's status and external id."""
        result, waiting, soonest = UNCHANGED, list[str](), float("inf")
        for index, patient in enumerate(order.patients):
            result, again, rest = await self._push_one(order, patient)
            if again is not None:
                waiting.append(patient)
                soonest = min(soonest, again)
            if rest:
                # The EMR is not there for now: the rest would only run into the same.
                waiting += order.patients[index + 1 :]
                break
        if waiting:
            await self._again(replace(order, patients=tuple(waiting)), soonest)
        return result

    async def _push_one(self, order: Order, patient: str) -> tuple[Result, float | None, bool]:
        """The result, in how many seconds to try again, and whether the other patients have to wait as well."""
        try:
            result, again = await self._pushed(order, patient)
            return result, again, False
        except Fault as fault:
            result, again = await self._failed(order, patient, fault)
        except dbos_errors.DBOSException:
            raise
        except Exception as error:
            result, again = await self._failed(order, patient, unforeseen(error, "push"))
        return result, again, again is not None

    async def _pushed(self, order: Order, patient: str) -> tuple[Result, float | None]:
        begun = await self._write("begin", order, lambda tx, holder: self._begin(tx, order, patient, holder))
        if begun is not None and await self._looked(order, begun):
            begun = await self._write("begin anew", order, lambda tx, holder: self._anew(tx, order, patient, holder))
        if begun is None:
            return UNCHANGED, None
        pushed = await self._translate(order, begun)
        waits = await self._write("succeed", order, lambda tx, holder: self._succeed(tx, order, begun, pushed, holder))
        if waits is Waits.REFUSED:
            return {"status": "failed", "reason": pushed.refused}, None
        if waits is None and pushed.external_id is not None:
            return {"status": "completed", "external_id": pushed.external_id}, None
        return {"status": "in-progress"}, self._look_again(order, waits)

    async def _looked(self, order: Order, begun: Begun) -> bool:
        """Whether the EMR's chart was taken first: what the staff there changed is not overwritten."""

        async def look() -> bool:
            realm = self.realm(order)
            runner, _, _ = await self.runners.runner(realm, order.connection)
            return await self.look.taken(realm, order.connection, runner, begun)

        return await durable("look", lambda: self.patience.attempted(look))

    def _anew(self, tx: Transaction, order: Order, patient: str, holder: str) -> Begun | None:
        begun = self._begin(tx, order, patient, holder)
        if begun is None:
            release(tx, self.push.connections, self.realm(order), order.connection, patient, holder)
        return begun

    def _look_again(self, order: Order, waits: Waits | None) -> float | None:
        if waits is Waits.RECOGNISED:
            return 0.0
        left = self.patience.delays[order.attempt - 1 :]
        if waits is Waits.REMAPPED:
            return 0.0 if left else None
        return left[0] if waits is Waits.LOOKED_FOR and left else None

    async def _translate(self, order: Order, begun: Begun) -> Pushed:
        moment = await durable("moment", self.moment)
        runner, translator, account = await self.runners.runner(self.realm(order), order.connection)
        flow = translator.push(account, begun.chart, begun.link, moment)
        ledger = Ledger(self.store, self.push.connections, self.realm(order), order.connection, begun.link.local_id)
        return await runner.run(flow, self._journaled, ledger)

    async def _journaled(self, name: str, attempt: Callable[[], Awaitable[Replies]], repeatable: bool) -> Replies:
        """One step of a flow: made once, remembered, and repeated on its own only where that is safe."""
        return await durable(name, lambda: self.patience.attempted(attempt, repeatable=repeatable))

    async def _failed(self, order: Order, patient: str, fault: Fault) -> tuple[Result, float | None]:
        again = self.patience.delay(order.attempt, fault)
        await self._write("fail", order, lambda tx, holder: self._fail(tx, order, patient, fault, again, holder))
        return {"status": "failed" if again is None else "requested", "reason": str(fault)}, again

    async def _again(self, order: Order, delay: float) -> None:
        later = replace(order, attempt=order.attempt + 1)
        workflow_id = f"{DBOS.workflow_id}-again"

        async def enqueue() -> None:
            wanted = options("push", later, delay, workflow_id)
            wanted["deduplication_id"] = later.purpose
            try:
                await self.client.enqueue_async(wanted, later)
            except dbos_errors.DBOSQueueDeduplicatedError:
                return  # the same attempt is waiting already, made necessary by another write

        await durable("again", enqueue)

    def _begin(self, tx: Transaction, order: Order, patient: str, holder: str) -> Begun | None:
        return self.push.begin(tx, self.realm(order), order.connection, patient, holder, force=order.force)

    def _succeed(self, tx: Transaction, order: Order, begun: Begun, pushed: Pushed, holder: str) -> Waits | None:
        realm = self.realm(order)
        ended = self.push.succeed(tx, realm, order.connection, begun, pushed, order.attempt, holder)
        outcome = "failed" if ended.waits is Waits.REFUSED else "waiting" if ended.waits else "completed"
        PUSHES.labels(ended.translator, outcome).inc()
        return ended.waits

    def _fail(
        self, tx: Transaction, order: Order, patient: str, fault: Fault, again: float | None, holder: str
    ) -> None:
        realm = self.realm(order)
        translator = self.push.fail(tx, realm, order.connection, patient, fault, order.attempt, again, holder)
        PUSHES.labels(translator, "failed" if again is None else "retry").inc()

    async def _write(self, name: str, order: Order, work: Callable[[Transaction, str], T]) -> T:
        """One transaction as a step; `work` is given the workflow's id, which holds the patient's link."""
        holder = DBOS.workflow_id or ""

        async def attempt() -> T:
            return await self.store.write(order.org, lambda tx: work(tx, holder))

        return await durable(name, lambda: self.patience.attempted(attempt))
