"""What an EMR allows: how fast it may be called, and how many access tokens it issues. Declared by translators.

A rule is arithmetic on a small state and the time, no more; where the state is kept, and how many processes share it,
is the ledger's business. Permits are handed out a few at a time and serve for `LIFE` seconds at most, so that what
is used within any span was granted in that span or just before it. Each rule leaves so much room that the
difference is never seen by the EMR: that, and not the hope that clocks agree, is why no limit is exceeded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import floor
from typing import TypeAlias

State: TypeAlias = dict[str, float]
"""Plain JSON."""
LIFE = 0.5
"""Seconds that a permit serves."""
JITTER = 0.5
"""Seconds by which the way to the EMR may differ from call to call."""
MINUTE = 60.0
ALMOST = 1e-6


@dataclass(frozen=True, slots=True)
class Grant:
    """Some permits, or how long to wait before there may be one."""

    state: State
    permits: int
    until: float = 0.0
    """When they end."""
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket of so many permits that refills by so many a second. It has to hold at least two."""

    size: int
    per_second: float
    shared_by: tuple[str, ...] = ()
    """Settings and secrets that, with the base URL, say whose limit it is."""

    @property
    def is_positive(self) -> bool:
        return self.size > 1 and self.per_second > 0

    @property
    def slack(self) -> float:
        """Seconds of refill that stay in the bucket: what is used late, and what the way there bunches up."""
        return min(LIFE + JITTER, self.size / 2 / self.per_second)

    @property
    def room(self) -> float:
        return self.size - self.slack * self.per_second

    @property
    def chunk(self) -> int:
        return max(1, min(10, floor(self.room / 4)))

    @property
    def reserve(self) -> int:
        """Permits that only people who wait may take."""
        return min(10, floor(self.room / 4))

    def grant(self, state: State, now: float, wanted: int, keep: int) -> Grant:
        filled = state.get("filled", now)
        level = min(self.room, state.get("level", self.room) + max(0.0, now - filled) * self.per_second)
        permits = max(0, min(wanted, floor(level - keep + ALMOST)))
        after = {"level": level - permits, "filled": max(now, filled)}
        if permits:
            return Grant(after, permits, now + self.slack * LIFE / (LIFE + JITTER))
        # Until all that are wanted are there: one at a time, a busy process would ask for each call.
        return Grant(after, 0, wait=max(0.0, filled - now) + (keep + min(wanted, self.chunk) - level) / self.per_second)

    def __str__(self) -> str:
        return f"{self.per_second:g} calls a second"


@dataclass(frozen=True, slots=True)
class Minute:
    """So many calls in each minute of the wall clock.

    Within `guard` seconds of the turn of a minute a call counts in both, since the EMR's clock may be ahead or behind.
    """

    calls: int
    guard: float = 2.0
    shared_by: tuple[str, ...] = ()

    @property
    def is_positive(self) -> bool:
        return self.calls > 0

    @property
    def chunk(self) -> int:
        return max(1, min(10, self.calls // 25))

    @property
    def reserve(self) -> int:
        return self.calls // 10

    def grant(self, state: State, now: float, wanted: int, keep: int) -> Grant:
        first, last = floor((now - self.guard) / MINUTE), floor((now + self.guard) / MINUTE)
        used = {int(minute): count for minute, count in state.items() if int(minute) >= first - 1}
        free = self.calls - max(used.get(minute, 0) for minute in (first, last)) - keep
        permits = max(0, min(wanted, floor(free)))
        for minute in {first, last}:
            used[minute] = used.get(minute, 0) + permits
        ends = (last + 1) * MINUTE - self.guard if first == last else last * MINUTE + self.guard
        after = {str(minute): count for minute, count in used.items() if count}
        if permits:
            return Grant(after, permits, ends)
        begins = (first + 1) * MINUTE + self.guard  # of the first time that counts in none of these minutes' first
        return Grant(after, 0, wait=begins - now)

    def __str__(self) -> str:
        return f"{self.calls} calls a minute"


@dataclass(frozen=True, slots=True)
class Window:
    """So many calls within any span of so many seconds, wherever it begins."""

    calls: int
    seconds: float
    shared_by: tuple[str, ...] = ()

    @property
    def is_positive(self) -> bool:
        return self.calls > 0 and self.seconds > 0

    @property
    def life(self) -> float:
        return min(LIFE, self.seconds / 4)

    @property
    def chunk(self) -> int:
        return max(1, min(10, self.calls // 25))

    @property
    def reserve(self) -> int:
        return self.calls // 10

    def grant(self, state: State, now: float, wanted: int, keep: int) -> Grant:
        span = self.seconds + self.life
        granted = sorted((float(time), count) for time, count in state.items() if float(time) > now - span)
        free = self.calls - keep - sum(count for _, count in granted)
        permits = max(0, min(wanted, floor(free)))
        after = {repr(time): count for time, count in granted}
        if permits:
            time = max(now, granted[-1][0]) if granted else now
            after[repr(time)] = after.get(repr(time), 0) + permits
            return Grant(after, permits, now + self.life)
        for time, count in granted:
            free += count
            if free >= 1:
                return Grant(after, 0, wait=time + span - now + ALMOST)
        return Grant(after, 0, wait=span)

    def __str__(self) -> str:
        return f"{self.calls} calls in {self.seconds:g} seconds"


Rate: TypeAlias = Bucket | Minute | Window


@dataclass(frozen=True, slots=True)
class Minting:
    """How an EMR issues access tokens."""

    depends: tuple[str, ...]
    """The settings and secrets that a token is asked for with: others may change, and the token stays good."""
    quota: tuple[tuple[int, float], ...] = ()
    """At most so many in so many seconds."""
    application: tuple[str, ...] = field(default=())
    """Which of them, with the base URL, name the application that the quota is for."""


def chosen(names: tuple[str, ...], *told: Mapping[str, str]) -> list[list[str]]:
    """The settings and secrets of these names, in their order."""
    return [[name, next((each[name] for each in told if name in each), "")] for name in names]
