"""What webhooks announce: one transaction and one queued pull for all that arrive while the one before is under way.

A webhook may be answered once its pull is sure to come, and a thousand may arrive at once. Each waits for the round
that begins after its arrival: a round that is under way may have looked at the queue before the news existed.

Senders that get no answer in time say the same again. Until it is fetched, a chart is asked for once however often it
was named; later it is fetched again, since nobody can tell a repetition from news that sounds alike. A chart that is as
it was makes no version.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from sqlmodel import Session

from gateway.auth.authority import Realm
from gateway.store.store import SqlStore
from gateway.sync import stays, webhooks
from gateway.sync.connections import Connections
from gateway.sync.orders import Order

Enqueue = Callable[[Order, str], Awaitable[object]]
"""(order, workflow): have a process that works on the queues do it, unless one waits already."""


@dataclass(frozen=True, slots=True)
class News:
    """What a webhook has said."""

    hook: str | None
    """The webhook that was heard; None for one that is not known."""
    keys: tuple[str, ...] = ()
    """The charts that it names."""
    pulls: bool = True
    """There may be more news than it names."""


@dataclass(slots=True)
class Round:
    """What arrived for one connection since the last round began."""

    hooks: set[str] = field(default_factory=set)
    keys: dict[str, None] = field(default_factory=dict)
    pulls: bool = False
    done: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Announcements:
    """The webhooks of all connections, as they arrive in this process."""

    def __init__(self, store: SqlStore, connections: Connections, enqueue: Enqueue, clock: Callable[[], float]) -> None:
        self.store = store
        self.connections = connections
        self.enqueue = enqueue
        self.clock = clock
        self._gathering: dict[Order, Round] = {}
        self._under_way: dict[Order, asyncio.Task[None]] = {}

    async def take(self, realm: Realm, connection: str, news: News) -> None:
        """Answers once the news is sure to be fetched; raises what went wrong with that."""
        order = Order(realm.org, realm.slug, connection)
        round = self._gathering.setdefault(order, Round())
        round.hooks.update((news.hook,) if news.hook else ())
        round.keys.update(dict.fromkeys(news.keys))
        round.pulls = round.pulls or news.pulls
        if order not in self._under_way:
            self._under_way[order] = asyncio.create_task(self._rounds(order, realm))
        await asyncio.shield(round.done)

    async def _rounds(self, order: Order, realm: Realm) -> None:
        try:
            while (round := self._gathering.pop(order, None)) is not None:
                try:
                    await self._held(order, realm, round)
                except Exception as error:
                    round.done.set_exception(error)
                else:
                    round.done.set_result(None)
        finally:
            del self._under_way[order]

    async def _held(self, order: Order, realm: Realm, round: Round) -> None:
        now = int(self.clock() * 1_000_000)

        def note(session: Session) -> bool:
            row = self.connections.get(session, realm, order.connection)
            pulls = self.connections.effective_settings(row)["pull"] == "true"
            webhooks.note_seen(session, row.id or 0, round.hooks, now)
            if pulls:
                stays.recall(session, row.id or 0, round.keys, now)
            return pulls

        if await self.store.session_write(note):
            if round.keys:
                await self.enqueue(order, "fetch")
            if round.pulls:
                await self.enqueue(order, "pull")
