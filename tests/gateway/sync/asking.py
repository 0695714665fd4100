"""Processes of their own that ask for tokens and permits, as workers do; forked from one that has imported it all.

    python -m tests.gateway.sync.asking URL

The first is killed while it asks for a token. Then two ask at the same time, each for the token a hundred times and
for permits. What they did is told on the output, a line of JSON each time.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any, cast

from gateway.auth.secrets import SecretBox
from gateway.store.dialect import dialect_of, open_engine
from gateway.store.open import system_clock
from gateway.store.store import SqlStore
from gateway.sync.pacing import StoredLedger
from gateway.sync.tokens import StoredTokens
from gateway.translation.contract import Token
from gateway.translation.ledger import Spot
from gateway.translation.limits import Bucket
from gateway.translation.rate import Pace
from gateway.translation.tokens import TokenKey

ASKERS, CALLS = 100, 20
FLIGHT_S = 1.0
BOX = SecretBox(["a secret for tests only"])
KEY = TokenKey("north", "read", "origin", "application", ((2, 3600.0), (3, 86400.0)))
RULE = Bucket(40, 20.0)
SPOT = Spot("asking", RULE, "acme", "Acme", 50, ("north", "emr"))
Work = Callable[[SqlStore, StoredTokens], Coroutine[Any, Any, None]]


def tell(what: str, value: Any = None) -> None:
    """In one piece: both write to the same pipe."""
    os.write(sys.stdout.fileno(), json.dumps([what, value]).encode() + b"\n")


def opened(url: str) -> SqlStore:
    """For configuration only: without definitions it knows no resources."""
    return SqlStore(dialect_of(url).open_database(url, open_engine(url)), cast("Any", None), system_clock)


async def mint() -> Token:
    tell("minted")
    await asyncio.sleep(0.2)
    return Token("the-token", 300)


async def hang() -> Token:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


async def die(store: SqlStore, tokens: StoredTokens) -> None:
    await tokens.get(KEY, hang)


async def crowd(store: SqlStore, tokens: StoredTokens) -> None:
    held = await asyncio.gather(*(tokens.get(KEY, mint) for _ in range(ASKERS)))
    tell("got", [each.value for each in held])
    pace, departures = Pace(StoredLedger(store, time.time)), list[float]()
    for _ in range(CALLS):
        async with pace.admitted(SPOT):
            departures.append(time.time())
    tell("called", departures)


async def worker(url: str, work: Work) -> None:
    store = opened(url)
    await work(store, StoredTokens(store, BOX, time.time, FLIGHT_S))
    await store.close()


def forked(url: str, work: Work) -> int:
    if process := os.fork():
        return process
    try:
        asyncio.run(worker(url, work))
        os._exit(0)
    finally:
        os._exit(1)


def main(url: str) -> None:
    for crew in ([die], [crowd, crowd]):
        for process in [forked(url, work) for work in crew]:
            tell("ended", os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))


if __name__ == "__main__":
    main(sys.argv[1])
