"""Several processes on one database: one token and one pace for all, and a minter that is killed is replaced."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlmodel import select

from gateway.sync.minting import Mint
from tests.gateway.sync.asking import ASKERS, CALLS, RULE, opened
from tests.gateway.sync.conftest import Prepared
from tests.processes import ROOT


@dataclass
class Told:
    """What the processes did, and the database that they did it on."""

    url: str
    lines: list[tuple[str, Any]]

    def of(self, what: str) -> list[Any]:
        return [value for name, value in self.lines if name == what]


@pytest.fixture(scope="module")
def told(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    with prepared.original.copy(tmp_path_factory.mktemp("workers")) as url:
        command = [sys.executable, "-m", "tests.gateway.sync.asking", url]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        yield Told(url, [json.loads(line) for line in done.stdout.splitlines()])


def test_a_minter_that_was_killed_is_replaced_once_by_a_stampede_of_two_processes(told: Told) -> None:
    assert told.of("ended") == [-signal.SIGKILL, 0, 0]
    assert len(told.of("minted")) == 1
    assert told.of("got") == [["the-token"] * ASKERS] * 2


def test_the_killed_ones_request_is_counted(told: Told) -> None:
    async def counted() -> int:
        store = opened(told.url)
        mints = await store.session_read(lambda session: list(session.exec(select(Mint))))
        await store.close()
        return len(mints)

    assert asyncio.run(counted()) == 2


def test_both_keep_one_pace(told: Told) -> None:
    calls = sorted(time for departures in told.of("called") for time in departures)
    assert len(calls) == 2 * CALLS
    level, before = float(RULE.size), calls[0]
    for now in calls:
        level, before = min(RULE.size, level + (now - before) * RULE.per_second) - 1, now
        assert level >= 0
