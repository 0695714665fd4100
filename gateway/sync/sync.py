"""Sync as a whole: connections, pushes and pulls, and the DBOS process that works on them.

A process that only writes (an import, a command) builds a Sync and never launches it: what it enqueues waits in the
database. A process that works (serve, `connection pull`) launches it, and beats: a row that says it is alive. One that
stops beating is dead, and whoever notices first takes over its unfinished workflows.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, Protocol

import httpx
import structlog
from dbos import DBOS
from sqlmodel import Session

from gateway.auth.authority import Auth, Realm
from gateway.auth.secrets import SecretBox
from gateway.definitions.contract import Definitions
from gateway.faults import NotFound
from gateway.store.store import SqlStore
from gateway.sync.announcements import Announcements
from gateway.sync.connections import Connections
from gateway.sync.executors import BEAT_S, Executors
from gateway.sync.gaps import Gaps
from gateway.sync.journal import configuration, journal_client
from gateway.sync.outbox import PushOutbox
from gateway.sync.ownership import Ownership
from gateway.sync.pacing import StoredLedger, count_wait
from gateway.sync.pull import Pull
from gateway.sync.push import Push
from gateway.sync.runners import Runners
from gateway.sync.tidying import Tidying
from gateway.sync.tokens import StoredTokens
from gateway.sync.workflows import PULL_QUEUE, PUSH_QUEUE, Patience, Workflows
from gateway.translation.contract import Translator
from gateway.translation.rate import Pace

GRACE_S = 10
"""How long workflows that are under way may go on when the process stops; another one goes on with the rest."""
QUEUE_S = 0.5
"""How often each queue is looked at. A look costs milliseconds, in every process and for ever."""
log = structlog.get_logger()


class DurableWork(Protocol):
    """What another room has done by workflows; DBOS runs once in a process, so it runs here for all."""

    queues: Mapping[str, int]
    """Its queues, and how many workflows of one partition each works on at a time."""

    def register(self) -> None:
        """Give DBOS the workflows, before it is launched."""

    def schedules(self) -> list[dict[str, Any]]: ...


class Sync:
    """Everything about EMRs, over an open store."""

    def __init__(
        self,
        store: SqlStore,
        definitions: Definitions,
        auth: Auth,
        box: SecretBox,
        translators: dict[str, Translator],
        http: httpx.AsyncClient,
        clock: Callable[[], float] = time.time,
        patience: Patience | None = None,
    ) -> None:
        self.store = store
        self.box = box
        self.clock = clock
        self.connections = Connections(translators, auth, box)
        self.pace = Pace(StoredLedger(store, clock), clock=clock, waited=count_wait)
        tokens = StoredTokens(store, box, clock)
        self.runners = Runners(store.engine, self.connections, http, tokens, clock, self.pace)
        self.client = journal_client(store.engine, box)
        self.executors = Executors(store.engine, clock)
        push = Push(self.connections)
        self.workflows = Workflows(
            store,
            self.connections,
            push,
            Pull(store, definitions, self.connections),
            self.runners,
            self.client,
            clock,
            patience or Patience(),
        )
        self.announcements = Announcements(store, self.connections, self.workflows.enqueue, clock)
        self.tidying = Tidying(store, self.connections, push, self.client, clock)
        self.outbox = PushOutbox(self.connections, self.workflows.enqueue_push)
        self.gaps = Gaps(self.connections, self.workflows.enqueue_push)
        self.ownership = Ownership(translators)
        self.others: list[DurableWork] = []

    async def hook(self, realm: Realm, connection: str, hook: str) -> tuple[str, Translator]:
        """The secret part of that webhook's address, and the connection's translator. Raises NotFound."""

        def read(session: Session) -> tuple[str, Translator]:
            row = self.connections.get(session, realm, connection)
            if not self.connections.is_usable(row) or hook not in self.connections.translator(row).webhooks:
                raise NotFound("There is no such webhook")
            return self.connections.hook_token(row), self.connections.translator(row)

        return await self.store.session_read(read)

    @asynccontextmanager
    async def working(self, queues: Sequence[str] | None = None) -> AsyncIterator[None]:
        """Work on the queues, on all where none are named; on `()` only on what this process starts itself."""
        queues = [PUSH_QUEUE, PULL_QUEUE, *self._queues_of_others()] if queues is None else queues
        serves = bool(queues)
        DBOS(config=configuration(self.store.engine, self._url(), self.box, self.executors.id))
        self.workflows.register()
        self.tidying.register()
        for other in self.others:
            other.register()
        DBOS.listen_queues(list(queues))
        await asyncio.to_thread(self.executors.beat, serves)
        DBOS.launch()
        try:
            await self._declare(serves)
            async with _in_background(self._beating(serves)):
                yield
        finally:
            await _destroy(GRACE_S if await self._is_at_work() else 0)
            await self._sign_off()

    async def is_served(self) -> bool:
        """Whether some process works on the queues."""
        return await self.store.session_read(self.executors.is_served)

    def _queues_of_others(self) -> dict[str, int]:
        return {name: at_once for other in self.others for name, at_once in other.queues.items()}

    def _url(self) -> str:
        return self.store.engine.url.render_as_string(hide_password=False)

    async def _declare(self, schedules: bool) -> None:
        for queue, at_once in {PUSH_QUEUE: 1, PULL_QUEUE: 1, **self._queues_of_others()}.items():
            await DBOS.register_queue_async(
                queue, partition_concurrency=at_once, polling_interval_sec=QUEUE_S, on_conflict="always_update"
            )
        if schedules:
            rooms: list[Any] = [self.workflows, self.tidying, *self.others]
            wanted: Any = [schedule for room in rooms for schedule in room.schedules()]
            await DBOS.apply_schedules_async(wanted)

    async def _beating(self, serves: bool) -> None:
        while True:
            try:
                await asyncio.to_thread(self._beat, serves)
            except Exception as error:
                log.error("heartbeat failed", kind=type(error).__name__)
            await asyncio.sleep(BEAT_S)

    def _beat(self, serves: bool) -> None:
        self.executors.beat(serves)
        for executor in self.executors.dead() if serves else ():
            handles = DBOS._recover_pending_workflows([executor])
            self.executors.forget(executor)
            log.warning("took over the work of a dead process", executor=executor, workflows=len(handles))

    async def _sign_off(self) -> None:
        """Leave no row behind, or one that says that there is work to take over."""
        if await self._is_at_work():
            await asyncio.to_thread(self.executors.leave)
        else:
            await asyncio.to_thread(self.executors.forget, self.executors.id)

    async def _is_at_work(self) -> bool:
        mine = await self.client.list_workflows_async(
            status="PENDING", executor_id=self.executors.id, load_input=False, load_output=False, limit=1
        )
        return bool(mine)


@asynccontextmanager
async def _in_background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _destroy(grace: int) -> None:
    """DBOS puts its thread pool behind the loop, with each step anew, and takes it down with itself."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1) as own:
        destroy = partial(DBOS.destroy, destroy_registry=True, workflow_completion_timeout_sec=grace)
        await loop.run_in_executor(own, destroy)
    loop.set_default_executor(ThreadPoolExecutor())
