"""crosswalk import: transaction Bundles and NDJSON files into an organisation, without a server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
    done = failed = 0
    try:
        for bundle in _bundles(file):
            entries = len(bundle.get("entry", ()))
            if await _import_bundle(exchange, bundle, file.name, complain):
                done += entries
            else:
                failed += max(entries, 1)
    except Fault as fault:
        failed += 1
        _tell(fault, file.name, complain)
    return done, failed


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


def _bundles(file: Path) -> Iterator[dict[str, Any]]:
    if file.suffix == ".ndjson":
        lines = [line for line in file.read_bytes().splitlines() if line.strip()]
        for start in range(0, len(lines), LINES):
            yield transaction_of([parse_resource(line) for line in lines[start : start + LINES]])
        return
    resource = parse_resource(file.read_bytes())
    yield resource if resource["resourceType"] == "Bundle" else transaction_of([resource])
