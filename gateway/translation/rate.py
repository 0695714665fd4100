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


class Gate:
    """At most so many calls at once; half as many after each answer that tells of overload, then slowly more again."""

    def __init__(self, places: int) -> None:
        self._most = places
        self._places = float(places)
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def __aenter__(self) -> None:
        while self._taken >= int(self._places):
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                self._call()  # the turn may have come already: it goes to the next
                raise
        self._taken += 1

    async def __aexit__(self, *_: object) -> None:
        self._taken -= 1
        self._call()

    def _call(self) -> None:
        """Tell as many of those who wait as there are free places."""
        free = int(self._places) - self._taken
        while free > 0 and self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                free -= 1

    def told(self, *, is_overloaded: bool) -> None:
        """Additive increase, multiplicative decrease: one more place for every round of calls that went well."""
        if is_overloaded:
            self._places = max(1.0, self._places / 2)
        else:
            self._places = min(float(self._most), self._places + 1 / self._places)
            self._call()


class Pace:
    """Admits the calls of every account, each at its translator's concurrency and rate."""

    def __init__(
        self, reservations: Reservations | None = None, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._reservations = reservations or Windows()
        self._sleep = sleep
        self._gates: PerLoop[Gate] = PerLoop()

    @asynccontextmanager
    async def admitted(self, key: Hashable, concurrency: int, rate: Rate | None) -> AsyncIterator[None]:
        """Waits for a free place and for the time to go; the place is held until the call is over."""
        async with self._gate(key, concurrency):
            if rate is not None and (wait := await self._reservations.reserve(key, rate)) > 0:
                await self._sleep(wait)
            yield

    def told(self, key: Hashable, concurrency: int, *, is_overloaded: bool) -> None:
        """What an answer says of the load there."""
        self._gate(key, concurrency).told(is_overloaded=is_overloaded)

    def _gate(self, key: Hashable, concurrency: int) -> Gate:
        return self._gates.get((key, concurrency), lambda: Gate(concurrency))


SHARED = Pace()
"""The pace of this process: an account's limits hold for all of its runners together."""
