"""Access tokens of EMRs in the database, sealed: got once, used by every worker and after every restart."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from functools import partial

import structlog
from sqlmodel import Session

from gateway.auth.secrets import SecretBox
from gateway.faults import EmrBusy, EmrUnreachable, Fault
from gateway.store.store import SqlStore
from gateway.sync import minting
from gateway.sync.minting import FLIGHT_S, EmrToken, Turn
from gateway.telemetry import EMR_TOKENS
from gateway.translation.contract import Token
from gateway.translation.loops import PerLoop
from gateway.translation.tokens import Held, TokenKey, renewal

PURPOSE = "emr-access-token"
POLL_S = 0.1
Flight = asyncio.Task[Held]
Fetch = Callable[[], Awaitable[Token]]
log = structlog.get_logger()


class StoredTokens:
    """Implements translation.tokens.TokenCache.

    A flight looks for the token and, when it is its turn, asks for one. There is one at a time for each token in an
    event loop; it goes on when those who wait for it go away, since a token that was issued and lost is gone from the
    quota.
    """

    def __init__(self, store: SqlStore, box: SecretBox, clock: Callable[[], float], flight_s: float = FLIGHT_S) -> None:
        self.store = store
        self.box = box
        self.clock = clock
        self.flight_s = flight_s
        self._flights: PerLoop[dict[str, Flight]] = PerLoop()
        self._kept: dict[str, tuple[str, float]] = {}
        """Token → its value and until when it is good: what this process has read."""

    async def get(self, key: TokenKey, fetch: Fetch) -> Held:
        value, renew = self._kept.get(key.id, ("", 0.0))
        if value and self.clock() < renew:
            return Held(value, is_new=False)
        return await asyncio.shield(self._flight(key, fetch))

    async def drop(self, key: TokenKey, value: str) -> bool:
        def give_up(session: Session) -> bool:
            row = session.get(EmrToken, key.id)
            is_this = row is not None and row.value is not None and self._open(row.value) == value
            return minting.give_up(session, key, self.clock()) if is_this else True

        if self._kept.get(key.id, ("", 0.0))[0] == value:
            del self._kept[key.id]
        return await self.store.session_write(give_up)

    async def forgive(self, key: TokenKey) -> None:
        await self.store.session_write(lambda session: minting.forgive(session, key))

    def _flight(self, key: TokenKey, fetch: Fetch) -> Flight:
        flights = self._flights.get("flights", dict[str, Flight])
        flight = flights.get(key.id)
        if flight is None:
            flight = flights[key.id] = asyncio.create_task(self._obtained(key, fetch))
            flight.add_done_callback(lambda done: _landed(flights, key.id, done))
        return flight

    async def _obtained(self, key: TokenKey, fetch: Fetch) -> Held:
        """As long as a minter may take, and one that takes over from it."""
        minter = secrets.token_hex(16)
        until = self.clock() + 2 * self.flight_s
        while self.clock() < until:
            turn = await self._turn(key, minter)
            if turn.value is not None:
                return self._read(key, turn)
            if turn.is_mine:
                return await self._minted(key, minter, fetch)
            await asyncio.sleep(POLL_S)
        raise EmrBusy("Other processes of the gateway wait for an access token of this EMR", after=self.flight_s)

    async def _turn(self, key: TokenKey, minter: str) -> Turn:
        """First without the lock of a write: while others mint, most looks find nothing to do."""
        decide = partial(minting.turn, key=key, minter=minter, flight=self.flight_s)
        turn = await self.store.session_read(lambda session: decide(session, now=self.clock()))
        return (
            await self.store.session_write(lambda session: decide(session, now=self.clock())) if turn.is_mine else turn
        )

    def _read(self, key: TokenKey, turn: Turn) -> Held:
        value = self._open(turn.value or "")
        self._kept[key.id] = value, turn.renew
        return Held(value, is_new=False)

    async def _minted(self, key: TokenKey, minter: str, fetch: Fetch) -> Held:
        asked = self.clock()
        try:
            token = await self._fetched(fetch)
        except BaseException as error:
            fault = error if isinstance(error, Fault) else EmrUnreachable("a request for a token was cut off")
            EMR_TOKENS.labels(type(fault).__name__).inc()
            log.warning("no access token", kind=type(fault).__name__, reason=str(fault))
            await self.store.session_write(lambda session: minting.failed(session, key, minter, fault, self.clock()))
            raise
        await self._keep(key, token, asked)
        return Held(token.value, is_new=True)

    async def _fetched(self, fetch: Fetch) -> Token:
        """Within the time that a minter has, so that nobody takes over from one that lives."""
        try:
            async with asyncio.timeout(self.flight_s * 0.8):
                return await fetch()
        except TimeoutError:
            raise EmrUnreachable("The EMR did not issue an access token in time") from None

    async def _keep(self, key: TokenKey, token: Token, asked: float) -> None:
        EMR_TOKENS.labels("issued").inc()
        renew, ends = asked + renewal(token), asked + token.expires_in
        self._kept = {id: kept for id, kept in self._kept.items() if self.clock() < kept[1]}
        self._kept[key.id] = token.value, renew
        sealed = self.box.seal(PURPOSE, token.value.encode())
        await self.store.session_write(lambda session: minting.keep(session, key, sealed, renew, ends))

    def _open(self, sealed: str) -> str:
        return self.box.open(PURPOSE, sealed).decode()


def _landed(flights: dict[str, Flight], id: str, flight: Flight) -> None:
    del flights[id]
    if not flight.cancelled():
        flight.exception()  # told to those who wait, if anybody does
