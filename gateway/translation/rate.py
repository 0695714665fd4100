"""How fast one account may be called: so many calls at once, and so many in a span of time.

The span is a sliding window: a vendor that allows 100 calls a minute never sees 101 within any 60 seconds, which a
token bucket would let through after a pause. Places in the window are reserved without waiting, so that one `Windows`
serves every event loop of the process; a store shared by several nodes can take its place.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from typing import Protocol

from gateway.translation.loops import PerLoop

Rate = tuple[int, float]
"""At most so many calls in so many seconds."""


class Reservations(Protocol):
    """Hands out departure times of the calls of an account."""

    async def reserve(self, key: Hashable, rate: Rate) -> float:
        """Seconds to wait before the call may go out."""


class Windows:
    """Reservations in this process's memory."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._departures: dict[Hashable, deque[float]] = {}
        self._lock = threading.Lock()

    async def reserve(self, key: Hashable, rate: Rate) -> float:
        count, span = rate
        with self._lock:
            now = self._clock()
            window = self._departures.setdefault(key, deque())
            while len(window) > count:
                window.popleft()
            departure = max(now, window[-count] + span) if len(window) == count else now
            window.append(departure)
            return departure - now


class Pace:
    """Admits the calls of every account, each at its translator's concurrency and rate."""

    def __init__(
        self, reservations: Reservations | None = None, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._reservations = reservations or Windows()
        self._sleep = sleep
        self._gates: PerLoop[asyncio.Semaphore] = PerLoop()

    @asynccontextmanager
    async def admitted(self, key: Hashable, concurrency: int, rate: Rate | None) -> AsyncIterator[None]:
        """Waits for a free place and for the time to go; the place is held until the call is over."""
        async with self._gates.get((key, concurrency), lambda: asyncio.Semaphore(concurrency)):
            if rate is not None and (wait := await self._reservations.reserve(key, rate)) > 0:
                await self._sleep(wait)
            yield


SHARED = Pace()
"""The pace of this process: an account's limits hold for all of its runners together."""
