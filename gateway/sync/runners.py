"""Runners for connections: the account from the database, one guarded HTTP client, and access tokens that all share."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

import anyio
import httpx
from sqlalchemy import Engine
from sqlmodel import Session

from gateway.auth.authority import Realm
from gateway.sync.connections import Connections
from gateway.sync.statements import Statements
from gateway.translation.breaker import Breakers
from gateway.translation.contract import Account, Flow, Translator
from gateway.translation.live import LiveRunner
from gateway.translation.rate import DURABLE, LIVE, SHARED, Pace, Urgency
from gateway.translation.runner import Runner
from gateway.translation.tokens import TokenCache

T = TypeVar("T")
R = TypeVar("R", bound=Runner)


class Runners:
    """Makes a Runner for a connection as it is set up now. Also the live road (services.Live)."""

    def __init__(
        self,
        engine: Engine,
        connections: Connections,
        client: httpx.AsyncClient,
        tokens: TokenCache,
        clock: Callable[[], float] = time.time,
        pace: Pace = SHARED,
    ) -> None:
        self.engine = engine
        self.connections = connections
        self.client = client
        self.tokens = tokens
        self.clock = clock
        self.pace = pace
        self.breakers = Breakers()
        """Of the live road; durable work waits for an EMR as long as it takes."""
        self.statements = Statements()

    async def in_session(self, work: Callable[[Session], T]) -> T:
        """Read configuration in a thread; nothing is committed."""

        def inside() -> T:
            with Session(self.engine) as session:
                return work(session)

        return await anyio.to_thread.run_sync(inside)

    async def runner(
        self, realm: Realm, name: str, request_id: str | None = None, urgency: Urgency = DURABLE
    ) -> tuple[Runner, Translator, Account]:
        """Raises NotFound when the organisation has no such connection."""
        return await self._made(Runner, realm, name, request_id, urgency)

    async def live(
        self, realm: Realm, name: str, request_id: str | None = None
    ) -> tuple[LiveRunner, Translator, Account]:
        """The same for a request that a client waits for."""
        return await self._made(partial(LiveRunner, breakers=self.breakers), realm, name, request_id, LIVE)

    async def _made(
        self, kind: Callable[..., R], realm: Realm, name: str, request_id: str | None, urgency: Urgency
    ) -> tuple[R, Translator, Account]:

        def read(session: Session) -> tuple[Translator, Account]:
            row = self.connections.get(session, realm, name)
            return self.connections.translator(row), self.connections.account(session, realm, row)

        translator, account = await self.in_session(read)
        runner = kind(
            translator,
            account,
            client=self.client,
            tokens=self.tokens,
            clock=self._now,
            nonce=lambda: secrets.token_hex(16),
            request_id=request_id,
            pace=self.pace,
            urgency=urgency,
        )
        return runner, translator, account

    async def run(
        self, realm: Realm, connection: str, flow: Callable[[Translator, Account], Flow[T]], request_id: str
    ) -> T:
        runner, translator, account = await self.live(realm, connection, request_id)
        return await runner.run(flow(translator, account))

    async def translator(self, realm: Realm, connection: str) -> Translator:
        _, translator, _ = await self.runner(realm, connection)
        return translator

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)
