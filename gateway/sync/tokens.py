"""Access tokens of EMRs in the database, sealed: got once, used by every worker and after every restart."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from sqlmodel import Session

from gateway.auth.secrets import SecretBox
from gateway.store.store import SqlStore
from gateway.sync.tables import AccessToken
from gateway.translation.contract import Token
from gateway.translation.loops import PerLoop
from gateway.translation.tokens import AHEAD, Held, TokenKey

PURPOSE = "emr-access-token"


class StoredTokens:
    """Implements translation.tokens.TokenCache."""

    def __init__(self, store: SqlStore, box: SecretBox, clock: Callable[[], float]) -> None:
        self.store = store
        self.box = box
        self.clock = clock
        self._flights: PerLoop[asyncio.Lock] = PerLoop()

    async def get(self, key: TokenKey, fetch: Callable[[], Awaitable[Token]]) -> Held:
        if (value := await self._fresh(key)) is not None:
            return Held(value, is_new=False)
        async with self._flights.get(key, asyncio.Lock):
            if (value := await self._fresh(key)) is not None:
                return Held(value, is_new=False)
            asked = self.clock()
            token = await fetch()
            await self._keep(key, token, asked)
            return Held(token.value, is_new=True)

    async def drop(self, key: TokenKey, value: str) -> None:
        def forget(session: Session) -> None:
            row = self._row(session, key)
            if row is not None and self._open(row) == value:
                session.delete(row)

        await self.store.session_write(forget)

    async def _fresh(self, key: TokenKey) -> str | None:
        def read(session: Session) -> str | None:
            row = self._row(session, key)
            fresh = row is not None and row.origin == key.origin and self.clock() * 1_000_000 < row.renew
            return self._open(row) if row is not None and fresh else None

        return await self.store.session_read(read)

    async def _keep(self, key: TokenKey, token: Token, asked: float) -> None:
        renew = asked + max(token.expires_in - AHEAD, token.expires_in / 2)
        row = AccessToken(
            org=key.org,
            connection=key.name,
            scope=key.scope,
            origin=key.origin,
            value=self.box.seal(PURPOSE, token.value.encode()),
            renew=int(renew * 1_000_000),
        )

        def write(session: Session) -> None:
            session.merge(row)

        await self.store.session_write(write)

    def _open(self, row: AccessToken) -> str:
        return self.box.open(PURPOSE, row.value).decode()

    @staticmethod
    def _row(session: Session, key: TokenKey) -> AccessToken | None:
        return session.get(AccessToken, (key.org, key.name, key.scope))
