"""A pull started from the command line, with a bar on stderr that shows how far it is."""

from __future__ import annotations

import asyncio
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from gateway.commands.answer import stderr
from gateway.services import Services
from gateway.sync.workflows import Order

LOOK_S = 0.3


async def pull_with_progress(services: Services, order: Order) -> dict[str, Any]:
    """The counts, and `error` when the EMR failed underway."""
    await services.sync.runners.runner(order.realm, order.connection)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    async with services.sync.working(()):
        pulling = asyncio.create_task(services.sync.workflows.pull_now(order))
        with Progress(*columns, console=stderr, transient=False) as progress:
            bar = progress.add_task(f"Pulling {order.connection}", total=None)
            while not pulling.done():
                await asyncio.wait({pulling}, timeout=LOOK_S)
                seen, total = await _seen(services, order)
                progress.update(bar, completed=seen, total=None if total is None else max(seen, total))
    return dict(pulling.result())


async def _seen(services: Services, order: Order) -> tuple[int, int | None]:
    connections = services.sync.connections
    row = await services.store.session_read(lambda s: connections.get(s, order.realm, order.connection))
    return row.charts_seen, row.charts_total
