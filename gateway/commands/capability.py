"""crosswalk capability: keeps capability-statement.json equal to what /metadata serves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.auth.authority import Realm
from gateway.commands.answer import print_json, refuse
from gateway.definitions import load
from gateway.interactions.capabilities import capability_statement

FILE = Path("capability-statement.json")
EXAMPLE = Realm(0, "demo", "http://127.0.0.1:8080")
APART = ("date", "implementation")
"""What differs from server to server."""


def capability(
    check: Annotated[bool, typer.Option("--check", help="Compare with the file.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Write the file.")] = False,
) -> None:
    """Compare with, or write, capability-statement.json."""
    if check == write:
        raise typer.BadParameter("give one of --check and --write")
    statement = capability_statement(load(), EXAMPLE)
    if write:
        FILE.write_text(json.dumps(statement, indent=2) + "\n", "utf-8")
        print_json({"written": str(FILE)})
    elif not FILE.exists() or _comparable(json.loads(FILE.read_text("utf-8"))) != _comparable(statement):
        refuse(f"{FILE} is not what the server serves; run `crosswalk capability --write`")
    else:
        print_json({"current": True})


def _comparable(statement: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in statement.items() if name not in APART}
