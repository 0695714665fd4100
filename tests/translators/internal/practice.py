"""A gateway of its own for the sandbox in tests: over a copy of a database that is made and stocked once a process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory

from gateway.commands.own_gateway import DATABASE, opened, own_gateway
from gateway.translation.sandbox import Own, Sandbox, SandboxSetup
from translators.internal.sandbox import create


@cache
def _folder() -> TemporaryDirectory[str]:
    """Goes with the process."""
    return TemporaryDirectory(prefix="practice-", ignore_cleanup_errors=True)


async def stocked() -> Path:
    """The folder with a new practice, closed."""
    state = Path(_folder().name) / "state.json"
    made = state.with_suffix("")
    if not (made / DATABASE).exists():
        sandbox = create(SandboxSetup(state_file=state, gateway=own_gateway))
        assert sandbox.opened is not None
        async with sandbox.opened():
            pass
    return made


@asynccontextmanager
async def copied(folder: Path, org: str) -> AsyncIterator[Own]:
    """An OwnGateway."""
    template = await stocked()
    if not (folder / DATABASE).exists():
        await asyncio.to_thread(copytree, template, folder, dirs_exist_ok=True)
    async with opened(folder, org) as own:
        yield own


@asynccontextmanager
async def practice() -> AsyncIterator[Sandbox]:
    """One that nobody else uses."""
    sandbox = create(SandboxSetup(gateway=copied))
    assert sandbox.opened is not None
    async with sandbox.opened():
        yield sandbox
