"""How many calls of one account may be under way at once, in one event loop."""

from __future__ import annotations

import asyncio
from collections import deque


class Gate:
    """At most so many calls at once; half as many after each answer that tells of overload, then slowly more again."""

    def __init__(self, places: int) -> None:
        self._most = places
        self._places = float(places)
        self._taken = 0
        self._hurried: deque[asyncio.Future[None]] = deque()
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def enter(self, *, first: bool = False) -> None:
        """Wait for a free place; `first` stands before those who are not."""
        while self._taken >= int(self._places):
            turn = asyncio.get_running_loop().create_future()
            (self._hurried if first else self._waiting).append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                self._call()  # the turn may have come already: it goes to the next
                raise
        self._taken += 1

    def leave(self) -> None:
        self._taken -= 1
        self._call()

    def _call(self) -> None:
        """Tell as many of those who wait as there are free places."""
        free = int(self._places) - self._taken
        while free > 0 and (self._hurried or self._waiting):
            turn = (self._hurried or self._waiting).popleft()
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
