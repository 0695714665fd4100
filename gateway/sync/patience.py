"""How often, and after how long, something that failed for now is tried again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from gateway.faults import Fault
from gateway.sync.mishaps import as_fault, is_retryable

T = TypeVar("T")
LONGEST_PAUSE_S = 3.0
"""An EMR that asks for more time than this within a step gets it between two workflows."""


@dataclass(frozen=True, slots=True)
class Patience:
    """An EMR that stumbles gets some more attempts at once (`pauses`); one that is down is asked again later."""

    pauses: tuple[float, ...] = (0.5, 1.5)
    """Seconds before each further attempt of one step."""
    delays: tuple[float, ...] = (10, 30, 120, 600, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600)
    """Seconds before each new attempt of a push: a little over a day in all."""

    def delay(self, attempt: int, fault: Fault) -> float | None:
        """Seconds until the attempt that follows this one; None when it was the last, or only a person can help."""
        if not is_retryable(fault) or attempt > len(self.delays):
            return None
        return max(self.delays[attempt - 1], wished(fault))

    async def attempted(self, attempt: Callable[[], Awaitable[T]], *, repeatable: bool = True) -> T:
        """What `attempt` answers, tried again while that is safe and may help; raises as it failed last."""
        for pause in self.pauses if repeatable else ():
            try:
                return await attempt()
            except Exception as error:
                fault = as_fault(error)
                wait = max(pause, wished(fault))
                if not is_retryable(fault) or wait > LONGEST_PAUSE_S:
                    raise
            await asyncio.sleep(wait)
        return await attempt()


def wished(fault: Fault) -> float:
    """The seconds that the EMR asked us to wait."""
    return float(getattr(fault, "after", None) or 0.0)
