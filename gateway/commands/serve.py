"""crosswalk migrate and crosswalk serve."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import Annotated

import typer
from rich.progress import Progress

from gateway import opening, serving
from gateway.commands.answer import refuse, stderr, told, with_services
from gateway.commands.org import renew_definitions
from gateway.faults import Fault
from gateway.settings import Settings
from gateway.telemetry import configure_logging


class ServerName(StrEnum):
    """The ASGI servers that can carry the gateway."""

    HYPERCORN = "hypercorn"
    GRANIAN = "granian"


def migrate() -> None:
    """Bring the database to the current schema."""
    try:
        with Progress(console=stderr, transient=True) as progress:
            task = progress.add_task("Migrating the database", total=None)

            def reindexed(done: int, total: int) -> None:
                progress.update(task, description="Making the search index anew", completed=done, total=total)

            opening.migrate(Settings.from_environment(), reindexed)
            with_services(renew_definitions)
    except Fault as fault:
        refuse(told(fault))


def serve(
    host: Annotated[str, typer.Option()] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8080,
    workers: Annotated[int, typer.Option(min=1, max=64)] = 1,
    server: Annotated[ServerName, typer.Option()] = ServerName.HYPERCORN,
) -> None:
    """Serve until SIGTERM; requests under way are finished."""
    settings = Settings.from_environment()
    configure_logging(settings.log_level)
    try:
        serving.check_exposure(host, settings)
        opening.check_migrated(settings)
        if server is ServerName.GRANIAN:
            _public_at(port)
            serving.serve_granian(host, port, workers)
        else:
            _serve_hypercorn(host, port, workers)
    except Fault as fault:
        refuse(told(fault))


def _serve_hypercorn(host: str, port: int, workers: int) -> None:
    with serving.listen(host, port) as listener:
        port = listener.getsockname()[1]
        _public_at(port)
        stderr.print(f"Serving on http://{host}:{port}", highlight=False)
        if workers == 1:
            serving.serve_one(listener, serving.application())
        else:
            serving.serve_many(listener, workers)


def _public_at(port: int) -> None:
    """Without CROSSWALK_PUBLIC_URL, links lead to this machine."""
    os.environ.setdefault("CROSSWALK_PUBLIC_URL", f"http://127.0.0.1:{port}")
