"""When a call may go out: a place among those under way, a permit of the EMR's limit, and an EMR that is open.

Permits come from a ledger that all processes share, a few at a time: a process that asks often gets more of them at
once, so that a busy one writes to the database a few times a second and not for every call. What it does not use in
time is lost, and so is what a process held that died; nobody gets a permit twice.

Who waits is told apart. Behind a durable workflow nobody waits: it may sleep for a minute, and leaves a reserve of
permits alone. Behind a live request a client does: it stands in front of the workflows of its process, may take the
reserve, and is refused with the time to come back rather than left hanging.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from gateway.faults import EmrBusy
from gateway.translation.gate import Gate
from gateway.translation.ledger import Ledger, MemoryLedger, Spot
from gateway.translation.limits import Grant
from gateway.translation.limits import Rate as Rate
from gateway.translation.loops import PerLoop

LOOK_S = 0.5
"""How long a process may not know that another one was told to stop."""


@dataclass(frozen=True, slots=True)
class Urgency:
    """Who waits for a call."""

    patience: float
    """Seconds that it may be held back in all."""
    hurried: bool = False


LIVE = Urgency(5.0, hurried=True)
DURABLE = Urgency(90.0)


@dataclass(slots=True)
class Pocket:
    """The permits that this process holds of one spot, for one kind of caller."""

    permits: int = 0
    until: float = 0.0
    size: int = 1
    """How many to ask for next."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, now: float) -> bool:
        with self.lock:
            if self.permits < 1 or now >= self.until:
                return False
            self.permits -= 1
            return True

    def wanted(self, now: float, most: int) -> int:
        """Twice as many as last time where all of those were used in time, half as many where not."""
        with self.lock:
            in_time = self.permits == 0 and now <= self.until
            self.size = min(most, self.size * 2) if in_time else max(1, self.size // 2)
            return self.size

    def fill(self, grant: Grant) -> None:
        with self.lock:
            if grant.permits:
                self.permits, self.until = grant.permits, grant.until


class Pace:
    """Admits the calls of every account, each at its translator's concurrency and rate."""

    def __init__(
        self,
        ledger: Ledger | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.time,
        waited: Callable[[Spot, float], None] = lambda spot, seconds: None,
    ) -> None:
        self._ledger = ledger or MemoryLedger(clock)
        self.sleep = sleep
        self.now = clock
        self._waited = waited
        """Is told of each wait, for the metrics."""
        self._gates: PerLoop[Gate] = PerLoop()
        self._asking: PerLoop[asyncio.Lock] = PerLoop()
        self._pockets: dict[tuple[str, bool], Pocket] = {}
        self._closed: dict[str, tuple[float, float]] = {}
        """Spot → until when it is closed, and when the ledger was asked for that."""

    @asynccontextmanager
    async def admitted(self, spot: Spot, urgency: Urgency = DURABLE, *, placed: bool = False) -> AsyncIterator[None]:
        """Waits for a free place and for the time to go; the place is held until the call is over.

        `placed`: the caller has a place already.
        """
        began = self.now()
        gate = None if placed else self._gate(spot)
        if gate is not None:
            await self._enter(gate, spot, urgency)
        try:
            await self._permitted(spot, urgency, began)
            yield
        finally:
            if gate is not None:
                gate.leave()

    def told(self, spot: Spot, *, is_overloaded: bool) -> None:
        """What an answer says of the load there."""
        self._gate(spot).told(is_overloaded=is_overloaded)

    async def refused(self, spot: Spot, pause: float | None) -> float:
        """The EMR said that this was one call too many; answers in how many seconds it may be asked again."""
        until = await self._ledger.shut(spot, pause)
        self._closed[spot.key] = (until, self.now())
        return max(0.0, until - self.now())

    async def _enter(self, gate: Gate, spot: Spot, urgency: Urgency) -> None:
        """Workflows wait as long as it takes: each call under way ends by itself."""
        try:
            async with asyncio.timeout(urgency.patience if urgency.hurried else None):
                await gate.enter(first=urgency.hurried)
        except TimeoutError:
            told = f"{spot.title} is slow: as many calls as it may get at once are under way"
            raise EmrBusy(told, after=1.0, unsent=True) from None

    async def _permitted(self, spot: Spot, urgency: Urgency, began: float) -> None:
        try:
            async with asyncio.timeout(urgency.patience if urgency.hurried else None):
                await self._waited_for(spot, urgency, began)
        except TimeoutError:
            raise EmrBusy(self._why(spot), after=1.0, unsent=True) from None

    async def _waited_for(self, spot: Spot, urgency: Urgency, began: float) -> None:
        while (wait := await self._wait(spot, urgency)) > 0:
            if self.now() - began + wait > urgency.patience:
                raise EmrBusy(self._why(spot), after=wait, unsent=True)
            self._waited(spot, wait)
            await self.sleep(wait)

    def _why(self, spot: Spot) -> str:
        if self._closed.get(spot.key, (0.0, 0.0))[0] > self.now():
            return f"{spot.title} takes no calls for now, as it was asked too often"
        return f"What {spot.title} allows, {spot.rule}, is used up for now"

    async def _wait(self, spot: Spot, urgency: Urgency) -> float:
        """Seconds to wait before asking again; 0 when the call may go out."""
        if (closed := await self._is_closed(spot) - self.now()) > 0:
            return closed
        if spot.rule is None or self._take(spot, urgency):
            return 0.0
        async with self._asking.get((spot.key, urgency.hurried), asyncio.Lock):
            if self._take(spot, urgency):
                return 0.0
            pocket = self._pocket(spot, hurried=urgency.hurried)
            wanted = pocket.wanted(self.now(), spot.rule.chunk)
            grant = await self._ledger.grant(spot, spot.rule, wanted, hurried=urgency.hurried)
            pocket.fill(grant)
            return 0.0 if self._take(spot, urgency) else max(grant.wait, 0.001)

    def _take(self, spot: Spot, urgency: Urgency) -> bool:
        """Who hurries may use what the others got."""
        kinds = (False, True) if urgency.hurried else (False,)
        return any(self._pocket(spot, hurried=kind).take(self.now()) for kind in kinds)

    async def _is_closed(self, spot: Spot) -> float:
        until, asked = self._closed.get(spot.key, (0.0, 0.0))
        if self.now() - asked >= LOOK_S:
            until = await self._ledger.closed(spot)
            self._closed[spot.key] = (until, self.now())
        return until

    def _pocket(self, spot: Spot, *, hurried: bool) -> Pocket:
        return self._pockets.setdefault((spot.key, hurried), Pocket())

    def _gate(self, spot: Spot) -> Gate:
        return self._gates.get((*spot.account, spot.concurrency), lambda: Gate(spot.concurrency))


SHARED = Pace()
"""The pace of this process, for runners that are given none."""
