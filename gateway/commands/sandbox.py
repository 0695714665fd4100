"""crosswalk sandbox: a stand-in for an EMR, on loopback."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from gateway.commands.answer import pairs, refuse, stderr, told
from gateway.commands.own_gateway import own_gateway
from gateway.faults import Fault
from gateway.serving import listen, serve_until_signalled
from gateway.telemetry import configure_logging
from gateway.translation.registry import load_sandboxes
from gateway.translation.sandbox import SandboxSetup


def sandbox(
    name: str,
    port: Annotated[int, typer.Option(min=0, max=65535)],
    state: Annotated[Path | None, typer.Option(help="Where it keeps its patients.")] = None,
    fault: Annotated[list[str] | None, typer.Option(help="Switch a fault on; repeat as needed.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Credentials, addresses.")
    ] = None,
) -> None:
    """Run a stand-in that behaves as the vendor's documentation says."""
    configure_logging("WARNING")
    sandboxes = load_sandboxes()
    if name not in sandboxes:
        refuse(f"There is no sandbox {name}; there are {', '.join(sorted(sandboxes))}")
    options = pairs(set_ or (), "--set")
    setup = SandboxSetup(state_file=state, faults=fault or (), options=options, gateway=own_gateway)
    try:
        app = sandboxes[name](setup).app()
        with listen("127.0.0.1", port) as listener:
            stderr.print(f"Sandbox {name} on http://127.0.0.1:{listener.getsockname()[1]}", highlight=False)
            asyncio.run(serve_until_signalled(listener, app))
    except Fault as fault_:
        refuse(told(fault_))
    except ValueError as error:
        refuse(str(error))
