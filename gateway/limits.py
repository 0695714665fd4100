"""What one caller may ask of a process: so often, so much at once, and so many wrong credentials from one address.

All of it is generous: it is there for loops that ran wild and for guessing, not to sell quotas. Each process counts for
itself. An address is the peer's: behind a proxy it is the proxy's, and what it bounds is all guessing together; whoever
comes with a token that is known already is not held up by others who guess.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from gateway.faults import Throttled

UNDER_WAY = "under_way"
"""Where a request's ASGI scope says which client it is counted for."""
REMEMBERED = 10_000
"""Callers of whom an account is kept; the one not seen for longest is forgotten first."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """So many a second in the long run, and so many at once. A rate of 0 allows everything."""

    per_second: float
    burst: float


class Buckets:
    """Token buckets (https://en.wikipedia.org/wiki/Token_bucket), one per key."""

    def __init__(self, allowance: Allowance, clock: Callable[[], float] = time.monotonic) -> None:
        self._allowance = allowance
        self._clock = clock
        self._levels: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def take(self, key: Hashable) -> float:
        """Takes one; where there is none, the seconds until there will be."""
        if not self._allowance.per_second:
            return 0.0
        now, level = self._clock(), self._level(key)
        if level < 1:
            return (1 - level) / self._allowance.per_second
        self._levels[key] = (level - 1, now)
        self._levels.move_to_end(key)
        if len(self._levels) > REMEMBERED:
            self._levels.popitem(last=False)
        return 0.0

    def wait(self, key: Hashable) -> float:
        """The seconds until there is one; nothing is taken."""
        if not self._allowance.per_second:
            return 0.0
        return max(0.0, (1 - self._level(key)) / self._allowance.per_second)

    def _level(self, key: Hashable) -> float:
        level, since = self._levels.get(key, (self._allowance.burst, self._clock()))
        return min(self._allowance.burst, level + (self._clock() - since) * self._allowance.per_second)


class Limits:
    """The limits of a process. `client` is the organisation's key and the client's id, `address` the peer's."""

    def __init__(self, rate: int, at_once: int, failures: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Requests a second and requests at once of one client; wrong credentials a minute from one address."""
        self._requests = Buckets(Allowance(rate, 2 * rate), clock)
        self._failures = Buckets(Allowance(failures / 60, failures), clock)
        self._at_once = at_once
        self._under_way: dict[Hashable, int] = {}

    def begin(self, client: Hashable) -> None:
        """Raises Throttled; else `end` is due."""
        if wait := self._requests.take(client):
            raise Throttled("This client asks more often than is allowed; wait as Retry-After says", after=wait)
        count = self._under_way.get(client, 0)
        if self._at_once and count >= self._at_once:
            text = f"This client has {count} requests under way; wait for some of them to be answered"
            raise Throttled(text, after=0.5)
        self._under_way[client] = count + 1

    def end(self, client: Hashable) -> None:
        left = self._under_way.get(client, 0) - 1
        if left > 0:
            self._under_way[client] = left
        else:
            self._under_way.pop(client, None)

    def check(self, address: str) -> None:
        """Raises Throttled where too many wrong credentials came from there lately."""
        if wait := self._failures.wait(address):
            raise Throttled("Too many wrong credentials came from this address; wait as Retry-After says", after=wait)

    def failed(self, address: str) -> None:
        self._failures.take(address)
