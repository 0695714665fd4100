"""Sync as a whole: connections, pushes and pulls, and the DBOS process that works on them.

A process that only writes (an import, a command) builds a Sync and never launches it: what it enqueues waits in the
database. A process that works (serve, `connection pull`) launches it, and beats: a row that says it is alive. One that
stops beating is dead, and whoever notices first takes over its unfinished workflows.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import uuid4

import httpx
import structlog
from dbos import DBOS
from sqlalchemy import delete
from sqlmodel import Session, col, select

from gateway.auth.authority import Auth, Realm
from gateway.auth.secrets import SecretBox
from gateway.definitions.contract import Definitions
from gateway.store.store import SqlStore
from gateway.sync.connections import Connections
from gateway.sync.journal import configuration, journal_client
from gateway.sync.outbox import PushOutbox
from gateway.sync.pull import Pull
from gateway.sync.push import Push
from gateway.sync.runners import Runners
from gateway.sync.tables import Executor
from gateway.sync.tokens import StoredTokens
from gateway.sync.workflows import PULL_QUEUE, PUSH_QUEUE, Workflows
from gateway.translation.contract import Translator

BEAT_S = 5.0
DEAD_AFTER_S = 30.0
EACH_MINUTE = {"schedule": "* * * * *", "context": None}
log = structlog.get_logger()


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
    ) -> None:
        self.store = store
        self.box = box
        self.clock = clock
        self.connections = Connections(translators, auth, box)
        self.runners = Runners(store.engine, self.connections, http, StoredTokens(store, box, clock), clock)
        self.client = journal_client(store.engine, box)
        self.pull = Pull(store, definitions, self.connections)
        self.workflows = Workflows(
            store, self.connections, Push(self.connections), self.pull, self.runners, self.client, clock
        )
        self.outbox = PushOutbox(self.connections, self.workflows.enqueue_push)
        self.executor = f"node-{uuid4()}"

    async def hook_token(self, realm: Realm, connection: str, hook: str) -> str | None:
        """The secret part of that webhook's address; None where there is no such webhook."""

        def read(session: Session) -> str | None:
            row = self.connections.get(session, realm, connection)
            known = hook in self.connections.translator(row).webhooks
            return self.connections.hook_token(row) if known else None

        return await self.store.session_read(read)

    @asynccontextmanager
    async def working(self, queues: Sequence[str] = (PUSH_QUEUE, PULL_QUEUE)) -> AsyncIterator[None]:
        """Work on the queues until the context ends; without queues only on what this process starts itself."""
        DBOS(config=configuration(self.store.engine, self._url(), self.box, self.executor))
        self.workflows.register()
        DBOS.listen_queues(list(queues))
        serves = bool(queues)
        await asyncio.to_thread(self._beat, serves)
        DBOS.launch()
        await self._declare(serves)
        beating = asyncio.create_task(self._beating(serves))
        try:
            yield
        finally:
            beating.cancel()
            with suppress(asyncio.CancelledError):
                await beating
            await _destroy()
            await self.store.session_write(lambda session: self._take(session, self.executor))

    async def is_served(self) -> bool:
        """Whether some process works on the queues."""
        limit = int((self.clock() - 3 * BEAT_S) * 1_000_000)
        wanted = select(Executor.id).where(col(Executor.seen) > limit, col(Executor.serves))
        return await self.store.session_read(lambda session: session.exec(wanted).first() is not None)

    def _url(self) -> str:
        return self.store.engine.url.render_as_string(hide_password=False)

    async def _declare(self, schedules: bool) -> None:
        for queue in (PUSH_QUEUE, PULL_QUEUE):
            await DBOS.register_queue_async(
                queue, partition_concurrency=1, polling_interval_sec=0.25, on_conflict="always_update"
            )
        if schedules:
            poll: Any = {"schedule_name": "poll", "workflow_fn": self.workflows.run_poll, **EACH_MINUTE}
            await DBOS.apply_schedules_async([poll])

    async def _beating(self, serves: bool) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            try:
                dead = await asyncio.to_thread(self._beat, serves)
                for executor in dead:
                    log.warning("took over the workflows of a dead process", executor=executor)
                if dead:
                    await asyncio.to_thread(DBOS._recover_pending_workflows, dead)
            except Exception as error:
                log.error("heartbeat failed", kind=type(error).__name__)

    def _beat(self, serves: bool) -> list[str]:
        """Say that this process lives; answers the dead whose work it has thereby taken over."""
        now = int(self.clock() * 1_000_000)
        with Session(self.store.engine) as session:
            session.merge(Executor(id=self.executor, seen=now, serves=serves))
            limit = now - int(DEAD_AFTER_S * 1_000_000)
            dead = list(session.exec(select(Executor.id).where(col(Executor.seen) < limit)))
            taken = [id for id in dead if self._take(session, id)]
            session.commit()
            return taken

    @staticmethod
    def _take(session: Session, executor: str) -> bool:
        taken = session.connection().execute(delete(Executor).where(col(Executor.id) == executor))
        return bool(taken.rowcount == 1)


async def _destroy() -> None:
    """DBOS puts its thread pool behind the loop and takes it down with itself; the loop gets one of its own again."""
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor())
    await asyncio.to_thread(DBOS.destroy, destroy_registry=True, workflow_completion_timeout_sec=10)
