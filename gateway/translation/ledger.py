"""Where it is written down what an EMR was asked for already, and until when it takes nothing.

A ledger knows the EMR by a digest of whose limit it is. The one of this process's memory serves tests and tools; the
gateway's own is in the database (gateway/sync/pacing.py), for all workers and nodes.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol, Self

import msgspec

from gateway.translation.contract import Account, Translator
from gateway.translation.limits import Grant, Rate, State, chosen

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
"""Of an EMR that says that it is asked too often, and not when it may be asked again: doubled each time."""
FORGIVEN_S = 60.0
"""After so long without a refusal the pauses start short again."""


@dataclass(frozen=True, slots=True)
class Spot:
    """What calls go to: whose limit it is, by which rule, and what to call it."""

    key: str
    rule: Rate | None
    translator: str
    title: str
    concurrency: int
    account: tuple[str, str]

    @classmethod
    def of(cls, translator: Translator, account: Account) -> Self:
        whose = whose_limit(account, translator.rate)
        key = digest([translator.name, *whose])
        named = (account.org, account.name)
        return cls(key, translator.rate, translator.name, translator.title, translator.concurrency, named)


def whose_limit(account: Account, rule: Rate | None) -> list[object]:
    """The limit of a base URL is one for all connections, of whatever organisation; else each has its own."""
    if rule is None:
        return [account.org, account.name, account.base_url]
    return [account.base_url.casefold(), chosen(rule.shared_by, account.settings, account.secrets)]


def digest(told: list[object]) -> str:
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()


@dataclass(frozen=True, slots=True)
class Page:
    """One EMR's page of the ledger. Instants are seconds since 1970."""

    state: State = field(default_factory=dict)
    closed: float = 0.0
    """Until when no call may go out."""
    refusals: int = 0
    """In a row, each told after the pause of the one before."""

    def granted(self, rule: Rate, now: float, wanted: int, *, hurried: bool) -> tuple[Page, Grant]:
        if now < self.closed:
            return self, Grant(self.state, 0, wait=self.closed - now)
        grant = rule.grant(self.state, now, wanted, 0 if hurried else rule.reserve)
        return replace(self, state=grant.state), grant

    def shut(self, now: float, pause: float | None) -> Page:
        """Answers that were under way together are one refusal."""
        if now < self.closed:
            return replace(self, closed=max(self.closed, now + (pause or 0.0)))
        refusals = 1 if now - self.closed > FORGIVEN_S else self.refusals + 1
        own = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (min(refusals, 10) - 1))
        return replace(self, refusals=refusals, closed=now + max(own, pause or 0.0))


class Ledger(Protocol):
    """The pages of all EMRs, kept so that each change of one is whole."""

    async def grant(self, spot: Spot, rule: Rate, wanted: int, *, hurried: bool) -> Grant:
        """Permits; `hurried` callers may take those of the reserve too."""

    async def shut(self, spot: Spot, pause: float | None) -> float:
        """The EMR refused a call as one too many, and asked for this pause. Answers until when it is closed."""

    async def closed(self, spot: Spot) -> float:
        """Until when no call may go out."""


class MemoryLedger:
    """In this process's memory."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._pages: dict[str, Page] = {}
        self._lock = threading.Lock()

    async def grant(self, spot: Spot, rule: Rate, wanted: int, *, hurried: bool) -> Grant:
        with self._lock:
            page = self._pages.get(spot.key, Page())
            self._pages[spot.key], grant = page.granted(rule, self._clock(), wanted, hurried=hurried)
            return grant

    async def shut(self, spot: Spot, pause: float | None) -> float:
        with self._lock:
            page = self._pages[spot.key] = self._pages.get(spot.key, Page()).shut(self._clock(), pause)
            return page.closed

    async def closed(self, spot: Spot) -> float:
        return self._pages.get(spot.key, Page()).closed
