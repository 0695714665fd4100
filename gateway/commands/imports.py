"""crosswalk import: transaction Bundles and NDJSON files into an organisation, without a server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import track

from gateway.bulk.acting import acting
from gateway.bulk.lines import LINES, transaction_of
from gateway.commands.answer import Json, print_json, realm_of, refuse, stderr, with_services
from gateway.faults import Fault, Invalid
from gateway.interactions.bundle import perform_transaction
from gateway.interactions.exchange import Exchange
from gateway.negotiation import parse_resource
from gateway.services import Services

Report = Callable[[str], None]
Line = tuple[int, bytes]
"""Numbered from 1."""


def imports(
    org: Annotated[str, typer.Option()],
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="*.json Bundles, *.ndjson, or folders")],
) -> None:
    """Import files; each Bundle is one transaction."""
    files = list(_files(paths))

    async def work(services: Services) -> Json:
        exchange = await offline_exchange(services, org)
        total: Json = {"resources": 0, "failed": 0}
        for file in track(files, "Importing", console=stderr):
            done, failed = await import_file(exchange, file, _complain)
            total["resources"] += done
            total["failed"] += failed
        return total

    total = with_services(work)
    print_json(total)
    if total["failed"]:
        refuse(f"{total['failed']} resources were not imported")


def _complain(line: str) -> None:
    stderr.print(line, markup=False, highlight=False, soft_wrap=True)


async def offline_exchange(services: Services, org: str) -> Exchange:
    """The operator's own hand: every scope, no request."""
    realm = await realm_of(services, org)
    return acting(services, realm, "command line")


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(file for file in path.iterdir() if file.suffix in (".json", ".ndjson"))
        elif path.exists():
            yield path
        else:
            refuse(f"There is no file {path}")


async def import_file(exchange: Exchange, file: Path, complain: Report) -> tuple[int, int]:
    """(imported, failed) resources of one file; where it is not what it should be, what came before stays."""
    if file.suffix == ".ndjson":
        return await _import_lines(exchange, file, complain)
    try:
        bundle = _bundle(file)
    except Fault as fault:
        _tell(fault, file.name, complain)
        return 0, 1
    entries = len(bundle.get("entry", ()))
    imported = await _import_bundle(exchange, bundle, file.name, complain)
    return (entries, 0) if imported else (0, max(entries, 1))


def _bundle(file: Path) -> dict[str, Any]:
    resource = parse_resource(file.read_bytes())
    return resource if resource["resourceType"] == "Bundle" else transaction_of([resource])


async def _import_lines(exchange: Exchange, file: Path, complain: Report) -> tuple[int, int]:
    """Many lines are one transaction; where one of them is refused, each is one of its own."""
    done = failed = 0
    for lines in _chunks(file):
        if len(lines) > 1 and await _import_chunk(exchange, lines, file.name, _nothing):
            done += len(lines)
            continue
        for line in lines:
            imported = await _import_chunk(exchange, [line], f"{file.name}:{line[0]}", complain)
            done += imported
            failed += not imported
    return done, failed


async def _import_chunk(exchange: Exchange, lines: Sequence[Line], name: str, complain: Report) -> bool:
    try:
        bundle = transaction_of([parse_resource(line) for _, line in lines])
    except Fault as fault:
        _tell(fault, name, complain)
        return False
    return await _import_bundle(exchange, bundle, name, complain)


def _chunks(file: Path) -> Iterator[list[Line]]:
    with file.open("rb") as opened:
        numbered = ((number, line) for number, line in enumerate(opened, 1) if line.strip())
        while lines := list(islice(numbered, LINES)):
            yield lines


def _nothing(complaint: str) -> None:
    """The lines tell, one by one, what is wrong with the whole of them."""


async def _import_bundle(exchange: Exchange, bundle: dict[str, Any], name: str, complain: Report) -> bool:
    try:
        check_type(bundle)
        await perform_transaction(exchange, bundle)
    except Fault as fault:
        _tell(fault, name, complain)
        return False
    return True


def _tell(fault: Fault, name: str, complain: Report) -> None:
    for issue in fault.issues[:10]:
        complain(f"{name}: {', '.join(issue.expression)}: {issue.diagnostics}")


def check_type(bundle: dict[str, Any]) -> None:
    if bundle.get("type") != "transaction":
        raise Invalid("A file holds a transaction Bundle, resources a line each, or one resource", "Bundle.type")
