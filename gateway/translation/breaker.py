"""A circuit breaker for each connection's live road: an EMR that hangs is waited for once, not by everybody.

    closed ── a time-out ─► open ── after a while ─► half-open: one request goes out ── answered ─► closed
                             ▲                                        │
                             └──────────── for twice as long ◄── a time-out

It is told what happened instead of wrapping a call, since a stream can hang long after its call was answered; and it
needs no lock, since nothing of it awaits. Each process has its own: a time-out apiece is what sharing would save.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from gateway.faults import EmrBusy, EmrNonsense, EmrUnreachable, Issue
from gateway.telemetry import EMR_CIRCUITS

FIRST_S = 10.0
LONGEST_S = 120.0
PROBE_S = 60.0
"""A probe that nobody has told anything of for so long is forgotten."""
log = structlog.get_logger()


@dataclass(slots=True)
class Breaker:
    """Of one connection."""

    clock: Callable[[], float] = time.monotonic
    _span: float = 0.0
    """How long it is open; 0 while it is closed."""
    _until: float = 0.0
    _probed: float | None = None
    """Since when one request is trying."""

    @property
    def is_open(self) -> bool:
        return self._span > 0

    def check(self) -> None:
        """Raises EmrBusy where nothing may go out."""
        now = self.clock()
        is_probed = self._probed is not None and now - self._probed < PROBE_S
        if self.is_open and (now < self._until or is_probed):
            text = "The EMR did not answer lately and is left alone for a while; ask again as Retry-After says"
            raise EmrBusy((Issue(text, (), "transient"),), after=max(self._until - now, 1.0))

    def admit(self) -> None:
        """Raises EmrBusy; else `answered`, `hung` or `unclear` is due."""
        self.check()
        if self.is_open:
            self._probed = self.clock()

    def answered(self) -> None:
        self._span, self._probed = 0.0, None

    def hung(self) -> bool:
        """Whether this opened it; those who waited at the same time make it no longer."""
        now = self.clock()
        if self.is_open and self._probed is None and now < self._until:
            return False
        self._span = min(self._span * 2 or FIRST_S, LONGEST_S)
        self._until, self._probed = now + self._span, None
        return True

    def unclear(self) -> None:
        """Given up by the caller: the next one may try."""
        self._probed = None


class Breakers:
    """Those of a process, by connection."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._breakers: dict[Hashable, Breaker] = {}

    def of(self, key: Hashable) -> Breaker:
        return self._breakers.setdefault(key, Breaker(self._clock))

    @contextmanager
    def watching(self, key: Hashable, vendor: str) -> Iterator[Breaker]:
        """Around one call: what is no answer of the EMR, such as a wait for its turn, tells nothing."""
        breaker = self.of(key)
        breaker.admit()
        try:
            yield breaker
        except EmrUnreachable as fault:
            if fault.hung:
                self.hung(key, vendor)
            else:
                breaker.unclear()
            raise
        except EmrNonsense:
            breaker.answered()
            raise
        except BaseException:
            breaker.unclear()
            raise
        breaker.answered()

    def hung(self, key: Hashable, vendor: str) -> None:
        if self.of(key).hung():
            EMR_CIRCUITS.labels(vendor).inc()
            log.warning("emr left alone", connection=key, translator=vendor)
