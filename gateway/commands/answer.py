"""How commands speak: one JSON object on stdout, people's words on stderr, refusals as one line and exit status 1."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NoReturn, TypeVar

import anyio
import msgspec
import typer
from rich.console import Console
from typer.main import get_current_context  # type: ignore[attr-defined]  # its own, not that of the package click

from gateway.audit.commands import Command, command_audited
from gateway.auth.authority import Realm
from gateway.faults import Fault
from gateway.opening import open_services
from gateway.services import Services
from gateway.settings import Settings
from gateway.telemetry import configure_logging

T = TypeVar("T")
stderr = Console(stderr=True)


def print_json(answer: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
    sys.stdout.flush()


def refuse(reason: str) -> NoReturn:
    stderr.print(reason.replace("\n", " "), markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(1)


def told(fault: Fault) -> str:
    return "; ".join(issue.diagnostics for issue in fault.issues)


def with_services(work: Callable[[Services], Awaitable[T]]) -> T:
    """Run `work` over the database of the environment; a fault becomes a refusal."""
    settings = Settings.from_environment()
    configure_logging(settings.log_level if settings.log_level != "INFO" else "WARNING")

    async def inside() -> T:
        async with open_services(settings) as services:
            with command_audited(services.audit, current_command()):
                return await work(services)

    try:
        return asyncio.run(inside())
    except Fault as fault:
        refuse(told(fault))


def current_command() -> Command | None:
    """What the operator typed, without its options' values."""
    context = get_current_context(silent=True)
    return Command(context.command_path, context.params.get("org")) if context is not None else None


async def realm_of(services: Services, org: str) -> Realm:
    return await anyio.to_thread.run_sync(services.auth.realm, org)


def pairs(options: Iterable[str], name: str) -> dict[str, str]:
    """`KEY=VALUE` options as a dict."""
    read: dict[str, str] = {}
    for option in options:
        key, sign, value = option.partition("=")
        if not sign or not key:
            raise typer.BadParameter("write KEY=VALUE", param_hint=name)
        read[key] = value
    return read


Json = dict[str, Any]
