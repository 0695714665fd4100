"""Things that belong to one event loop (locks, semaphores), kept per loop.

Web requests and durable workflows may run on different event loops of one process; asyncio's own primitives must not
be shared between them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class PerLoop(Generic[T]):
    """One thing per key and running loop; those of closed loops are forgotten."""

    def __init__(self) -> None:
        self._things: dict[asyncio.AbstractEventLoop, dict[Hashable, T]] = {}

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        if loop not in self._things:
            self._things = {old: kept for old, kept in list(self._things.items()) if not old.is_closed()}
        things = self._things.setdefault(loop, {})
        if key not in things:
            things[key] = make()
        return things[key]
