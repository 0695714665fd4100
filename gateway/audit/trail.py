"""The trail of one process: what happened is in its journal before the answer goes out, and in the database soon after.

What was done is answered for once its line is with the operating system: no end of this process can take it back, and
the disk has it some milliseconds later. Refusals, tokens, sign-ins, exports and changes of the configuration wait for
the disk as well, and with CROSSWALK_AUDIT_SYNC=all everything does. What cannot be written down is not answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import anyio.to_thread
import msgspec
import structlog

from gateway.audit.access import Access, decoded, encoded, floor_of, numbered
from gateway.audit.journal import ROTATED_AT, Journal, Segment, abandoned, files, lines
from gateway.audit.rows import compile_statements, forget_before, organisations, write
from gateway.store.store import SqlStore
from gateway.telemetry import frames

MOVED_EVERY_S = 0.5
SYNCED_WITHIN_S = 0.02
AT_ONCE = 500
TIDIED_EVERY_S = 3600.0
US_PER_DAY = 24 * 3600 * 1_000_000
log = structlog.get_logger(__name__)


class Trail:
    """Where events go. Its files are in `folder`; `clock` tells UTC microseconds."""

    def __init__(
        self, store: SqlStore, folder: Path, clock: Callable[[], int], *, sync_all: bool = False, days: int = 0
    ) -> None:
        self.store = store
        self.clock = clock
        self.sync_all = sync_all
        self._days = days
        self._journal = Journal(folder)
        self._statements = compile_statements(store.database.compile, store.engine.dialect.name)
        self._organisations: dict[str, int] = {}
        self._done: dict[Path, int] = {}
        self._moving = asyncio.Lock()
        self._appended = self._synced = 0
        self._syncing: asyncio.Task[None] | None = None
        self._later: asyncio.TimerHandle | None = None
        self._left: list[Segment] = []
        self._closed = False
        """Nothing is done later any more: the loop may be gone by then."""
        self.new_id = numbered()

    def record(self, *events: Access) -> None:
        """Raises OSError where they cannot be kept."""
        self._journal.append(b"\n".join(map(encoded, events)))
        self._appended += 1
        if self._closed:
            self._journal.sync()
        elif self._later is None:
            self._later = asyncio.get_running_loop().call_later(SYNCED_WITHIN_S, self._sync_by_itself)

    async def secure(self) -> None:
        """Wait until all that is recorded is on the disk; many may wait for one and the same turn of it."""
        target = self._appended
        while self._synced < target:
            await asyncio.shield(self._begin_sync())

    async def flush(self) -> None:
        """All that this machine's processes have recorded so far is in the database."""
        async with self._moving:
            for path in await anyio.to_thread.run_sync(files, self._journal.folder):
                await self._move(path)

    async def close(self) -> None:
        """Everything into the database; what cannot go there stays in the journal, for the next process."""
        self._closed = True
        await self.secure()
        if (segment := self._journal.rotate()) is not None:
            self._left.append(segment)
        with suppress(Exception):
            await self._clear()
        for segment in self._left:
            segment.close()

    @asynccontextmanager
    async def moving(self) -> AsyncIterator[None]:
        """While this holds, events go to the database by themselves, those of processes that died included."""
        mover = asyncio.create_task(self._move_now_and_then(), name="audit")
        try:
            yield
        finally:
            mover.cancel()
            with suppress(asyncio.CancelledError):
                await mover
            await self.close()

    def _sync_by_itself(self) -> None:
        """Nobody waits for this one. It is no task: one that a timer begins in a loop's last turn would never run."""
        self._later = None
        try:
            done = asyncio.get_running_loop().run_in_executor(None, self._journal.sync)
        except RuntimeError:  # the executor of the loop is not there any more at the end of a process
            self._journal.sync()
            return
        done.add_done_callback(partial(self._synced_by_itself, self._appended))

    def _synced_by_itself(self, upto: int, done: asyncio.Future[None]) -> None:
        if done.cancelled():
            return
        if (error := done.exception()) is None:
            self._synced = max(self._synced, upto)
        else:
            log.error("audit events are not on the disk yet", kind=type(error).__name__)

    def _begin_sync(self) -> asyncio.Task[None]:
        if self._later is not None:
            self._later.cancel()
            self._later = None
        if self._syncing is None:
            self._syncing = asyncio.get_running_loop().create_task(self._sync())
        return self._syncing

    async def _sync(self) -> None:
        upto = self._appended
        try:
            await anyio.to_thread.run_sync(self._journal.sync)
            self._synced = max(self._synced, upto)
        finally:
            self._syncing = None

    async def _move_now_and_then(self) -> None:
        tidied = 0.0
        loop = asyncio.get_running_loop()
        while True:
            try:
                await self._clear()
                if self._days and loop.time() - tidied > TIDIED_EVERY_S:
                    await self._tidy()
                    tidied = loop.time()
            except Exception as error:
                log.error("audit events wait in the journal", kind=type(error).__name__, at=frames(error))
            await asyncio.sleep(MOVED_EVERY_S)

    async def _clear(self) -> None:
        """Move what there is, and remove the files that nobody writes to any more."""
        async with self._moving:
            for segment in list(self._left):
                await self._move(segment.path)
                self._remove(segment)
                self._left.remove(segment)
            for path in await anyio.to_thread.run_sync(files, self._journal.folder):
                if path == self._journal.path:
                    await self._move_own(path)
                elif (orphan := abandoned(path)) is not None:
                    await self._move(path)
                    self._remove(orphan)

    async def _move_own(self, path: Path) -> None:
        await self._move(path)
        if self._done.get(path, 0) > ROTATED_AT and (segment := self._journal.rotate()) is not None:
            self._left.append(segment)

    def _remove(self, segment: Segment) -> None:
        segment.remove()
        self._done.pop(segment.path, None)

    async def _move(self, path: Path) -> None:
        for some, end in await anyio.to_thread.run_sync(list, lines(path, self._done.get(path, 0))):
            for start in range(0, len(some), AT_ONCE):
                await self._insert(some[start : start + AT_ONCE])
            self._done[path] = end

    async def _insert(self, some: list[bytes]) -> None:
        accesses = [access for line in some if (access := _readable(line)) is not None]
        if not {access.org for access in accesses} <= self._organisations.keys():
            self._organisations = await self.store.session_read(organisations)
        # What was tried at an organisation that is not there has nobody whom it could be shown.
        events = [(self._organisations[a.org], a) for a in accesses if a.org in self._organisations]
        if events:
            await self.store.database.write(lambda _, driver: write(driver, self._statements, events))

    async def _tidy(self) -> None:
        before = floor_of(self.clock() - self._days * US_PER_DAY)
        await self.store.session_write(lambda session: forget_before(session, before))


def _readable(line: bytes) -> Access | None:
    try:
        return decoded(line)
    except msgspec.DecodeError:
        log.error("a line of the audit journal is damaged", bytes=len(line))
        return None
