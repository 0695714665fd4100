"""Pulls, pushes and tests from the command line, with a bar on stderr that shows how far they are."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from gateway.commands.answer import realm_of, stderr
from gateway.faults import Misconfigured
from gateway.services import Services
from gateway.sync.executors import BEAT_S, DEAD_AFTER_S
from gateway.sync.workflows import Order

LOOK_S = 0.3
T = TypeVar("T")


async def done_with_progress(services: Services, name: str, order: Order) -> dict[str, Any]:
    """What the workflow `name` (pull, push or test) answers. A server that runs does it; without one, this process."""
    workflows, what, counting = services.sync.workflows, f"{name.capitalize()} {order.connection}", name == "pull"
    await services.sync.runners.runner(await realm_of(services, order.slug), order.connection)
    if await services.sync.is_served():
        return await _watched(services, what, order, _asked(services, name, order), counting)
    async with services.sync.working(()):
        return await _watched(services, what, order, workflows.now(name, order), counting)


async def _asked(services: Services, name: str, order: Order) -> dict[str, Any]:
    """What a server that runs answers; raises Misconfigured when it has stopped meanwhile."""
    asking = asyncio.create_task(services.sync.workflows.ask(name, order))
    seen = time.monotonic()
    try:
        while not asking.done():
            await asyncio.wait({asking}, timeout=BEAT_S)
            if await services.sync.is_served():
                seen = time.monotonic()
            elif time.monotonic() - seen > DEAD_AFTER_S and not asking.done():
                raise Misconfigured("the server that was to do it has stopped; it is done once a server runs again")
        return asking.result()
    finally:
        asking.cancel()


async def _watched(services: Services, what: str, order: Order, work: Coroutine[Any, Any, T], counting: bool) -> T:
    task = asyncio.create_task(work)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=stderr) as progress:
        bar = progress.add_task(what, total=None)
        while not task.done():
            await asyncio.wait({task}, timeout=LOOK_S)
            seen, total = await _seen(services, order) if counting else (0, None)
            progress.update(bar, completed=seen, total=None if total is None else max(seen, total))
    return task.result()


async def _seen(services: Services, order: Order) -> tuple[int, int | None]:
    """How many charts the pull that is under way has seen; nothing where none is."""
    realm, connections = await realm_of(services, order.slug), services.sync.connections
    row = await services.store.session_read(lambda s: connections.get(s, realm, order.connection))
    return row.charts_seen, row.charts_total
