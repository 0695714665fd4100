"""The CapabilityStatements of EMRs that speak FHIR: asked for now and then, and the last good one kept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import structlog

from gateway.faults import EmrNonsense, Fault
from gateway.translation.contract import Account
from gateway.translation.live import LiveRunner
from gateway.translation.passing import Passing

FRESH_S = 3600.0
AGAIN_S = 60.0
"""After a failure."""
LIMIT = 8 * 1024 * 1024
Statement = dict[str, Any]
log = structlog.get_logger()


@dataclass(slots=True)
class Kept:
    """Of one connection, at one address."""

    statement: Statement | None = None
    until: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Statements:
    """Those of a process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[tuple[str, str, str], Kept] = {}

    async def of(self, account: Account, fetch: Callable[[], Awaitable[Statement]]) -> Statement | None:
        """One request at a time asks; None where the EMR has never answered."""
        kept = self._kept.setdefault((account.org, account.name, account.base_url), Kept())
        async with kept.lock:
            if self._clock() >= kept.until:
                try:
                    kept.statement = await fetch()
                    kept.until = self._clock() + FRESH_S
                except Fault as fault:
                    kept.until = self._clock() + AGAIN_S
                    log.warning("no capability statement", connection=account.name, kind=type(fault).__name__)
        return kept.statement


async def fetched(runner: LiveRunner, passing: Passing) -> Statement:
    """As it is now; raises a fault where it cannot be had."""
    answer = await runner.opened(passing.statement(runner.account))
    try:
        reply = await answer.whole(LIMIT)
    finally:
        await answer.close()
    statement = reply.json() if reply.status == 200 else None
    if not isinstance(statement, dict) or statement.get("resourceType") != "CapabilityStatement":
        raise EmrNonsense(f"{passing.title} answered {reply.status} and no CapabilityStatement")
    return statement
